//! A body that is nothing but an `async` block, in a box or not: the work is in there.

use crate::spans::Spans;
use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens as _, TokenStreamExt as _};

pub(crate) struct AsyncBlock {
    /// `Box::pin` and the parentheses after it.
    pin: Option<(Vec<TokenTree>, Group)>,
    keyword: Ident,
    capture: Option<Ident>,
    braces: Group,
}

impl AsyncBlock {
    /// `async move { … }`, or `Box::pin(async move { … })` as `#[async_trait]` writes it.
    pub(crate) fn parse(body: &TokenStream) -> Option<Self> {
        let mut before: Vec<TokenTree> = body.clone().into_iter().collect();
        let TokenTree::Group(last) = before.pop()? else { return None };
        match last.delimiter() {
            Delimiter::Brace => Self::unboxed(&before, last),
            Delimiter::Parenthesis if is_box_pin(&before) => {
                let block = Self::parse(&last.stream()).filter(|block| block.pin.is_none())?;
                Some(Self { pin: Some((before, last)), ..block })
            }
            // Of a macro around it, or its fragments.
            Delimiter::None if before.is_empty() => Self::parse(&last.stream()),
            _ => None,
        }
    }

    fn unboxed(before: &[TokenTree], braces: Group) -> Option<Self> {
        let (keyword, capture) = match before {
            [TokenTree::Ident(keyword)] => (keyword, None),
            [TokenTree::Ident(keyword), TokenTree::Ident(capture)] => (keyword, Some(capture)),
            _ => return None,
        };
        let is_it = keyword == "async" && capture.is_none_or(|capture| capture == "move");
        is_it.then(|| Self {
            pin: None,
            keyword: keyword.clone(),
            capture: capture.cloned(),
            braces,
        })
    }

    /// Whether what the block names is its own, and lives as long as it does.
    pub(crate) fn is_move(&self) -> bool {
        self.capture.is_some()
    }

    /// As [`Function::braced_body`](crate::function::Function::braced_body).
    pub(crate) fn braced_body(&self, spans: Spans) -> Group {
        let mut braced = around(self.braces.stream(), &self.braces);
        braced.set_span(spans.ours.located_at(self.braces.span()));
        braced
    }

    /// The block with another body, out of its box.
    pub(crate) fn with_body(&self, body: TokenStream) -> TokenStream {
        let mut tokens = self.keyword.to_token_stream();
        tokens.append_all(&self.capture);
        tokens.append(around(body, &self.braces));
        tokens
    }

    /// Puts what the block has become back into the box.
    pub(crate) fn in_its_box(&self, future: TokenStream) -> TokenStream {
        match &self.pin {
            None => future,
            Some((path, parentheses)) => {
                let mut tokens = TokenStream::new();
                tokens.append_all(path);
                tokens.append(around(future, parentheses));
                tokens
            }
        }
    }
}

fn around(content: TokenStream, like: &Group) -> Group {
    let mut group = Group::new(like.delimiter(), content);
    group.set_span(like.span());
    group
}

/// `Box::pin`, by whatever path.
fn is_box_pin(path: &[TokenTree]) -> bool {
    let mut names = path.split(|token| matches!(token, TokenTree::Punct(_))).rev();
    let mut is = |expected: &str| match names.find(|name| !name.is_empty()) {
        Some([TokenTree::Ident(name)]) => name == expected,
        _ => false,
    };
    let colons = |token: &TokenTree| match token {
        TokenTree::Punct(punct) => punct.as_char() == ':',
        token => matches!(token, TokenTree::Ident(_)),
    };
    path.iter().all(colons) && is("pin") && is("Box")
}

#[cfg(test)]
mod tests {
    use super::AsyncBlock;
    use proc_macro2::TokenStream;

    fn tokens(text: &str) -> TokenStream {
        text.parse().expect("tokens")
    }

    #[test]
    fn finds_it_and_puts_it_back() {
        for (body, expected) in [
            ("async { a }", "(async { b })"),
            ("async move { a }", "(async move { b })"),
            ("Box::pin(async move { a })", "Box::pin((async move { b }))"),
            ("::std::boxed::Box::pin(async { a })", "::std::boxed::Box::pin((async { b }))"),
        ] {
            let block = AsyncBlock::parse(&tokens(body)).expect("a block");
            assert_eq!(block.braces.stream().to_string(), "a", "{body}");
            assert_eq!(block.is_move(), body.contains("move"), "{body}");
            let future = block.with_body(tokens("b"));
            let again = block.in_its_box(quote::quote!((#future)));
            assert_eq!(again.to_string(), tokens(expected).to_string(), "{body}");
        }
    }

    #[test]
    fn takes_nothing_else() {
        for body in [
            "",
            "a",
            "{ a }",
            "unsafe { a }",
            "async || { a }",
            "async move |b| { a }",
            "let b = 1; async move { a }",
            "async move { a }.fuse()",
            "async move { a };",
            "Box::pin(a)",
            "Box::pin(async move { a }.fuse())",
            "Box::pin(Box::pin(async move { a }))",
            "Box::new(async move { a })",
            "Arc::pin(async move { a })",
            "pin(async move { a })",
            "let b = 1; Box::pin(async move { a })",
            "return Box::pin(async move { a })",
            "Some(Box::pin(async move { a }))",
        ] {
            assert!(AsyncBlock::parse(&tokens(body)).is_none(), "{body}");
        }
    }
}
