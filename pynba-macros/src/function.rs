//! The annotated function: its head parsed, its body kept as the tokens that were written.

use crate::future::Future;
use crate::problems::Problems;
use crate::spans::Spans;
use proc_macro2::{Delimiter, Group, Ident, TokenStream};
use quote::{ToTokens, TokenStreamExt as _};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::{Attribute, ReturnType, Signature, Token, Type, Visibility, braced, token};

/// Prints as it was parsed, with the spans it had, so that lints stay as they are. Not an
/// `ItemFn`: that parses the body for nothing, and fails on one that is still being typed.
pub(crate) struct Function {
    outer: Vec<Attribute>,
    vis: Visibility,
    default: Option<Ident>,
    pub(crate) sig: Signature,
    brace: token::Brace,
    inner: Vec<Attribute>,
    pub(crate) body: TokenStream,
}

impl Function {
    /// `None`: it is none, or one that `#[attribute]` cannot go on, and that has been recorded.
    pub(crate) fn parse(
        attribute: &str,
        item: TokenStream,
        problems: &mut Problems,
    ) -> Option<Self> {
        let parser = |input: ParseStream<'_>| {
            let function = parse(attribute, input, problems);
            crate::skip::all(input);
            function
        };
        parser.parse2(item).map_err(|error| problems.absorb(error)).ok()
    }

    /// The body in braces of ours, which stand where the user's do: an error about the whole of it
    /// is shown there, and no lint says that one of the two pairs is too many.
    pub(crate) fn braced_body(&self, spans: Spans) -> Group {
        let mut braced = Group::new(Delimiter::Brace, self.body.clone());
        braced.set_span(spans.ours.located_at(self.brace.span.join()));
        braced
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.outer.iter().find(|attribute| attribute.path().is_ident(name))
    }

    /// The future that goes on with the work after the function has returned.
    pub(crate) fn future(&self) -> Option<Future<'_>> {
        Future::of(&self.sig)
    }

    pub(crate) fn returns_never(&self) -> bool {
        matches!(self.returned(), Some(Type::Never(_)))
    }

    pub(crate) fn returns_opaque(&self) -> bool {
        matches!(self.returned(), Some(Type::ImplTrait(_)))
    }

    pub(crate) fn returns_nothing(&self) -> bool {
        match self.returned() {
            None => true,
            Some(Type::Tuple(tuple)) => tuple.elems.is_empty(),
            Some(_) => false,
        }
    }

    /// The type of what comes out in the end: what is returned, or the output of that future.
    pub(crate) fn returned(&self) -> Option<&Type> {
        match (Future::of(&self.sig), &self.sig.output) {
            (Some(Future::Opaque(ty) | Future::Boxed(ty)), _) => Some(bare(ty)),
            (_, ReturnType::Type(_, ty)) => Some(bare(ty)),
            (_, ReturnType::Default) => None,
        }
    }
}

/// The type, out of the groups that macros and parentheses put around it.
pub(crate) fn bare(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            ty => return ty,
        };
    }
}

fn parse(
    attribute: &str,
    input: ParseStream<'_>,
    problems: &mut Problems,
) -> syn::Result<Function> {
    let outer = input.call(Attribute::parse_outer)?;
    let vis = input.parse()?;
    let default = is_default(input).then(|| input.call(Ident::parse_any)).transpose()?;
    only_functions(attribute, input)?;
    let sig: Signature = input.parse()?;
    if let Some(constness) = &sig.constness {
        let why = format_args!(
            "`#[{attribute}]` cannot measure a `const fn`, which may run while compiling; \
             take `const` away, or write a `fn` that calls this one and annotate that"
        );
        problems.add(constness, why);
    }
    if input.peek(Token![;]) {
        let why = format!(
            "this function has no body to measure; write one, or put `#[{attribute}]` on the \
             functions that implement it"
        );
        return Err(syn::Error::new(input.span(), why));
    }
    let content;
    let brace = braced!(content in input);
    let inner = content.call(Attribute::parse_inner)?;
    let body = TokenStream::parse(&content)?;
    Ok(Function { outer, vis, default, sig, brace, inner, body })
}

/// `default fn` is unstable, and none of our business.
fn is_default(input: ParseStream<'_>) -> bool {
    input.cursor().ident().is_some_and(|(word, _)| word == "default")
}

