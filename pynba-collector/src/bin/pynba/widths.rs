//! How many columns texts take on a terminal, and as much of them as there is room for.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// What is drawn as one, each with its columns.
pub(crate) fn parts(text: &str) -> impl DoubleEndedIterator<Item = (&str, usize)> {
    text.graphemes(true).map(|part| (part, part.width()))
}

pub(crate) fn width(text: &str) -> usize {
    parts(text).map(|(_, width)| width).sum()
}

/// As many of the parts as there is room for, in bytes: from the beginning, or with the parts reversed from the end.
pub(crate) fn that_fit<'a>(parts: impl Iterator<Item = (&'a str, usize)>, room: usize) -> usize {
    let mut used = 0;
    let fits = |(part, width): (&str, usize)| {
        used += width;
        (used <= room).then_some(part.len())
    };
    parts.map_while(fits).sum()
}

/// As much of the beginning as there is room for: sentences begin with what matters.
pub(crate) fn start(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let Some(room) = room.checked_sub(1) else { return String::new() };
    format!("{}…", &text[..that_fit(parts(text), room)])
}

/// With blanks behind it up to the room's end.
pub(crate) fn filled(mut text: String, room: usize) -> String {
    text.extend(std::iter::repeat_n(' ', room.saturating_sub(width(&text))));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_by_columns() {
        let column = |text, room| filled(start(text, room), room);
        assert_eq!(column("/index", 8), "/index  ");
        assert_eq!(column("/index", 6), "/index");
        assert_eq!(column("/index", 5), "/ind…");
        assert_eq!(column("日本語", 5), "日本…");
        assert_eq!(column("日本語", 4), "日… ");
        assert_eq!(
            (column("x", 1).as_str(), column("xy", 1).as_str(), start("x", 0)),
            ("x", "…", String::new())
        );
    }

    #[test]
    fn what_is_drawn_as_one_is_not_divided() {
        assert_eq!(width("👩‍💻e\u{301}"), 3);
        assert_eq!(start("👩‍💻e\u{301}👩‍💻", 4), "👩‍💻e\u{301}…");
    }
}
