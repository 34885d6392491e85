//! What the options of `#[monitor]` tell a request, before its work and after it.

use crate::args::Text;
use crate::krate::Krate;
use crate::spans::Spans;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::Expr;

/// What is set before the body runs, and may use the arguments, which the body moves.
pub(crate) fn told(
    texts: Vec<(Text, Expr)>,
    tags: Option<&TokenStream>,
    spans: Spans,
) -> TokenStream {
    let texts = texts.into_iter().map(|(text, expr)| {
        let setter = Ident::new(text.setter(), spans.at(&expr));
        let on = (text != Text::Prefix).then(|| quote_spanned!(spans.ours=> .current()));
        quote_spanned!(spans.ours=> guard #on.#setter(#expr);)
    });
    quote_spanned!(spans.ours=> #(#texts)* #tags)
}

/// The options that look at the returned value.
pub(crate) struct Looks {
    pub(crate) status: Option<(Span, Expr)>,
    pub(crate) document_size: Option<(Span, Expr)>,
}

impl Looks {
    pub(crate) fn is_empty(&self) -> bool {
        self.status.is_none() && self.document_size.is_none()
    }

    /// The status that the value stands for by itself.
    pub(crate) fn default_status(
        &self,
        returned: &TokenStream,
        krate: &Krate,
        spans: Spans,
    ) -> Option<TokenStream> {
        self.status
            .is_none()
            .then(|| quote_spanned!(spans.ours=> guard.returned(#krate::status_of!(#returned));))
    }

    /// What the options say.
    pub(crate) fn told(self, returned: &TokenStream, krate: &Krate, spans: Spans) -> TokenStream {
        // The type is named for a closure that gives another one: the error is then inside of it.
        let set = |setter: &str, ty: &str, look: Expr| {
            let (setter, ty) = (Ident::new(setter, spans.ours), Ident::new(ty, spans.ours));
            let ty = quote_spanned!(spans.ours=> ::core::primitive::#ty);
            quote_spanned! {spans.ours=>
                guard.current().#setter(#krate::look::<_, #ty>(&#returned, #look));
            }
        };
        let status = self.status.map(|(_, look)| set("set_status", "u32", look));
        let size = self.document_size.map(|(_, look)| set("set_document_size", "u64", look));
        quote_spanned!(spans.ours=> #status #size)
    }
}
