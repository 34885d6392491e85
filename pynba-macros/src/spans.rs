//! The spans of generated code, which decide what names mean in it and what lints say of it.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// Where code of ours stands in the program of the user.
#[derive(Clone, Copy)]
pub(crate) struct Spans {
    /// For our own names: no variable of the user's can mean them, and lints leave them alone.
    pub(crate) ours: Span,
    /// As if the user had written it, which is how the compiler comes to underline the user's
    /// code, and not to explain the macro.
    pub(crate) theirs: Span,
}

impl Spans {
    /// The first token of the input is the user's, and knows whose it is.
    pub(crate) fn new(input: &TokenStream) -> Self {
        let ours = Span::mixed_site();
        let first = input.clone().into_iter().next();
        Self { ours, theirs: first.map_or(ours, |token| token.span()) }
    }

    /// For what the compiler underlines along with `code`, when it is not what we expect: there,
    /// it is not a second place to look at.
    pub(crate) fn at(self, code: impl ToTokens) -> Span {
        self.theirs.located_at(reach(code).0)
    }
}

/// The spans of the first and the last token.
pub(crate) fn reach(code: impl ToTokens) -> (Span, Span) {
    let mut tokens = code.to_token_stream().into_iter();
    let first = tokens.next().map_or_else(Span::call_site, |token| token.span());
    (first, tokens.last().map_or(first, |token| token.span()))
}
