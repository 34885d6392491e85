//! Flattened pairs in memory that is reused: one text, and pairs that point into it.

use std::ops::Range;
use std::{fmt, ptr};

use super::{Fixed, Literal, pairs_of};
use crate::dictionary;
use crate::wire::MAX_DATAGRAM;

/// Longer text is cut: an eighth of a datagram, so that one long text leaves room for the others. Servers keep
/// 64 bytes of a tag (`pinba_engine`) or a few hundred.
pub(crate) const MAX_WORD: usize = 8 * 1024;

/// More text than this fits no packet.
const MAX_TEXT: usize = MAX_DATAGRAM;

/// Each pair takes at least four bytes of a packet: two ids with their keys.
const MAX_PAIRS: usize = MAX_DATAGRAM / 4;

/// What is kept for the next use: some forty kilobytes, for hundreds of tags.
const USUAL_TEXT: usize = 16 * 1024;
const USUAL_PAIRS: usize = 512;

/// A pair known at compile time.
pub(crate) type StaticPair = (&'static str, &'static str);

/// Text that is either the program's own or stands in a [`PairBuffer`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Span {
    Literal(&'static Literal),
    Stored { start: u32, end: u32 },
}

impl Span {
    #[inline]
    fn get(self, memory: &str) -> &str {
        match self {
            Self::Literal(literal) => literal.text,
            Self::Stored { start, end } => {
                memory.get(start as usize..end as usize).unwrap_or_default()
            }
        }
    }

    /// [`get`](Self::get) without looking for the bounds of characters.
    #[inline]
    fn bytes(self, memory: &str) -> &[u8] {
        match self {
            Self::Literal(literal) => literal.text.as_bytes(),
            Self::Stored { start, end } => {
                memory.as_bytes().get(start as usize..end as usize).unwrap_or_default()
            }
        }
    }

    #[inline]
    fn hash(self, memory: &str) -> u64 {
        match self {
            Self::Literal(literal) => literal.hash,
            Self::Stored { .. } => dictionary::hash(self.bytes(memory)),
        }
    }

    #[inline]
    fn text(self, memory: &str) -> Text<'_> {
        match self {
            Self::Literal(literal) => Text::Literal(literal),
            Self::Stored { .. } => Text::Other(self.get(memory)),
        }
    }

    fn stored(self) -> usize {
        match self {
            Self::Literal(_) => 0,
            Self::Stored { start, end } => (end - start) as usize,
        }
    }
}

/// A [`Span`]'s text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Text<'a> {
    Literal(&'static Literal),
    Other(&'a str),
}

impl<'a> Text<'a> {
    #[inline]
    pub(crate) fn get(self) -> &'a str {
        match self {
            Self::Literal(literal) => literal.text,
            Self::Other(text) => text,
        }
    }
}

/// A tag's name and one of its values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    name: Span,
    value: Span,
}

impl Pair {
    #[inline]
    fn get(self, memory: &str) -> (&str, &str) {
        (self.name.get(memory), self.value.get(memory))
    }

    /// Bytes of its own in a buffer's text.
    fn stored(self) -> usize {
        self.name.stored() + self.value.stored()
    }
}

/// Pairs and their text. Clearing it keeps the memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct PairBuffer {
    text: String,
    pairs: Vec<Pair>,
    /// Bytes of the text that no pair uses any more.
    unused: usize,
    /// Pairs for which there was no room.
    lost: u64,
}

impl PairBuffer {
    pub(crate) const fn new() -> Self {
        Self { text: String::new(), pairs: Vec::new(), unused: 0, lost: 0 }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Bytes that it holds.
    pub(crate) fn footprint(&self) -> usize {
        self.text.len() + self.pairs.len() * size_of::<Pair>()
    }

    /// Bytes of the pairs of `range` alone.
    pub(crate) fn footprint_of(&self, range: Range<u32>) -> usize {
        self.slice(range).iter().map(|pair| pair.stored() + size_of::<Pair>()).sum()
    }

    #[inline]
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    pub(crate) fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.text.len() >= MAX_TEXT || self.pairs.len() >= MAX_PAIRS
    }

    /// Forgets the pairs. Memory is kept for the next use, but not that of a freak.
    #[inline]
    pub(crate) fn clear(&mut self) {
        if !self.text.is_empty() || !self.pairs.is_empty() || self.lost > 0 {
            self.clear_all();
        }
    }

