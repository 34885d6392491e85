//! Text in as many lines as it takes.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::name::clean;
use super::wrapping::wrapped;
use crate::widths::width as width_of;

/// The text behind `front`, its further lines below its first one. Where that would divide words, or leave little room,
/// it stands below all in all.
pub(crate) fn beside(
    front: Line<'static>,
    text: &str,
    style: Style,
    width: usize,
) -> Vec<Line<'static>> {
    const LEAST: usize = 12;
    let text = &clean(text);
    let room = width.saturating_sub(front.width());
    let is_divided = text.split(' ').any(|word| width_of(word) > room);
    if width_of(text) > room && (is_divided || room < LEAST) {
        let below = wrapped(text, width.saturating_sub(2));
        let below = below.map(|part| Line::from(vec![Span::raw("  "), Span::styled(part, style)]));
        return std::iter::once(front).chain(below).collect();
    }
    let indent = " ".repeat(front.width());
    let mut lines = vec![front];
    for (index, part) in wrapped(text, room).enumerate() {
        if index > 0 {
            lines.push(Line::raw(indent.clone()));
        }
        lines[index].push_span(Span::styled(part, style));
    }
    lines
}

/// The parts one after another, none of them divided.
pub(crate) fn parts(parts: Vec<Line<'static>>, gap: usize, width: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if line.width() + gap + part.width() <= width => {
                line.push_span(" ".repeat(gap));
                line.spans.extend(part.spans);
            }
            _ => lines.push(part),
        }
    }
    lines
}

/// As many of the parts as fit into one line; the first one always.
pub(crate) fn that_fit(parts: Vec<Line<'static>>, width: usize) -> Line<'static> {
    let mut parts = parts.into_iter();
    let mut line = parts.next().unwrap_or_default();
    for part in parts {
        if line.width() + part.width() > width {
            break;
        }
        line.spans.extend(part.spans);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Line<'_>]) -> Vec<String> {
        lines.iter().map(ToString::to_string).collect()
    }

    fn shown(front: &'static str, text: &str, width: usize) -> Vec<String> {
        texts(&beside(Line::raw(front), text, Style::new(), width))
    }

    #[test]
    fn further_lines_stand_below_the_first() {
        assert_eq!(shown("key ", "one two three four", 17), ["key one two three", "    four"]);
        assert_eq!(shown("key ", "", 17), ["key "]);
    }

    #[test]
    fn without_room_beside_it_stands_below() {
        assert_eq!(shown("a long key ", "one two three", 16), ["a long key ", "  one two three"]);
        assert_eq!(shown("a long key ", "one", 16), ["a long key one"]);
        assert_eq!(shown("key ", "not-to-be divided", 17), ["key not-to-be", "    divided"]);
        let address = "127.0.0.1:30002";
        assert_eq!(shown("listens at ", address, 24), ["listens at ", "  127.0.0.1:30002"]);
    }

    #[test]
    fn parts_are_not_divided() {
        let all = || ["time 1 s", "user 2 s", "peak"].map(Line::raw).to_vec();
        assert_eq!(texts(&parts(all(), 2, 19)), ["time 1 s  user 2 s", "peak"]);
        assert_eq!(that_fit(all(), 16).to_string(), "time 1 suser 2 s");
        assert_eq!(that_fit(all(), 15).to_string(), "time 1 s");
    }
}
