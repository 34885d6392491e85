//! Telling lists and maps from expressions that begin like them.

use crate::name;
use proc_macro2::{Delimiter, Punct, Spacing, TokenTree};
use syn::buffer::Cursor;

/// Whether `[…]` follows, and is the whole value: not `[…].len()`, and not `[x; 3]`.
pub(crate) fn is_list(cursor: Cursor<'_>) -> bool {
    cursor.group(Delimiter::Bracket).is_some_and(|(mut content, _, rest)| {
        while let Some((token, next)) = content.token_tree() {
            if matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ';') {
                return false;
            }
            content = next;
        }
        is_whole(rest)
    })
}

/// Whether what came before `rest` was no more than the beginning of an expression.
fn is_whole(rest: Cursor<'_>) -> bool {
    if let Some((punct, next)) = rest.punct() {
        let arrow =
            punct.as_char() == '=' && next.punct().is_some_and(|(punct, _)| punct.as_char() == '>');
        return punct.as_char() == ',' || arrow;
    }
    let operator = rest.ident().is_some_and(|(ident, _)| ident == "as");
    let call = [Delimiter::Parenthesis, Delimiter::Bracket].into_iter();
    !operator && call.into_iter().all(|delimiter| rest.group(delimiter).is_none())
}

/// Whether `{…}` follows and is a map: empty, or a name and then what tells it from a block.
pub(crate) fn is_map(cursor: Cursor<'_>) -> bool {
    let Some((content, _, rest)) = cursor.group(Delimiter::Brace) else { return false };
    if !is_whole(rest) {
        return false;
    }
    // A block that came as one `$x:expr` has been parsed as an expression already.
    if cursor.group(Delimiter::None).is_some() {
        return false;
    }
    if content.eof() {
        return true;
    }
    let Some((mut after, plain)) = word(content) else { return false };
    while let Some((dot, next)) = after.punct()
        && dot.as_char() == '.'
        && let Some((next, _)) = word(next)
    {
        after = next;
    }
    match after.punct() {
        None => after.eof() && plain,
        Some((punct, next)) => {
            let second = next.punct().map(|(second, _)| second.as_char());
            match punct.as_char() {
                ',' => true,
                '=' => !matches!(second, Some('=' | '>')) || !is_joint(&punct),
                ':' => second != Some(':') || !is_joint(&punct),
                _ => false,
            }
        }
    }
}

fn is_joint(punct: &Punct) -> bool {
    punct.spacing() == Spacing::Joint
}

/// Skips a word or a literal; the flag says that it can be a bare name.
fn word(cursor: Cursor<'_>) -> Option<(Cursor<'_>, bool)> {
    if let Some((ident, rest)) = cursor.ident() {
        return Some((rest, !name::is_keyword(&ident)));
    }
    cursor.literal().map(|(_, rest)| (rest, false))
}
