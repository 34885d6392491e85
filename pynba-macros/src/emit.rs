//! Flattened tags as code: one `static`, and a call that formats nothing it need not.

use crate::flatten::{Dynamic, Flat};
use crate::krate::Krate;
use crate::spans::{self, Spans};
use crate::value::How;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;

/// What tags become.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Timer,
    Tags,
    /// Those of the request that `guard` has opened.
    Request,
}

impl Target {
    /// What takes the pairs of the compiler, and what takes further ones.
    fn calls(self, krate: &Krate, spans: Spans) -> [TokenStream; 2] {
        match self {
            Self::Timer => ["timer", "timer_with"],
            Self::Tags => ["tags", "tags_with"],
            Self::Request => ["set_tags", "set_tags_with"],
        }
        .map(|name| {
            let name = Ident::new(name, spans.ours);
            match self {
                Self::Timer | Self::Tags => quote_spanned!(spans.ours=> #krate::#name),
                Self::Request => quote_spanned!(spans.ours=> guard.#name),
            }
        })
    }
}

pub(crate) fn tags(krate: &Krate, flat: Flat, target: Target, spans: Spans) -> TokenStream {
    let Flat { fixed, dynamic } = flat;
    let fixed = fixed.iter().map(|(name, value)| {
        let (name, value) = (Literal::string(name), Literal::string(value));
        quote_spanned!(spans.ours=> (#name, #value))
    });
    let names = dynamic.iter().map(|Dynamic { name, .. }| Literal::string(name));
    let names = (!dynamic.is_empty()).then(|| quote_spanned!(spans.ours=> .names(&[#(#names),*])));
    let fixed = quote_spanned! {spans.ours=>
        static TAGS: #krate::StaticTags = #krate::StaticTags::new(&[#(#fixed),*]) #names;
    };
    let [of_literals, with] = target.calls(krate, spans);
    let code = if dynamic.is_empty() {
        quote_spanned!(spans.ours=> #fixed #of_literals(&TAGS))
    } else {
        let computed = computed(&fixed, &with, &dynamic, spans);
        if target == Target::Timer {
            // Where nothing is recorded, nothing is evaluated either; it is only checked.
            quote_spanned! {spans.ours=>
                if #krate::ENABLED { #computed } else { #krate::no_timer() }
            }
        } else {
            computed
        }
    };
    quote_spanned!(spans.ours=> { #code })
}

/// The expressions stand in the head of a `match`: there `?`, `.await` and borrows mean what they
/// mean around the macro, temporaries live long enough, and `TAGS` is not yet in scope.
fn computed(
    fixed: &TokenStream,
    call: &TokenStream,
    dynamic: &[Dynamic],
    spans: Spans,
) -> TokenStream {
    let values = values(spans);
    let exprs = dynamic.iter().map(|Dynamic { expr, .. }| borrowed(expr, spans));
    let additions = dynamic.iter().enumerate().map(|(index, one)| {
        let method = match one.how {
            How::Value => "add",
            How::Display => "display",
            How::Debug => "debug",
        };
        let method = Ident::new(method, spans.at(&one.expr));
        let name = Literal::usize_unsuffixed(index);
        let value = field(&values, index, &one.expr);
        quote_spanned!(spans.ours=> tags.#method(#name, #value);)
    });
    quote_spanned! {spans.ours=>
        match (#(#exprs,)*) {
            #values => { #fixed #call(&TAGS, |tags| { #(#additions)* }) }
        }
    }
}

/// What the `match` binds. Spelled at length: it is resolved where the user is, where a constant
/// of the same name would be taken for a pattern.
pub(crate) fn values(spans: Spans) -> Ident {
    Ident::new("pynba_values", spans.theirs)
}

/// `&(expr)`
pub(crate) fn borrowed(expr: &Expr, spans: Spans) -> TokenStream {
    quote_spanned!(spans.ours=> &(#expr))
}

/// `values.0`, which reaches from the first token of `code` to its last, so that an error about
/// the type underlines all of it. Spans cannot be joined on stable Rust, but tokens can.
pub(crate) fn field(values: &Ident, index: usize, code: impl ToTokens) -> TokenStream {
    let (first, last) = spans::reach(code);
    let mut values = values.clone();
    let mut index = Literal::usize_unsuffixed(index);
    index.set_span(values.span().located_at(last));
    values.set_span(values.span().located_at(first));
    let dot = quote_spanned!(values.span()=> .);
    quote!(#values #dot #index)
}
