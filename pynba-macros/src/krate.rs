//! The path of the `pynba` crate: `::pynba`, or what `crate = …` says.

use crate::equals;
use crate::problems::Problems;
use crate::skip;
use crate::tags::Place;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::parse::ParseStream;
use syn::{Path, Token};

/// Prints as `::pynba::__rt`: everything an expansion may touch.
#[derive(Default)]
pub(crate) struct Krate(Option<Path>);

impl Krate {
    /// Parses `crate = path,` when that is what comes first.
    pub(crate) fn parse_first(input: ParseStream<'_>, problems: &mut Problems) -> Self {
        if !(input.peek(Token![crate]) && input.peek2(Token![=]) && !input.peek2(Token![==])) {
            return Self::default();
        }
        let krate = Self::parse_entry(input, problems).unwrap_or_else(|error| {
            problems.absorb(error);
            skip::entry(input);
            Self::default()
        });
        if input.peek(Token![,]) {
            let _comma = input.parse::<Token![,]>();
        } else if !(input.is_empty() || input.peek(Token![=>])) {
            problems.add_here(input, "missing `,` after the path of the crate");
        }
        krate
    }

    fn parse_entry(input: ParseStream<'_>, problems: &mut Problems) -> syn::Result<Self> {
        input.parse::<Token![crate]>()?;
        if equals::equals(input, Place::Timer, "crate", problems) {
            Self::parse_path(input, problems)
        } else {
            Ok(Self::default())
        }
    }

    /// Parses what follows `crate =`.
    pub(crate) fn parse_path(input: ParseStream<'_>, problems: &mut Problems) -> syn::Result<Self> {
        let Ok(path) = input.call(Path::parse_mod_style) else {
            let why = "this is no path of a crate; write it, as in `crate = ::path::to::pynba`";
            return Err(syn::Error::new(input.span(), why));
        };
        if !is_absolute(&path) {
            let text = path.to_token_stream().to_string().replace(' ', "");
            problems.add(
                &path,
                format_args!("`{text}` is a relative path; write `::{text}` or `crate::{text}`"),
            );
            return Ok(Self::default());
        }
        Ok(Self(Some(path)))
    }
}

/// The expansion lands in modules we know nothing about, so only a path that means the same
/// everywhere will do. `$crate` arrives as one identifier from `macro_rules!`.
fn is_absolute(path: &Path) -> bool {
    let first = path.segments.first().map(|segment| segment.ident.to_string());
    path.leading_colon.is_some() || matches!(first.as_deref(), Some("crate" | "$crate"))
}

impl ToTokens for Krate {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match &self.0 {
            Some(path) => path.to_tokens(tokens),
            None => tokens.extend(quote_spanned!(Span::mixed_site()=> ::pynba)),
        }
        tokens.extend(quote_spanned!(Span::mixed_site()=> ::__rt));
    }
}