/// Points at the word that makes the item something else.
fn only_functions(attribute: &str, input: ParseStream<'_>) -> syn::Result<()> {
    let mut cursor = input.cursor();
    let mut found = None;
    while let Some((word, rest)) = cursor.ident() {
        cursor = rest;
        match word.to_string().as_str() {
            "fn" => return Ok(()),
            "async" | "safe" | "unsafe" => {}
            "const" => _ = found.get_or_insert(word),
            "extern" => {
                found.get_or_insert(word);
                // The ABI.
                cursor = rest.literal().map_or(rest, |(_, rest)| rest);
            }
            _ => {
                found.get_or_insert(word);
                break;
            }
        }
    }
    Err(match found {
        None => input.error(format_args!("`#[{attribute}]` goes on a `fn`")),
        Some(word) => {
            let why = format!("`#[{attribute}]` goes on a `fn`, not on {}", described(&word));
            syn::Error::new(word.span(), why)
        }
    })
}

/// What an item is that starts with `word`.
fn described(word: &Ident) -> String {
    let word = word.to_string();
    match word.as_str() {
        "enum" | "impl" => format!("an `{word}`; put it on the functions"),
        "mod" | "trait" => format!("a `{word}`; put it on the functions in it"),
        "struct" | "union" | "const" | "static" | "type" | "use" => format!("a `{word}`"),
        "extern" => String::from("an `extern` block or crate"),
        _ => String::from("this"),
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(&self.outer);
        self.vis.to_tokens(tokens);
        self.default.to_tokens(tokens);
        self.sig.to_tokens(tokens);
        self.brace.surround(tokens, |tokens| {
            tokens.append_all(&self.inner);
            self.body.to_tokens(tokens);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Function;
    use crate::problems::Problems;
    use quote::ToTokens as _;

    fn parsed(item: &str) -> (Option<Function>, Vec<String>) {
        let mut problems = Problems::default();
        let tokens = item.parse().expect("tokens");
        let function = Function::parse("monitor", tokens, &mut problems);
        (function, problems.messages())
    }

    #[test]
    fn prints_what_it_parsed() {
        for item in [
            "# [doc = \"a\"] pub (crate) unsafe extern \"C\" fn f < T > (mut self : Box < Self > , (a , b) : (T , T)) -> impl Copy where T : Copy { # ! [allow (unused)] a . }",
            "default fn f () { }",
            "pub async fn f () -> ! { loop { } }",
        ] {
            let (function, messages) = parsed(item);
            assert_eq!(messages, [""; 0], "{item}");
            let printed = function.map(|function| function.to_token_stream().to_string());
            let expected: proc_macro2::TokenStream = item.parse().expect("tokens");
            assert_eq!(printed, Some(expected.to_string()));
        }
    }

    #[test]
    fn says_what_it_goes_on() {
        for (item, what) in [
            ("pub struct A;", "a `struct`"),
            ("enum A {}", "an `enum`; put it on the functions"),
            ("unsafe impl A for B {}", "an `impl`; put it on the functions"),
            ("pub(crate) mod a {}", "a `mod`; put it on the functions in it"),
            ("unsafe trait A {}", "a `trait`; put it on the functions in it"),
            ("const A: u8 = 1;", "a `const`"),
            ("static A: u8 = 1;", "a `static`"),
            ("type A = u8;", "a `type`"),
            ("use a::b;", "a `use`"),
            ("unsafe extern \"C\" { fn a(); }", "an `extern` block or crate"),
            ("extern crate a;", "an `extern` block or crate"),
            ("union A { a: u8 }", "a `union`"),
            ("macro_rules! a { () => {} }", "this"),
            ("let a = 1;", "this"),
        ] {
            let (function, messages) = parsed(item);
            assert!(function.is_none());
            assert_eq!(messages, [format!("`#[monitor]` goes on a `fn`, not on {what}")], "{item}");
        }
        assert_eq!(parsed("|x| x").1, ["`#[monitor]` goes on a `fn`"]);
        assert_eq!(parsed("fn a(&self);").1.len(), 1);
        assert_eq!(parsed("const fn a() {}").1.len(), 1);
    }
}
