//! How a request is opened: the `static` of its place in the program, and what leads to a reporter.

use crate::emit;
use crate::krate::Krate;
use crate::server::Server;
use crate::spans::Spans;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote_spanned;
use syn::Expr;
use syn::ext::IdentExt as _;

pub(crate) struct Site {
    pub(crate) server: Server,
    /// A variant of `Rusage`.
    pub(crate) rusage: Option<Ident>,
    pub(crate) enabled: Option<Expr>,
}

/// What a request belongs to.
#[derive(Clone, Copy)]
pub(crate) enum Open {
    /// The thread that runs the function.
    Thread,
    /// A future, on whatever threads it is polled.
    Future,
}

impl Open {
    /// The functions of the runtime: for the named servers or the process's reporter, for this
    /// reporter, and for none.
    fn calls(self, spans: Spans) -> [Ident; 3] {
        match self {
            Self::Thread => ["enter", "enter_with", "silent"],
            Self::Future => ["detached", "detached_with", "silent_detached"],
        }
        .map(|name| Ident::new(name, spans.ours))
    }
}

impl Site {
    /// The expression that opens a request of the function `name`.
    pub(crate) fn open(
        &self,
        open: Open,
        krate: &Krate,
        name: &Ident,
        spans: Spans,
    ) -> TokenStream {
        let [default, with, silent] = open.calls(spans);
        let place = self.place(krate, name, spans);
        let mut enter = match &self.server {
            Server::Default | Server::Literals(_) => {
                quote_spanned!(spans.ours=> { #place SITE.#default() })
            }
            Server::Reporter(expr) => reporter(krate, &place, expr, &with, spans),
        };
        if let Some(expr) = &self.enabled {
            let bool = quote_spanned!(spans.at(expr)=> ::core::primitive::bool);
            enter = quote_spanned! {spans.ours=> {
                let enabled: #bool = #expr;
                if enabled #enter else { #krate::#silent() }
            }};
        }
        if self.enabled.is_some() || matches!(self.server, Server::Reporter(_)) {
            // A build that records nothing evaluates nothing.
            let enabled = quote_spanned!(spans.ours=> #krate::ENABLED);
            enter = quote_spanned!(spans.ours=> if #enabled #enter else { #krate::#silent() });
        }
        enter
    }

    /// What is known while compiling.
    fn place(&self, krate: &Krate, name: &Ident, spans: Spans) -> TokenStream {
        let name = Literal::string(&name.unraw().to_string());
        let servers = match &self.server {
            Server::Literals(servers) => quote_spanned!(spans.ours=> .servers(&[#(#servers),*])),
            Server::Default | Server::Reporter(_) => TokenStream::new(),
        };
        let rusage = self
            .rusage
            .as_ref()
            .map(|variant| quote_spanned!(spans.ours=> .rusage(#krate::Rusage::#variant)));
        quote_spanned! {spans.ours=>
            static SITE: #krate::Site = #krate::Site::new(
                ::core::concat!(::core::module_path!(), "::", #name)
            ) #servers #rusage;
        }
    }
}

/// The head of the `match` is out of reach of `SITE` and keeps temporaries, such as the guard of
/// a lock, until the request is open. The type is asked for where the user's expression stands.
fn reporter(
    krate: &Krate,
    place: &TokenStream,
    expr: &Expr,
    with: &Ident,
    spans: Spans,
) -> TokenStream {
    let values = emit::values(spans);
    let borrowed = emit::borrowed(expr, spans);
    let value = emit::field(&values, 0, expr);
    let ty = quote_spanned!(spans.at(expr)=> &#krate::Reporter);
    quote_spanned! {spans.ours=> {
        match (#borrowed,) {
            #values => {
                #place
                let reporter: #ty = #value;
                SITE.#with(reporter)
            }
        }
    }}
}
