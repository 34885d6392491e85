//! `#[monitor]`: a request around every call of a function, or around the future that it gives.

use crate::args::{Args, Text};
use crate::async_block::AsyncBlock;
use crate::awaits;
use crate::detached;
use crate::emit::{self, Target};
use crate::flatten::{Flat, flatten};
use crate::function::Function;
use crate::future::Future;
use crate::krate::Krate;
use crate::options::{self, Looks};
use crate::problems::Problems;
use crate::returns;
use crate::site::{Open, Site};
use crate::spans::Spans;
use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::Expr;

pub(crate) fn monitor(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let spans = Spans::new(&arguments);
    let mut problems = Problems::default();
    let args = Args::parse(arguments, &mut problems);
    let function = Function::parse("monitor", item.clone(), &mut problems);
    let parts = Parts::new(args);
    if let Some(function) = &function {
        check(&parts, function, &mut problems);
    }
    if let Some(complaints) = problems.complaints() {
        // The item stays, so that its callers compile and an editor goes on completing in it.
        return quote!(#item #complaints);
    }
    let Some(mut function) = function else { return item };
    function.body = match function.future() {
        None => on_thread(parts, &function, spans),
        Some(Future::Async) => detached::in_async_fn(parts, &function, spans),
        Some(future) => detached::around_future(parts, &function, future, spans),
    };
    quote!(#function)
}

/// The arguments, by what they become.
pub(crate) struct Parts {
    pub(crate) krate: Krate,
    pub(crate) site: Site,
    texts: Vec<(Text, Expr)>,
    tags: Option<Flat>,
    pub(crate) looks: Looks,
}

impl Parts {
    fn new(args: Args) -> Self {
        let Args { krate, server, texts, tags, status, document_size, rusage, enabled, .. } = args;
        let site = Site { server, rusage, enabled };
        let looks = Looks { status, document_size };
        Self { krate, site, texts, tags: tags.map(flatten), looks }
    }

    /// What `guard` is told before the body runs; empty when there is nothing to tell.
    pub(crate) fn told(&mut self, spans: Spans) -> TokenStream {
        let tags = self.tags.take();
        let tags = tags.map(|tags| emit::tags(&self.krate, tags, Target::Request, spans));
        options::told(std::mem::take(&mut self.texts), tags.as_ref(), spans)
    }
}

fn check(parts: &Parts, function: &Function, problems: &mut Problems) {
    if let Some(future) = function.future() {
        check_future(parts, function, future, problems);
    }
    let Looks { status, document_size } = &parts.looks;
    for (name, look) in [("status", status), ("document_size", document_size)] {
        let Some((at, _)) = look else { continue };
        if function.returns_never() {
            let why = format_args!(
                "this function never returns, so `{name}` has nothing to look at; leave it out"
            );
            problems.add_at(*at, why);
        } else if function.future().is_none() && function.attribute("track_caller").is_some() {
            let why = format_args!(
                "`{name}` wraps the body in a closure, and a `#[track_caller]` function would \
                 then lose its caller; write `pynba::current().set_{name}(…)` in the body"
            );
            problems.add_at(*at, why);
        }
    }
}

fn check_future(parts: &Parts, function: &Function, future: Future<'_>, problems: &mut Problems) {
    if let Some(track_caller) = function.attribute("track_caller") {
        if let Future::Async = future {
            let why = "an `async fn` is run by what polls it, and `#[track_caller]` does nothing \
                       for it; leave it out";
            problems.add(track_caller, why);
        } else if AsyncBlock::parse(&function.body).is_none() {
            let why = "to measure the returned future the body becomes a closure, and a \
                       `#[track_caller]` function would then lose its caller; leave it out";
            problems.add(track_caller, why);
        }
    }
    if let Future::Async = future {
        for (text, expr) in &parts.texts {
            if let Some(at) = awaits::first(expr) {
                let setter = text.setter();
                let why = match text {
                    Text::Prefix => String::from(
                        "the request is open on this thread while its options are computed, and \
                         cannot wait; pass what is awaited here as an argument",
                    ),
                    _ => format!(
                        "the request is open on this thread while its options are computed, and \
                         cannot wait; write `pynba::current().{setter}(…)` in the body"
                    ),
                };
                problems.add_at(at, why);
            }
        }
        for tag in parts.tags.iter().flat_map(|tags| &tags.dynamic) {
            if let Some(at) = awaits::first(&tag.expr) {
                let why = format_args!(
                    "the request is open on this thread while its tags are computed, and cannot \
                     wait; write `pynba::current().tag({:?}, …)` in the body",
                    tag.name
                );
                problems.add_at(at, why);
            }
        }
    }
}

fn on_thread(mut parts: Parts, function: &Function, spans: Spans) -> TokenStream {
    let (sig, body) = (&function.sig, function.braced_body(spans));
    // `()` and `!` tell no status, nor does `impl Trait`, which only in its place tells a returned
    // closure its signature. And a closure of ours would become the caller that
    // `#[track_caller]` sees, and change what a panic prints.
    let whole = !parts.looks.is_empty()
        || !(function.returns_nothing()
            || function.returns_never()
            || function.returns_opaque()
            || function.attribute("track_caller").is_some());
    let told = parts.told(spans);
    let told =
        (!told.is_empty()).then(|| quote_spanned!(spans.ours=> if guard.is_recording() { #told }));
    let Parts { krate, site, looks, .. } = parts;
    let enter = site.open(Open::Thread, &krate, &sig.ident, spans);
    if whole {
        let output = returns::for_closure(&sig.output);
        let returned = quote_spanned!(spans.ours=> returned);
        let default = looks.default_status(&returned, &krate, spans);
        let looked = looks.told(&returned, &krate, spans);
        let looked = (!looked.is_empty())
            .then(|| quote_spanned!(spans.ours=> if guard.is_recording() { #looked }));
        quote_spanned! {spans.ours=>
            let guard = #enter;
            #told
            let returned = #krate::call(move || #output #body);
            #default
            #looked
            returned
        }
    } else {
        let guard = Ident::new(if told.is_none() { "_guard" } else { "guard" }, spans.ours);
        // These braces keep the body from following a statement, on which clippy has views.
        quote_spanned! {spans.ours=>
            let #guard = #enter;
            #told
            #body
        }
    }
}
