//! The `=` between a name and its value, and what people write in its place.

use crate::problems::Problems;
use crate::skip;
use crate::tags::Place;
use syn::Token;
use syn::parse::ParseStream;

/// Takes the `=` after `name`, and says whether a value follows. When not, that is recorded.
pub(crate) fn equals(
    input: ParseStream<'_>,
    place: Place,
    name: &str,
    problems: &mut Problems,
) -> bool {
    let write = format!("write `{name} = …`");
    if let Some(wrong) = take::<Token![==]>(input, input.peek(Token![==])) {
        problems.add(wrong, format_args!("`==` compares; {write}"));
    } else if let Some(wrong) = take::<Token![=>]>(input, input.peek(Token![=>])) {
        problems.add(wrong, format_args!("`=>` gives no value; {write}"));
    } else if let Some(wrong) =
        take::<Token![:]>(input, input.peek(Token![:]) && !input.peek(Token![::]))
    {
        problems.add(wrong, format_args!("`:` gives no value; {write}"));
    } else if let Some(equals) = take::<Token![=]>(input, input.peek(Token![=])) {
        if place.entry_is_over(input) {
            problems.add(equals, format_args!("there is no value after this; {write}"));
        }
    } else {
        problems.add_here(input, format_args!("missing `=` after `{name}`; {write}"));
        skip::entry(input);
    }
    !place.entry_is_over(input)
}

fn take<T: syn::parse::Parse>(input: ParseStream<'_>, is_next: bool) -> Option<T> {
    is_next.then(|| input.parse().ok()).flatten()
}
