//! Flattened pairs in memory that is reused: one text, and pairs that point into it.

use std::fmt;
use std::ops::Range;

/// The largest UDP payload over IPv4: more text than this fits no packet.
pub(crate) const MAX_TEXT: usize = 65_507;

/// Each pair takes at least four bytes of a packet (two ids with their keys).
pub(crate) const MAX_PAIRS: usize = MAX_TEXT / 4;

/// A pair known at compile time.
pub(crate) type StaticPair = (&'static str, &'static str);

/// Text that is either the program's own or stands in a [`PairBuffer`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Text {
    Static(&'static str),
    Stored { start: u32, end: u32 },
}

impl Text {
    fn get(self, memory: &str) -> &str {
        match self {
            Self::Static(text) => text,
            Self::Stored { start, end } => {
                memory.get(start as usize..end as usize).unwrap_or_default()
            }
        }
    }

    fn moved_by(self, offset: u32) -> Self {
        match self {
            Self::Static(_) => self,
            Self::Stored { start, end } => {
                Self::Stored { start: start + offset, end: end + offset }
            }
        }
    }
}

/// A tag's name and one of its values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    name: Text,
    value: Text,
}

impl Pair {
    fn get(self, memory: &str) -> (&str, &str) {
        (self.name.get(memory), self.value.get(memory))
    }
}

/// Pairs and their text. Clearing it keeps the memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct PairBuffer {
    text: String,
    pairs: Vec<Pair>,
}

impl PairBuffer {
    pub(crate) const fn new() -> Self {
        Self { text: String::new(), pairs: Vec::new() }
    }

    /// Bytes of text that it holds.
    pub(crate) fn size(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.text.len() >= MAX_TEXT || self.pairs.len() >= MAX_PAIRS
    }

    /// Forgets the pairs. Memory is kept for the next use, but not that of a freak.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.pairs.clear();
        self.text.shrink_to(MAX_TEXT);
        self.pairs.shrink_to(MAX_PAIRS);
    }

    /// Writes text into the buffer's memory. What does not fit is cut at a character, and a NUL, at
    /// which C clients and servers end their strings, becomes U+FFFD, as `CommonMark` does it.
    pub(crate) fn write(&mut self, text: fmt::Arguments<'_>) -> Text {
        let start = self.text.len();
        // `Err` comes from a `Display` that gave up or from a full buffer: what stands, stands.
        let _ = fmt::write(&mut Limited(&mut self.text), text);
        self.seal(start)
    }

    /// [`write`](Self::write) for plain text, without the machinery of `fmt`.
    pub(crate) fn write_str(&mut self, text: &str) -> Text {
        let start = self.text.len();
        let _ = fmt::Write::write_str(&mut Limited(&mut self.text), text);
        self.seal(start)
    }

    /// The text of `name`, a dot and `key`.
    pub(crate) fn write_nested(&mut self, name: Text, key: fmt::Arguments<'_>) -> Text {
        let start = self.text.len();
        match name {
            Text::Static(name) => self.text.push_str(name),
            Text::Stored { start, end } => {
                self.text.extend_from_within(start as usize..end as usize);
            }
        }
        self.text.push('.');
        let _ = fmt::write(&mut Limited(&mut self.text), key);
        self.seal(start)
    }

    fn seal(&mut self, start: usize) -> Text {
        if self.text.as_bytes()[start..].contains(&0) {
            let clean = self.text[start..].replace('\0', "\u{FFFD}");
            self.text.truncate(start);
            self.text.push_str(&clean);
        }
        match (u32::try_from(start), u32::try_from(self.text.len())) {
            (Ok(start), Ok(end)) => Text::Stored { start, end },
            _ => Text::Static(""),
        }
    }

    pub(crate) fn push(&mut self, name: Text, value: Text) {
        if self.pairs.len() < MAX_PAIRS {
            self.pairs.push(Pair { name, value });
        }
    }

    /// Puts the pairs into their order, without duplicates and without those that `fixed` has.
    pub(crate) fn normalize(&mut self, fixed: &[StaticPair]) {
        let Self { text, pairs } = self;
        pairs.sort_unstable_by(|left, right| left.get(text).cmp(&right.get(text)));
        pairs.dedup_by(|left, right| left.get(text) == right.get(text));
        if !fixed.is_empty() {
            pairs.retain(|pair| fixed.binary_search(&pair.get(text)).is_err());
        }
    }

    /// Appends `other`'s pairs and gives the range in which they stand now, or `None` when there
    /// is no room left to address them.
    pub(crate) fn append(&mut self, other: &Self) -> Option<Range<u32>> {
        u32::try_from(self.text.len() + other.text.len()).ok()?;
        let offset = u32::try_from(self.text.len()).ok()?;
        let start = u32::try_from(self.pairs.len()).ok()?;
        let end = u32::try_from(self.pairs.len() + other.pairs.len()).ok()?;
        self.text.push_str(&other.text);
        self.pairs.extend(other.pairs.iter().map(|pair| Pair {
            name: pair.name.moved_by(offset),
            value: pair.value.moved_by(offset),
        }));
        Some(start..end)
    }

    /// Copies a pair from elsewhere.
    pub(crate) fn push_copy(&mut self, name: &str, value: &str) {
        let name = self.write_str(name);
        let value = self.write_str(value);
        self.push(name, value);
    }

    /// Removes the tag `name`, and the tags below it (`name.key`).
    pub(crate) fn remove(&mut self, name: &str) {
        let Self { text, pairs } = self;
        pairs.retain(|pair| !is_or_is_below(pair.name.get(text), name));
        if pairs.is_empty() {
            text.clear();
        } else if text.len() > MAX_TEXT / 2 {
            self.compact();
        }
    }

    /// Forgets text that no pair uses any more, so that a tag set in a loop takes no more and more.
    fn compact(&mut self) {
        let mut compact = Self::new();
        for (name, value) in self.set(&[]).iter() {
            compact.push_copy(name, value);
        }
        *self = compact;
    }

    /// All the pairs together with those known at compile time. Both must be in order.
    pub(crate) fn set(&self, fixed: &'static [StaticPair]) -> TagSet<'_> {
        TagSet { fixed, extra: &self.pairs, text: &self.text }
    }

    /// The pairs of `range` together with those known at compile time. Both must be in order.
    pub(crate) fn set_in(&self, fixed: &'static [StaticPair], range: Range<u32>) -> TagSet<'_> {
        let range = range.start as usize..range.end as usize;
        TagSet { fixed, extra: self.pairs.get(range).unwrap_or_default(), text: &self.text }
    }
}

/// `true` for `name` itself and for what a map under it flattens to, `name.key`.
pub(crate) fn is_or_is_below(candidate: &str, name: &str) -> bool {
    candidate.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Stops at [`MAX_TEXT`] bytes, on a character's boundary.
struct Limited<'a>(&'a mut String);

impl fmt::Write for Limited<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MAX_TEXT.saturating_sub(self.0.len());
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        let cut = (0..=room).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        self.0.push_str(&text[..cut]);
        Err(fmt::Error)
    }
}

