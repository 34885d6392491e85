//! Going on after a mistake: skips to where the next entry may start.

use proc_macro2::TokenTree;
use syn::Token;
use syn::parse::ParseStream;

/// Skips the rest of an entry, up to the `,` after it, a `=>`, or the end.
pub(crate) fn entry(input: ParseStream<'_>) {
    while !(input.is_empty() || input.peek(Token![,]) || input.peek(Token![=>])) {
        let _skipped = input.parse::<TokenTree>();
    }
}

/// Skips the rest of an argument of `#[monitor]`, up to the `,` after it or the end.
pub(crate) fn argument(input: ParseStream<'_>) {
    while !(input.is_empty() || input.peek(Token![,])) {
        let _skipped = input.parse::<TokenTree>();
    }
}

/// Skips everything, so that `syn` has no "unexpected token" to add to what we said.
pub(crate) fn all(input: ParseStream<'_>) {
    while !input.is_empty() {
        let _skipped = input.parse::<TokenTree>();
    }
}
