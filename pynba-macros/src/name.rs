//! The name of a tag: `foo`, `db.host`, `r#type` or `"any text"`.

use crate::literal;
use crate::problems::Problems;
use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{Lit, Token};

pub(crate) struct Name {
    /// As it is sent.
    pub(crate) text: String,
    /// As it was written, for errors.
    pub(crate) tokens: TokenStream,
    /// Set when it may stand alone, short for `name = name`.
    pub(crate) variable: Option<Ident>,
}

impl Name {
    /// An `Err` is no name at all. A name that is merely wrong is recorded, and parsing goes on
    /// with it, so that its value is checked too.
    pub(crate) fn parse(input: ParseStream<'_>, problems: &mut Problems) -> syn::Result<Self> {
        if input.peek(Ident::peek_any) {
            words(input, problems)
        } else if input.cursor().literal().is_some() {
            Ok(quoted(&input.parse()?, problems))
        } else {
            Err(input.error("this is no tag; write `name = value`"))
        }
    }

    /// The source text, for a message that says what to write.
    pub(crate) fn written(&self) -> String {
        self.tokens.clone().into_iter().map(|token| token.to_string()).collect()
    }
}

fn quoted(lit: &Lit, problems: &mut Problems) -> Name {
    let tokens = lit.to_token_stream();
    let text = match lit {
        Lit::Str(text) if text.value().is_empty() => {
            problems.add(text, "this name is empty; write one, as in `group = \"db\"`");
            String::new()
        }
        Lit::Str(text) => literal::clean(&text.value()),
        _ => {
            problems.add(lit, format_args!("`{tokens}` is no name; write `\"{tokens}\"`"));
            tokens.to_string()
        }
    };
    Name { text, tokens, variable: None }
}

fn words(input: ParseStream<'_>, problems: &mut Problems) -> syn::Result<Name> {
    let first = word(input, problems)?;
    let mut text = first.unraw().to_string();
    let mut tokens = first.to_token_stream();
    let mut variable = Some(first);
    while input.peek(Token![.]) {
        let dot: Token![.] = input.parse()?;
        variable = None;
        dot.to_tokens(&mut tokens);
        if input.peek(Ident::peek_any) {
            let part = word(input, problems)?;
            part.to_tokens(&mut tokens);
            text = format!("{text}.{}", part.unraw());
        } else if let Some((part, _)) = input.cursor().literal() {
            input.parse::<Lit>()?.to_tokens(&mut tokens);
            text = format!("{text}.{part}");
            problems.add(&tokens, format_args!("`{text}` is no name; write `\"{text}\"`"));
        } else {
            let why = format_args!("the name goes on after a dot; write `{text}.part`");
            return Err(syn::Error::new_spanned(dot, why));
        }
    }
    Ok(Name { text, tokens, variable })
}

/// Takes keywords, too, to say more about them than "expected identifier".
fn word(input: ParseStream<'_>, problems: &mut Problems) -> syn::Result<Ident> {
    let word = input.call(Ident::parse_any)?;
    if word == "crate" {
        let why = "`crate = …` comes before all tags; for a tag of that name write `\"crate\"`";
        problems.add(&word, why);
    } else if word == "self" || word == "Self" || word == "super" || word == "_" {
        problems.add(&word, format_args!("`{word}` is no name; write `\"{word}\"`"));
    } else if is_keyword(&word) {
        let why = format_args!("`{word}` is a keyword; write `r#{word}` or `\"{word}\"`");
        problems.add(&word, why);
    }
    Ok(word)
}

pub(crate) fn is_keyword(word: &Ident) -> bool {
    syn::parse2::<Ident>(word.to_token_stream()).is_err()
}
