//! `#[monitor]`: a request around every call of a function.

use crate::args::{Args, Text};
use crate::emit::{self, Target};
use crate::flatten::flatten;
use crate::function::Function;
use crate::krate::Krate;
use crate::problems::Problems;
use crate::returns;
use crate::server::Server;
use crate::spans::Spans;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Expr;
use syn::ext::IdentExt as _;

pub(crate) fn monitor(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let spans = Spans::new(&arguments);
    let mut problems = Problems::default();
    let args = Args::parse(arguments, &mut problems);
    let function = Function::parse("monitor", item.clone(), &mut problems);
    if let Some(function) = &function {
        check(&args, function, &mut problems);
    }
    if let Some(complaints) = problems.complaints() {
        // The item stays, so that its callers compile and an editor goes on completing in it.
        return quote!(#item #complaints);
    }
    let Some(function) = function else { return item };
    let function = expand(args, function, spans);
    quote!(#function)
}

fn check(args: &Args, function: &Function, problems: &mut Problems) {
    if let Some(asyncness) = &function.sig.asyncness {
        let why = "`#[monitor]` cannot measure an `async fn` yet; put it on the `fn` that runs \
                   this one to its end";
        problems.add(asyncness, why);
    }
    let looks = [("status", &args.status), ("document_size", &args.document_size)];
    for (name, look) in looks {
        let Some((at, _)) = look else { continue };
        if function.returns_never() {
            let why = format_args!(
                "this function never returns, so `{name}` has nothing to look at; leave it out"
            );
            problems.add_at(*at, why);
        } else if function.has_attribute("track_caller") {
            let why = format_args!(
                "`{name}` wraps the body in a closure, and a `#[track_caller]` function would \
                 then lose its caller; write `pynba::current().set_{name}(…)` in the body"
            );
            problems.add_at(*at, why);
        }
    }
}

fn expand(args: Args, mut function: Function, spans: Spans) -> Function {
    let looks = args.status.is_some() || args.document_size.is_some();
    // `()` and `!` tell no status, nor does `impl Trait`, which only in its place tells a returned
    // closure its signature. And a closure of ours would become the caller that
    // `#[track_caller]` sees, and change what a panic prints.
    let whole = looks
        || !(function.returns_nothing()
            || function.returns_never()
            || function.returns_opaque()
            || function.has_attribute("track_caller"));
    let Args { krate, server, texts, tags, status, document_size, rusage, enabled, .. } = args;
    let enter = enter(&krate, &function, &server, rusage.as_ref(), enabled.as_ref(), spans);
    let tags = tags.map(|tags| emit::tags(&krate, flatten(tags), Target::Request, spans));
    let options = options(texts, tags.as_ref(), spans);
    let body = &function.body;
    function.body = if whole {
        let output = returns::for_closure(&function.sig.output);
        let looked = looked(&krate, status, document_size, spans);
        quote_spanned! {spans.ours=>
            let guard = #enter;
            #options
            let returned = #krate::call(move || #output { #body });
            #looked
            returned
        }
    } else {
        let guard = Ident::new(if options.is_empty() { "_guard" } else { "guard" }, spans.ours);
        // These braces keep the body from following a statement, on which clippy has views.
        quote_spanned! {spans.ours=>
            let #guard = #enter;
            #options
            { #body }
        }
    };
    function
}

/// Opens the request.
fn enter(
    krate: &Krate,
    function: &Function,
    server: &Server,
    rusage: Option<&Ident>,
    enabled: Option<&Expr>,
    spans: Spans,
) -> TokenStream {
    let name = Literal::string(&function.sig.ident.unraw().to_string());
    let servers = match server {
        Server::Literals(servers) => quote_spanned!(spans.ours=> .servers(&[#(#servers),*])),
        Server::Default | Server::Reporter(_) => TokenStream::new(),
    };
    let rusage =
        rusage.map(|variant| quote_spanned!(spans.ours=> .rusage(#krate::Rusage::#variant)));
    let place = quote_spanned! {spans.ours=>
        static SITE: #krate::Site = #krate::Site::new(
            ::core::concat!(::core::module_path!(), "::", #name)
        ) #servers #rusage;
    };
    let mut enter = match server {
        Server::Default | Server::Literals(_) => {
            quote_spanned!(spans.ours=> { #place SITE.enter() })
        }
        Server::Reporter(expr) => reporter(krate, &place, expr, spans),
    };
    if let Some(expr) = enabled {
        let bool = quote_spanned!(spans.at(expr)=> ::core::primitive::bool);
        enter = quote_spanned! {spans.ours=> {
            let enabled: #bool = #expr;
            if enabled #enter else { #krate::silent() }
        }};
    }
    if enabled.is_some() || matches!(server, Server::Reporter(_)) {
        // A build that records nothing evaluates nothing.
        enter = quote_spanned!(spans.ours=> if #krate::ENABLED #enter else { #krate::silent() });
    }
    enter
}

/// The head of the `match` is out of reach of `SITE` and keeps temporaries, such as the guard of
/// a lock, until the request is open. The type is asked for where the user's expression stands.
fn reporter(krate: &Krate, place: &TokenStream, expr: &Expr, spans: Spans) -> TokenStream {
    let values = emit::values(spans);
    let borrowed = emit::borrowed(expr, spans);
    let value = emit::field(&values, 0, expr);
    let ty = quote_spanned!(spans.at(expr)=> &#krate::Reporter);
    quote_spanned! {spans.ours=> {
        match (#borrowed,) {
            #values => {
                #place
                let reporter: #ty = #value;
                SITE.enter_with(reporter)
            }
        }
    }}
}

/// What is set before the body runs, and may use the arguments, which the body moves.
fn options(texts: Vec<(Text, Expr)>, tags: Option<&TokenStream>, spans: Spans) -> TokenStream {
    if texts.is_empty() && tags.is_none() {
        return TokenStream::new();
    }
    let texts = texts.into_iter().map(|(text, expr)| {
        let setter = Ident::new(text.setter(), spans.at(&expr));
        let on = (text != Text::Prefix).then(|| quote_spanned!(spans.ours=> .current()));
        quote_spanned!(spans.ours=> guard #on.#setter(#expr);)
    });
    quote_spanned! {spans.ours=>
        if guard.is_recording() {
            #(#texts)*
            #tags
        }
    }
}

/// What the returned value says.
fn looked(
    krate: &Krate,
    status: Option<(Span, Expr)>,
    document_size: Option<(Span, Expr)>,
    spans: Spans,
) -> TokenStream {
    let default = status
        .is_none()
        .then(|| quote_spanned!(spans.ours=> guard.returned(#krate::status_of!(returned));));
    // The type is named for a closure that gives another one: the error is then inside of it.
    let set = |setter: &str, ty: &str, look: Expr| {
        let (setter, ty) = (Ident::new(setter, spans.ours), Ident::new(ty, spans.ours));
        let ty = quote_spanned!(spans.ours=> ::core::primitive::#ty);
        quote_spanned! {spans.ours=>
            guard.current().#setter(#krate::look::<_, #ty>(&returned, #look));
        }
    };
    let status = status.map(|(_, look)| set("set_status", "u32", look));
    let size = document_size.map(|(_, look)| set("set_document_size", "u64", look));
    let asked = (status.is_some() || size.is_some())
        .then(|| quote_spanned!(spans.ours=> if guard.is_recording() { #status #size }));
    quote_spanned!(spans.ours=> #default #asked)
}
