//! Names, which anybody can send: without what a terminal would obey, and in the room there is.

use std::borrow::Cow;

use ratatui::style::Style;
use ratatui::text::Span;

use crate::harmless::drives_a_terminal;

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

/// Columns that it takes on the screen.
pub(crate) fn width(text: &str) -> usize {
    parts(text).map(|(_, width)| width).sum()
}

/// What is drawn as one, each with its columns.
fn parts(text: &str) -> impl Iterator<Item = (String, usize)> {
    let span = Span::raw(text);
    let parts: Vec<_> = span
        .styled_graphemes(Style::new())
        .map(|part| (part.symbol.to_owned(), Span::raw(part.symbol).width()))
        .collect();
    parts.into_iter()
}

/// The text, clean, with its middle left out where it is too wide: paths differ at their end.
pub(crate) fn cut(text: &str, room: usize) -> String {
    let text = clean(text);
    if width(&text) <= room {
        return text.into_owned();
    }
    let Some(room) = room.checked_sub(1) else { return String::new() };
    let parts: Vec<_> = parts(&text).collect();
    let front = take(parts.iter(), room / 3);
    let mut back = take(parts.iter().rev(), room - room / 3);
    back.reverse();
    format!("{}…{}", front.concat(), back.concat())
}

fn take<'a>(parts: impl Iterator<Item = &'a (String, usize)>, room: usize) -> Vec<&'a str> {
    let mut used = 0;
    let fits = |(part, width): &'a (String, usize)| {
        used += width;
        (used <= room).then_some(part.as_str())
    };
    parts.map_while(fits).collect()
}

/// As much of the beginning as there is room for, clean: sentences begin with what matters.
pub(crate) fn start(text: &str, room: usize) -> String {
    let text = clean(text);
    if width(&text) <= room {
        return text.into_owned();
    }
    let Some(room) = room.checked_sub(1) else { return String::new() };
    take(parts(&text).collect::<Vec<_>>().iter(), room).concat() + "…"
}

/// The text, clean, in lines with whole words. A word that is wider than a line is divided.
pub(crate) fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    // At each blank, so that several of them stay.
    for word in clean(text).split(' ').flat_map(|word| divided(word, room)) {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(&word) <= room => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// The word in parts that are no wider than the room.
fn divided(word: &str, room: usize) -> Vec<String> {
    let mut divided = vec![(String::new(), 0)];
    for (part, width) in parts(word) {
        match divided.last_mut() {
            Some((text, used)) if text.is_empty() || *used + width <= room => {
                text.push_str(&part);
                *used += width;
            }
            _ => divided.push((part, width)),
        }
    }
    divided.into_iter().map(|(text, _)| text).collect()
}

/// [`cut`], with blanks behind it up to the room's end.
pub(crate) fn left(text: &str, room: usize) -> String {
    let mut text = cut(text, room);
    text.extend(std::iter::repeat_n(' ', room.saturating_sub(width(&text))));
    text
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
    fn sentences_are_wrapped() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a  blank", 8), ["a  blank"]);
        assert_eq!(wrapped("much-too-long a\tb", 5), ["much-", "too-l", "ong", "a␉b"]);
        assert_eq!(wrapped("日本語 b", 3), ["日", "本", "語", "b"]);
        assert!(wrapped("", 4).is_empty());
        assert_eq!(wrapped("ab", 0), ["a", "b"]);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!((width("日本"), cut("日本語文字", 6).as_str()), (4, "…文字"));
        for room in 0..12 {
            assert_eq!(width(&left("日本語文字", room)), room);
        }
    }
}