    fn clear_all(&mut self) {
        self.text.clear();
        self.pairs.clear();
        self.text.shrink_to(USUAL_TEXT);
        self.pairs.shrink_to(USUAL_PAIRS);
        self.unused = 0;
        self.lost = 0;
    }

    /// Writes text into the buffer's memory; `None` when there is no room for it. What is too long by
    /// itself is cut at a character, and a NUL, at which C clients and servers end their strings, becomes
    /// U+FFFD, as `CommonMark` does it.
    pub(crate) fn write(&mut self, text: fmt::Arguments<'_>) -> Option<Span> {
        let start = self.text.len();
        // `Err` comes from a `Display` that gave up, or is the cut: what stands, stands.
        let _ = fmt::write(&mut Cut { text: &mut self.text, end: start + MAX_WORD }, text);
        self.seal(start)
    }

    /// [`write`](Self::write) for plain text, without the machinery of `fmt`.
    pub(crate) fn write_str(&mut self, text: &str) -> Option<Span> {
        let start = self.text.len();
        self.text.push_str(cut(text, MAX_WORD));
        self.seal(start)
    }

    /// [`write_str`](Self::write_str) for what is short and has no NUL.
    #[inline]
    pub(crate) fn write_short(&mut self, text: &str) -> Option<Span> {
        let start = self.text.len();
        self.text.push_str(text);
        self.span_from(start)
    }

    /// The text of `name`, a dot and `key`.
    pub(crate) fn write_nested(&mut self, name: Span, key: fmt::Arguments<'_>) -> Option<Span> {
        let start = self.text.len();
        match name {
            Span::Literal(name) => self.text.push_str(name.text),
            Span::Stored { start, end } => {
                self.text.extend_from_within(start as usize..end as usize);
            }
        }
        self.text.push('.');
        let _ = fmt::write(&mut Cut { text: &mut self.text, end: start + MAX_WORD }, key);
        self.seal(start)
    }

    fn seal(&mut self, start: usize) -> Option<Span> {
        if self.text.as_bytes()[start..].contains(&0) {
            let clean = self.text[start..].replace('\0', "\u{FFFD}");
            self.text.truncate(start);
            self.text.push_str(cut(&clean, MAX_WORD));
        }
        self.span_from(start)
    }

    #[inline]
    fn span_from(&mut self, start: usize) -> Option<Span> {
        if self.text.len() > MAX_TEXT {
            self.text.truncate(start);
            self.lost += 1;
            return None;
        }
        let [start, end] = [start, self.text.len()].map(u32::try_from);
        Some(Span::Stored { start: start.ok()?, end: end.ok()? })
    }

    /// Adds a pair whose value was written last. `false` when it is there already, or does not fit.
    #[inline]
    pub(crate) fn push(&mut self, name: Span, value: Span) -> bool {
        let pair = Pair { name, value };
        // A list of thousand equal items is one pair, and should need the memory of one.
        if self.pairs.last().is_some_and(|last| last.get(&self.text) == pair.get(&self.text)) {
            if let Span::Stored { start, .. } = value {
                self.text.truncate(start as usize);
            }
            false
        } else if self.pairs.len() < MAX_PAIRS {
            self.pairs.push(pair);
            true
        } else {
            self.lost += 1;
            false
        }
    }

    /// Puts the pairs into their order, without duplicates and without those that `fixed` has.
    #[inline]
    pub(crate) fn normalize(&mut self, fixed: &[StaticPair]) {
        let Self { text, pairs, .. } = self;
        if pairs.len() > 1 {
            pairs.sort_unstable_by(|left, right| left.get(text).cmp(&right.get(text)));
            pairs.dedup_by(|left, right| left.get(text) == right.get(text));
        }
        // There are a few, and most differ in their lengths already.
        let is_fixed = |pair: &Pair| {
            let (name, value) = (pair.name.bytes(text), pair.value.bytes(text));
            fixed.iter().any(|(other, its)| other.as_bytes() == name && its.as_bytes() == value)
        };
        if pairs.iter().any(is_fixed) {
            pairs.retain(|pair| !is_fixed(pair));
        }
    }

    /// Adds a pair that stands elsewhere, unless there is no room for all of it.
    pub(crate) fn push_copy(&mut self, name: &str, value: &str) {
        let start = self.text.len();
        let added = match (self.write_str(name), self.write_str(value)) {
            (Some(name), Some(value)) => self.push(name, value),
            _ => false,
        };
        if !added {
            self.text.truncate(start);
        }
    }

