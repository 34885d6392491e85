//! Which row of a list is chosen, and which rows can be seen.

use std::ops::Range;

/// How to move in a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Move {
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
}

/// Stays at the row that was chosen, wherever that goes. As long as nothing was chosen it stays at the top.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<T> {
    chosen: Option<T>,
    index: usize,
    offset: usize,
    /// Rows that could be seen when it was drawn.
    page: usize,
}

impl<T> Default for Cursor<T> {
    fn default() -> Self {
        Self { chosen: None, index: 0, offset: 0, page: 1 }
    }
}

impl<T> Cursor<T> {
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// In a list of this length. Answers with the row that is then to be [chosen](Self::choose), if any is.
    pub(crate) fn step(&mut self, step: Move, length: usize) -> Option<usize> {
        let last = length.saturating_sub(1);
        self.index = match step {
            Move::Up => self.index.saturating_sub(1),
            Move::Down => self.index + 1,
            Move::PageUp => self.index.saturating_sub(self.page),
            Move::PageDown => self.index + self.page,
            Move::Home => 0,
            Move::End => last,
        }
        .min(last);
        self.chosen = None;
        (step != Move::Home && length > 0).then_some(self.index)
    }

    /// Stays at the row of this name, which is where it is.
    pub(crate) fn choose(&mut self, name: T) {
        self.chosen = Some(name);
    }

    /// After the list has changed to this length. Where the row is gone the next one takes its place.
    pub(crate) fn follow(&mut self, length: usize, find: impl FnOnce(&T) -> Option<usize>) {
        let found = self.chosen.as_ref().map_or(Some(0), find);
        self.index = found.unwrap_or(self.index).min(length.saturating_sub(1));
    }

    /// The rows that are seen where there is room for so many, with the chosen one among them.
    pub(crate) fn window(&mut self, length: usize, room: usize) -> Range<usize> {
        self.page = room.max(1);
        self.offset = self
            .offset
            .min(self.index)
            .max((self.index + 1).saturating_sub(self.page))
            .min(length.saturating_sub(self.page));
        self.offset..(self.offset + room).min(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(cursor: &mut Cursor<&str>, step: Move, rows: &[&'static str]) {
        if let Some(index) = cursor.step(step, rows.len()) {
            cursor.choose(rows[index]);
        }
    }

    #[test]
    fn stays_at_its_row() {
        let mut cursor = Cursor::default();
        let rows = ["a", "b", "c", "d", "e"];
        let found = |rows: &[&str], name: &&str| rows.iter().position(|row| row == name);
        assert_eq!(cursor.window(5, 3), 0..3);
        cursor.follow(5, |_| unreachable!("nothing is chosen"));
        step(&mut cursor, Move::Down, &rows);
        cursor.follow(5, |name| found(&["c", "d", "e", "a", "b"], name));
        assert_eq!((cursor.index(), cursor.window(5, 3)), (4, 2..5));
        cursor.follow(3, |name| found(&["c", "d", "e"], name));
        assert_eq!((cursor.index(), cursor.window(3, 3)), (2, 0..3));
        step(&mut cursor, Move::PageUp, &rows);
        step(&mut cursor, Move::Up, &rows);
        step(&mut cursor, Move::PageDown, &rows);
        assert_eq!(cursor.index(), 3);
        step(&mut cursor, Move::End, &rows);
        assert_eq!((cursor.index(), cursor.window(5, 3)), (4, 2..5));
        step(&mut cursor, Move::Home, &rows);
        cursor.follow(5, |_| unreachable!("the top is"));
        assert_eq!((cursor.index(), cursor.window(5, 3)), (0, 0..3));
    }

    #[test]
    fn an_empty_list_has_no_row() {
        let mut cursor = Cursor::<&str>::default();
        step(&mut cursor, Move::Down, &[]);
        cursor.follow(0, |_| unreachable!("there is none"));
        assert_eq!((cursor.index(), cursor.window(0, 5), cursor.window(0, 0)), (0, 0..0, 0..0));
    }
}
