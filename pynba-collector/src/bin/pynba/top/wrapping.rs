//! Text in lines with whole words.

use super::name::clean;
use crate::widths::{parts, width};

/// Lines that grow word by word, so that whoever has seen enough need not lay out the rest.
#[derive(Debug)]
pub(crate) struct Wrapping {
    room: usize,
    lines: Vec<String>,
    /// Columns of the last line.
    used: usize,
}

impl Wrapping {
    /// In lines that are no wider than the room.
    pub(crate) fn new(room: usize) -> Self {
        Self { room, lines: Vec::new(), used: 0 }
    }

    /// So many lines were begun.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The text, clean, behind what is there. A word that is wider than a line is divided.
    pub(crate) fn push(&mut self, text: &str) {
        // At each blank, so that several of them stay.
        for word in clean(text).split(' ') {
            self.push_word(word);
        }
    }

    fn push_word(&mut self, word: &str) {
        let needs = width(word);
        match self.lines.last_mut() {
            Some(line) if self.used + 1 + needs <= self.room => {
                line.push(' ');
                line.push_str(word);
                self.used += 1 + needs;
            }
            _ => self.push_divided(word),
        }
    }

    /// On lines of its own.
    fn push_divided(&mut self, word: &str) {
        let mut line = String::new();
        self.used = 0;
        for (part, width) in parts(word) {
            if self.used > 0 && self.used + width > self.room {
                self.lines.push(std::mem::take(&mut line));
                self.used = 0;
            }
            line.push_str(part);
            self.used += width;
        }
        self.lines.push(line);
    }

    /// But for those that are empty.
    pub(crate) fn into_lines(self) -> impl Iterator<Item = String> {
        self.lines.into_iter().filter(|line| !line.is_empty())
    }
}

/// All of the text.
pub(crate) fn wrapped(text: &str, room: usize) -> impl Iterator<Item = String> {
    let mut wrapping = Wrapping::new(room);
    wrapping.push(text);
    wrapping.into_lines()
}

#[cfg(test)]
mod tests {
    fn wrapped(text: &str, room: usize) -> Vec<String> {
        super::wrapped(text, room).collect()
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
}