    /// Appends pairs of another buffer and gives the range in which they stand now; `None` when there
    /// is no room left to address them. The size is the caller's to limit.
    pub(crate) fn append(&mut self, other: &Self, range: Range<u32>) -> Option<Range<u32>> {
        let start = u32::try_from(self.pairs.len()).ok()?;
        for pair in other.slice(range) {
            let [name, value] = [pair.name, pair.value].map(|span| self.adopt(span, &other.text));
            self.pairs.push(Pair { name: name?, value: value? });
        }
        Some(start..u32::try_from(self.pairs.len()).ok()?)
    }

    fn adopt(&mut self, span: Span, memory: &str) -> Option<Span> {
        let Span::Stored { .. } = span else { return Some(span) };
        let start = u32::try_from(self.text.len()).ok()?;
        self.text.push_str(span.get(memory));
        Some(Span::Stored { start, end: u32::try_from(self.text.len()).ok()? })
    }

    /// Removes the tag `name`, and the tags below it (`name.key`). The pairs are in order, so both kinds stand
    /// together, though not next to each other: `name-x` comes between them.
    pub(crate) fn remove(&mut self, name: &str) {
        let Self { text, pairs, .. } = self;
        let first_from = |end: &[u8]| {
            let before = |pair: &Pair| {
                pair.name.get(text).bytes().lt(name.bytes().chain(end.iter().copied()))
            };
            pairs.partition_point(before)
        };
        // Nothing comes between `name` and `name\0`, nor between what begins with a dot and a slash.
        let ranges = [first_from(b".")..first_from(b"/"), first_from(b"")..first_from(b"\0")];
        for range in ranges {
            self.unused += self.pairs.drain(range).map(Pair::stored).sum::<usize>();
        }
        self.compact();
    }

    /// Sets the tags of `set`, instead of what [`remove`](Self::remove) would remove for each of their names and
    /// for `name`. Both are in order, and stay so.
    pub(crate) fn replace(&mut self, name: Option<&str>, set: TagSet<'_>) {
        let mut before = None;
        for name in name.into_iter().chain(set.iter().map(|(name, _)| name)) {
            if before.replace(name) != Some(name) {
                self.remove(name);
            }
        }
        for (name, value) in set.iter() {
            self.insert_copy(name, value);
        }
    }

    fn insert_copy(&mut self, name: &str, value: &str) {
        let length = self.pairs.len();
        self.push_copy(name, value);
        if self.pairs.len() > length
            && let Some(pair) = self.pairs.pop()
        {
            // Only now it is known what the pair became: long text is cut.
            let text = &self.text;
            let place = self.pairs.binary_search_by(|other| other.get(text).cmp(&pair.get(text)));
            match place {
                Ok(_) => self.unused += pair.stored(),
                Err(place) => self.pairs.insert(place, pair),
            }
        }
    }

    /// Forgets text that no pair uses any more once there is some of it, so that a tag that is set in a loop
    /// takes no more and more.
    fn compact(&mut self) {
        if self.pairs.is_empty() {
            self.text.clear();
            self.unused = 0;
        } else if self.text.len() > MAX_TEXT / 2 && self.unused > MAX_WORD {
            let mut compact = Self::new();
            let all = 0..u32::try_from(self.pairs.len()).unwrap_or(u32::MAX);
            if compact.append(self, all).is_some() {
                *self = Self { lost: self.lost, ..compact };
            }
        }
    }

    /// Of all its pairs.
    #[inline]
    pub(crate) fn hash(&self) -> u64 {
        let mut hash = 0_u64;
        for pair in &self.pairs {
            for word in [pair.name, pair.value] {
                // Rotated, so that the order of the words counts.
                hash = hash.rotate_left(5) ^ word.hash(&self.text);
            }
        }
        hash
    }

    /// Whether the other one has the same pairs.
    #[inline]
    pub(crate) fn has_pairs_of(&self, other: &Self) -> bool {
        let is_same = |one: Span, another: Span| match (one, another) {
            (Span::Literal(one), Span::Literal(another)) if ptr::eq(one, another) => true,
            _ => one.bytes(&self.text) == another.bytes(&other.text),
        };
        self.pairs.len() == other.pairs.len()
            && self.pairs.iter().zip(&other.pairs).all(|(one, another)| {
                is_same(one.name, another.name) && is_same(one.value, another.value)
            })
    }

