//! Names, which anybody can send: without what a terminal would obey, and in the room there is.

use std::borrow::Cow;

use crate::harmless::drives_a_terminal;
use crate::widths::{self, filled, parts, that_fit, width};

/// The text with signs in place of what is no letter: control characters, and those that turn the direction of others or
/// cannot be seen.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(|char| sign(char) == char) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(sign).collect())
}

fn sign(char: char) -> char {
    match char {
        // `␛` for the escape, and so on.
        '\0'..='\x1F' => char::from_u32(u32::from(char) + 0x2400).unwrap_or('\u{FFFD}'),
        '\x7F' => '␡',
        char if drives_a_terminal(char) => '\u{FFFD}',
        char => char,
    }
}

/// The text, clean, with its middle left out where it is too wide: paths differ at their end.
pub(crate) fn cut(text: &str, room: usize) -> String {
    let text = clean(text);
    if width(&text) <= room {
        return text.into_owned();
    }
    let Some(room) = room.checked_sub(1) else { return String::new() };
    let front = that_fit(parts(&text), room / 3);
    let back = that_fit(parts(&text).rev(), room - room / 3);
    format!("{}…{}", &text[..front], &text[text.len() - back..])
}

/// As much of the beginning as there is room for, clean.
pub(crate) fn start(text: &str, room: usize) -> String {
    widths::start(&clean(text), room)
}

/// [`cut`], with blanks behind it up to the room's end.
pub(crate) fn left(text: &str, room: usize) -> String {
    filled(cut(text, room), room)
}

/// Figures: with blanks before them.
pub(crate) fn right(text: &str, room: usize) -> String {
    format!("{text:>room$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_have_nothing_to_obey() {
        assert_eq!(clean("/a b/ü/☃/日本"), "/a b/ü/☃/日本");
        assert_eq!(clean("\x1B[2J\n\t\0\x7F"), "␛[2J␊␉␀␡");
        assert_eq!(clean("a\u{9B}31m\u{202E}b\u{200B}"), "a\u{FFFD}31m\u{FFFD}b\u{FFFD}");
    }

    #[test]
    fn the_middle_is_left_out() {
        assert_eq!(cut("/api/users/1/orders", 19), "/api/users/1/orders");
        assert_eq!(cut("/api/users/1/orders", 13), "/api…1/orders");
        assert_eq!((cut("/api", 1).as_str(), cut("/api", 0).as_str()), ("…", ""));
        assert_eq!((start("no such key", 8).as_str(), start("no", 2).as_str()), ("no such…", "no"));
        assert_eq!(left("/a", 4), "/a  ");
        assert_eq!(right("1.2", 5), "  1.2");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!((width("日本"), cut("日本語文字", 6).as_str()), (4, "…文字"));
        for room in 0..12 {
            assert_eq!(width(&left("日本語文字", room)), room);
        }
    }
}
