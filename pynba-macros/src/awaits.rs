//! Finding an `.await`, where there must be none.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::Expr;

/// The first `.await` that is reached by evaluating `expr`: not one in an `async` block, which is
/// only made by it.
pub(crate) fn first(expr: &Expr) -> Option<Span> {
    in_tokens(expr.to_token_stream())
}

fn in_tokens(tokens: TokenStream) -> Option<Span> {
    let mut after_dot = false;
    let mut in_async = false;
    for token in tokens {
        match &token {
            TokenTree::Ident(word) if after_dot && word == "await" => return Some(word.span()),
            TokenTree::Ident(word) if word == "async" => in_async = true,
            TokenTree::Group(group) if !in_async => {
                if let Some(found) = in_tokens(group.stream()) {
                    return Some(found);
                }
            }
            // The end of `async move { … }`, or of `async |…| { … }`.
            TokenTree::Group(_) => in_async = false,
            _ => {}
        }
        after_dot = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '.');
    }
    None
}

#[cfg(test)]
mod tests {
    use super::first;

    #[test]
    fn looks_everywhere_but_in_async_blocks() {
        for (expr, expected) in [
            ("name(id).await", true),
            ("format!(\"{}\", name(id).await?)", true),
            ("if a { b } else { c.await.d }", true),
            ("(async { a }, b.await)", true),
            ("a.r#await(b)", false),
            ("a.awaited", false),
            ("block_on(async { a.await })", false),
            ("block_on(async move { [a.await] })", false),
            ("run(async |a| { a.await })", false),
            ("a", false),
        ] {
            let parsed = syn::parse_str(expr).expect("an expression");
            assert_eq!(first(&parsed).is_some(), expected, "{expr}");
        }
    }
}