    /// All the pairs together with those known at compile time. Both must be in order.
    #[inline]
    pub(crate) fn set(&self, fixed: Fixed) -> TagSet<'_> {
        TagSet { fixed, extra: &self.pairs, text: &self.text }
    }

    /// The pairs of `range` together with those known at compile time. Both must be in order.
    #[inline]
    pub(crate) fn set_in(&self, fixed: Fixed, range: Range<u32>) -> TagSet<'_> {
        TagSet { fixed, extra: self.slice(range), text: &self.text }
    }

    #[inline]
    fn slice(&self, range: Range<u32>) -> &[Pair] {
        if range.is_empty() {
            return &[];
        }
        self.pairs.get(range.start as usize..range.end as usize).unwrap_or_default()
    }
}

/// `true` for `name` itself and for what a map under it flattens to, `name.key`.
pub(crate) fn is_or_is_below(candidate: &str, name: &str) -> bool {
    candidate.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// No more than `length` bytes of the text, ending at a character.
#[inline]
pub(crate) fn cut(text: &str, length: usize) -> &str {
    if text.len() <= length {
        return text;
    }
    let mut end = length;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Stops at the end, on a character's boundary.
struct Cut<'a> {
    text: &'a mut String,
    end: usize,
}

impl fmt::Write for Cut<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let part = cut(text, self.end.saturating_sub(self.text.len()));
        self.text.push_str(part);
        if part.len() == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

/// Pairs that are made at run time, in order.
#[derive(Clone, Debug)]
pub(crate) struct Extra<'a> {
    pairs: &'a [Pair],
    memory: &'a str,
}

impl<'a> Extra<'a> {
    /// The next one, if it stands before that pair.
    #[inline]
    pub(crate) fn next_before(&mut self, name: &str, value: &str) -> Option<[Text<'a>; 2]> {
        let (first, _) = self.pairs.split_first()?;
        let pair = first.get(self.memory);
        // Names differ in their first byte mostly.
        let [a, b] = [pair.0, name].map(|name| name.as_bytes().first());
        let is_before = if a == b { pair < (name, value) } else { a < b };
        if is_before { self.next() } else { None }
    }
}

impl<'a> Iterator for Extra<'a> {
    type Item = [Text<'a>; 2];

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (first, others) = self.pairs.split_first()?;
        self.pairs = others;
        Some([first.name.text(self.memory), first.value.text(self.memory)])
    }
}

/// A view on one flattened set of tags, in order and without duplicates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TagSet<'a> {
    fixed: Fixed,
    extra: &'a [Pair],
    text: &'a str,
}

impl<'a> TagSet<'a> {
    pub(crate) const EMPTY: Self = Self { fixed: None, extra: &[], text: "" };

    #[inline]
    pub(crate) fn len(&self) -> usize {
        pairs_of(self.fixed).len() + self.extra.len()
    }

    /// The pairs known at compile time.
    #[inline]
    pub(crate) fn fixed(&self) -> Fixed {
        self.fixed
    }

    /// The others.
    #[inline]
    pub(crate) fn extra(&self) -> Extra<'a> {
        Extra { pairs: self.extra, memory: self.text }
    }

    /// Where in a table of so many slots, a power of two, an equal set is looked for.
    #[expect(clippy::cast_possible_truncation, reason = "only the low bits are used")]
    pub(crate) fn hash(self, slots: usize) -> usize {
        let words = self.iter().flat_map(|(name, value)| [name, value]);
        let hash = words.fold(0_u64, |hash, word| {
            // Rotated, so that the order of the words counts.
            hash.rotate_left(5) ^ dictionary::hash(word.as_bytes())
        });
        hash as usize & (slots - 1)
    }

    pub(crate) fn equals(self, other: Self) -> bool {
        // Those of one place in the program, which are the most.
        let same = ptr::eq(pairs_of(self.fixed), pairs_of(other.fixed))
            && self.extra.is_empty()
            && other.extra.is_empty();
        same || (self.len() == other.len() && self.iter().eq(other.iter()))
    }

    /// The pairs as text of their own.
    pub(crate) fn to_vec(self) -> Vec<(String, String)> {
        self.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut fixed = pairs_of(self.fixed).iter().copied().peekable();
        let mut extra = self.extra.iter().map(move |pair| pair.get(self.text)).peekable();
        std::iter::from_fn(move || match (fixed.peek(), extra.peek()) {
            (Some(left), Some(right)) if right < left => extra.next(),
            (Some(_), _) => fixed.next(),
            (None, _) => extra.next(),
        })
    }
}

#[cfg(test)]
mod tests;
