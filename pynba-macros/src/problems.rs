//! Everything wrong in one invocation, gathered so that one compile reports it all.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use std::fmt::Display;
use syn::Token;
use syn::parse::ParseStream;

#[derive(Default)]
pub(crate) struct Problems(Option<syn::Error>);

impl Problems {
    /// Underlines `at` from its first token to its last.
    pub(crate) fn add(&mut self, at: impl ToTokens, why: impl Display) {
        self.absorb(syn::Error::new_spanned(at, why));
    }

    pub(crate) fn add_at(&mut self, span: Span, why: impl Display) {
        self.absorb(syn::Error::new(span, why));
    }

    /// Underlines the next token.
    pub(crate) fn add_here(&mut self, input: ParseStream<'_>, why: impl Display) {
        match input.fork().parse::<Token![=>]>() {
            Ok(arrow) => self.add(arrow, why),
            Err(_) => self.add_at(input.span(), why),
        }
    }

    pub(crate) fn absorb(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            none => *none = Some(error),
        }
    }

    /// The `compile_error!`s, in the order found; `None` when all is well.
    pub(crate) fn complaints(self) -> Option<TokenStream> {
        self.0.map(syn::Error::into_compile_error)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    #[cfg(test)]
    pub(crate) fn messages(&self) -> Vec<String> {
        self.0.iter().flat_map(|all| all.clone().into_iter()).map(|one| one.to_string()).collect()
    }
}
