//! The grammar of tags, `name = value, …`, parsed entry by entry so that one mistake does not
//! hide the next.

use crate::equals;
use crate::name::Name;
use crate::problems::Problems;
use crate::skip;
use crate::value::Value;
use syn::Token;
use syn::parse::ParseStream;

pub(crate) struct Entry {
    pub(crate) name: Name,
    pub(crate) value: Value,
}

/// Where entries stand: `=>` ends those of `timer!` and is a mistake everywhere else.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Timer,
    Tags,
    Map,
    List,
    /// Those of `#[monitor]`.
    Arguments,
}

impl Place {
    pub(crate) fn is_over(self, input: ParseStream<'_>) -> bool {
        input.is_empty() || (self == Place::Timer && input.peek(Token![=>]))
    }

    /// Whether no value can follow here.
    pub(crate) fn entry_is_over(self, input: ParseStream<'_>) -> bool {
        input.peek(Token![,]) || self.is_over(input)
    }
}

/// Parses all entries; what cannot be parsed is recorded and skipped.
pub(crate) fn parse(input: ParseStream<'_>, place: Place, problems: &mut Problems) -> Vec<Entry> {
    let mut entries = Vec::new();
    while !place.is_over(input) {
        match entry(input, place, problems) {
            Ok(entry) => entries.push(entry),
            Err(error) => {
                problems.absorb(error);
                skip::entry(input);
            }
        }
        comma(input, place, problems);
    }
    entries
}

fn entry(input: ParseStream<'_>, place: Place, problems: &mut Problems) -> syn::Result<Entry> {
    let name = Name::parse(input, problems)?;
    let value = if place.entry_is_over(input) {
        let Some(variable) = &name.variable else {
            let why = format!("this tag has no value; write `{} = …`", name.written());
            return Err(syn::Error::new_spanned(&name.tokens, why));
        };
        Value::variable(variable)
    } else if equals::equals(input, place, &name.written(), problems) {
        Value::parse(input, &name, problems)?
    } else {
        Value::missing()
    };
    Ok(Entry { name, value })
}

/// Takes the `,` after an entry or an item of a list, or says where it is missing.
pub(crate) fn comma(input: ParseStream<'_>, place: Place, problems: &mut Problems) {
    if input.peek(Token![,]) {
        let _comma = input.parse::<Token![,]>();
    } else if place.is_over(input) {
    } else if input.peek(Token![=>]) {
        let why = match place {
            Place::Map | Place::List => "`=>` does not belong here; write `key = value`",
            Place::Arguments => "`=>` does not belong here; write `option = value`",
            Place::Timer | Place::Tags => "only `timer!` takes `=> expression`",
        };
        problems.add_here(input, why);
        skip::all(input);
    } else {
        problems.add_here(input, "missing `,` before this");
        // Most likely the next entry starts here. If not, one complaint is enough.
        if input.cursor().punct().is_some() {
            skip::entry(input);
            let _comma = input.parse::<Option<Token![,]>>();
        }
    }
}