/// A view on one flattened set of tags, in order and without duplicates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TagSet<'a> {
    fixed: &'static [StaticPair],
    extra: &'a [Pair],
    text: &'a str,
}

impl<'a> TagSet<'a> {
    pub(crate) fn len(&self) -> usize {
        self.fixed.len() + self.extra.len()
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut fixed = self.fixed.iter().map(|&(name, value)| (name, value)).peekable();
        let mut extra = self.extra.iter().map(move |pair| pair.get(self.text)).peekable();
        std::iter::from_fn(move || match (fixed.peek(), extra.peek()) {
            (Some(left), Some(right)) if right < left => extra.next(),
            (Some(_), _) => fixed.next(),
            (None, _) => extra.next(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(buffer: &PairBuffer, fixed: &'static [StaticPair]) -> Vec<(String, String)> {
        buffer.set(fixed).iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn merges_both_sources_in_byte_order_without_duplicates() {
        static FIXED: &[StaticPair] = &[("b", "2"), ("d", "4")];
        let mut buffer = PairBuffer::new();
        for (name, value) in [("e", "5"), ("b", "2"), ("a", "1"), ("b", "1"), ("a", "1")] {
            buffer.push_copy(name, value);
        }
        buffer.normalize(FIXED);
        let expected = [("a", "1"), ("b", "1"), ("b", "2"), ("d", "4"), ("e", "5")];
        assert_eq!(pairs(&buffer, FIXED), expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
        assert_eq!(buffer.set(FIXED).len(), 5);
    }

    #[test]
    fn cuts_text_at_a_character() {
        let mut buffer = PairBuffer::new();
        let value = buffer.write_str(&"é".repeat(40_000));
        // 65507 is odd, so the last whole two-byte character ends one byte earlier.
        assert_eq!(value.get(&buffer.text).len(), MAX_TEXT - 1);
    }

    #[test]
    fn replaces_nul_before_duplicates_are_looked_for() {
        let mut buffer = PairBuffer::new();
        buffer.push_copy("a", "\0");
        buffer.push_copy("a", "\u{FFFD}");
        buffer.normalize(&[]);
        assert_eq!(pairs(&buffer, &[]), [("a".to_owned(), "\u{FFFD}".to_owned())]);
    }

    #[test]
    fn removes_a_tag_with_what_is_below_it() {
        let mut buffer = PairBuffer::new();
        for name in ["geo", "geo.city", "geography"] {
            buffer.push_copy(name, "x");
        }
        buffer.remove("geo");
        assert_eq!(pairs(&buffer, &[]), [("geography".to_owned(), "x".to_owned())]);
    }

    #[test]
    fn a_tag_set_in_a_loop_takes_bounded_memory() {
        let mut buffer = PairBuffer::new();
        buffer.push_copy("stays", "here");
        for round in 0..50_000 {
            buffer.remove("n");
            let name = buffer.write_str("n");
            let value = buffer.write(format_args!("{round}"));
            buffer.push(name, value);
        }
        assert!(buffer.text.capacity() <= 2 * MAX_TEXT, "{}", buffer.text.capacity());
        assert_eq!(pairs(&buffer, &[])[1].1, "49999");
    }
}
