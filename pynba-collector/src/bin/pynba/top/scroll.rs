//! Where one is in a text that is longer than its window.

use std::ops::Range;

use super::cursor::Move;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scroll {
    from: usize,
    /// Lines that could be seen when it was drawn.
    page: usize,
}

impl Scroll {
    pub(crate) fn step(&mut self, step: Move) {
        self.from = match step {
            Move::Up => self.from.saturating_sub(1),
            Move::Down => self.from.saturating_add(1),
            Move::PageUp => self.from.saturating_sub(self.page),
            Move::PageDown => self.from.saturating_add(self.page),
            Move::Home => 0,
            // As far as there are lines, which is found out when it is drawn.
            Move::End => usize::MAX,
        };
    }

    /// The lines that are seen where there is room for so many.
    pub(crate) fn window(&mut self, length: usize, room: usize) -> Range<usize> {
        self.page = room;
        self.from = self.from.min(length.saturating_sub(room));
        self.from..(self.from + room).min(length)
    }
}

/// Where the rest is, and how to get there. Nothing where all is seen.
pub(crate) fn rest(seen: &Range<usize>, length: usize) -> String {
    let arrows = match (seen.start > 0, seen.end < length) {
        (false, false) => return String::new(),
        (false, true) => "↓",
        (true, false) => "↑",
        (true, true) => "↑↓",
    };
    format!(" {arrows} more · {}-{} of {length} ", seen.start + 1, seen.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(steps: &[Move], room: usize) -> Range<usize> {
        let mut scroll = Scroll::default();
        scroll.window(10, room);
        for step in steps {
            scroll.step(*step);
        }
        scroll.window(10, room)
    }

    #[test]
    fn stays_within_the_text() {
        use Move::{Down, End, Home, PageDown, PageUp, Up};

        assert_eq!(steps(&[Up, Down, Down], 4), 2..6);
        assert_eq!(steps(&[PageDown, PageDown], 4), 6..10);
        assert_eq!(steps(&[End, Down, Up], 4), 6..10);
        assert_eq!(steps(&[PageDown, PageUp, Down, Home], 4), 0..4);
        assert_eq!((steps(&[End], 20), steps(&[End], 0)), (0..10, 10..10));
    }

    #[test]
    fn says_where_the_rest_is() {
        assert_eq!(
            (rest(&(0..4), 10).as_str(), rest(&(0..4), 4).as_str()),
            (" ↓ more · 1-4 of 10 ", "")
        );
        assert_eq!(rest(&(3..7), 10), " ↑↓ more · 4-7 of 10 ");
        assert_eq!(rest(&(6..10), 10), " ↑ more · 7-10 of 10 ");
    }
}
