//! The words of one packet, each once, with their ids in order of first use.

use std::hash::{BuildHasher, RandomState};

use once_cell::sync::OnceCell;

use crate::tags;
use crate::wire::{DICTIONARY, put_string, saturate};

/// A table of this many slots is cleared in a few instructions; larger ones are grown when needed.
const SMALLEST_TABLE: usize = 64;

const EMPTY: u32 = u32::MAX;

/// Finds a word's id, in constant time: that of a literal by its number, that of other text by its content. Its
/// memory is reused from packet to packet.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    /// The words as the packet has them.
    encoded: Vec<u8>,
    words: Vec<Word>,
    /// Open addressing: ids, at most half of the slots taken.
    table: Vec<u32>,
    /// How many of the words are in the table. Literals differ from each other, so that those before the first
    /// other text need not be.
    listed: usize,
    literals: Stamps,
}

#[derive(Clone, Copy, Debug)]
struct Word {
    hash: u64,
    /// Where its text stands in [`Dictionary::encoded`].
    start: u32,
    end: u32,
}

impl Dictionary {
    /// The id of the program's literal of that number.
    #[inline]
    pub(crate) fn id_of_literal(&mut self, literal: tags::Word) -> u32 {
        if let Some(id) = self.literals.get(literal.number) {
            return id;
        }
        let id = if self.listed > 0 { self.id(literal.text) } else { self.push(0, literal.text) };
        self.literals.set(literal.number, id);
        id
    }

    pub(crate) fn id(&mut self, text: &str) -> u32 {
        self.list();
        let hash = hash(text.as_bytes());
        let mut slot = self.slot_of(hash);
        loop {
            match self.table[slot] {
                EMPTY => break,
                id if self.is(self.words[id as usize], hash, text) => return id,
                _ => slot = (slot + 1) & (self.table.len() - 1),
            }
        }
        let id = self.push(hash, text);
        self.table[slot] = id;
        self.listed += 1;
        id
    }

    fn push(&mut self, hash: u64, text: &str) -> u32 {
        let id = self.len();
        put_string(&mut self.encoded, DICTIONARY, text);
        let end = saturate(self.encoded.len() as u64);
        let start = end.saturating_sub(saturate(text.len() as u64));
        self.words.push(Word { hash, start, end });
        id
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.words.len()).unwrap_or(EMPTY)
    }

    /// The words in order, each with its key.
    pub(crate) fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// Forgets the words and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.encoded.clear();
        self.words.clear();
        if self.listed > 0 {
            self.table.truncate(SMALLEST_TABLE);
            self.table.fill(EMPTY);
            self.listed = 0;
        }
        self.literals.forget();
    }

    /// Sees to it that every word is in the table, and that there is room for one more.
    fn list(&mut self) {
        if (self.words.len() + 1) * 2 > self.table.len() {
            let slots = ((self.words.len() + 1) * 2).next_power_of_two().max(SMALLEST_TABLE);
            self.table.clear();
            self.table.resize(slots, EMPTY);
            self.listed = 0;
        }
        for id in self.listed..self.words.len() {
            let hash = hash(self.text(self.words[id]));
            self.words[id].hash = hash;
            let mut slot = self.slot_of(hash);
            while self.table[slot] != EMPTY {
                slot = (slot + 1) & (self.table.len() - 1);
            }
            self.table[slot] = u32::try_from(id).unwrap_or(EMPTY);
        }
        self.listed = self.words.len();
    }

    #[expect(clippy::cast_possible_truncation, reason = "only the low bits are used")]
    fn slot_of(&self, hash: u64) -> usize {
        hash as usize & (self.table.len() - 1)
    }

    fn text(&self, word: Word) -> &[u8] {
        &self.encoded[word.start as usize..word.end as usize]
    }

    fn is(&self, word: Word, hash: u64, text: &str) -> bool {
        word.hash == hash && self.text(word) == text.as_bytes()
    }
}

/// A value for some of the numbers from 0, all forgotten at once.
#[derive(Debug)]
pub(crate) struct Stamps {
    round: u32,
    entries: Vec<Stamp>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Stamp {
    /// Its value is from this round.
    round: u32,
    value: u32,
}

impl Default for Stamps {
    fn default() -> Self {
        // 0 is that of entries that were never set.
        Self { round: 1, entries: Vec::new() }
    }
}

impl Stamps {
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<u32> {
        let stamp = self.entries.get(number as usize)?;
        (stamp.round == self.round).then_some(stamp.value)
    }

    pub(crate) fn set(&mut self, number: u32, value: u32) {
        let at = number as usize;
        if at >= self.entries.len() {
            self.entries.resize(at + 1, Stamp::default());
        }
        self.entries[at] = Stamp { round: self.round, value };
    }

    pub(crate) fn forget(&mut self) {
        self.round = self.round.checked_add(1).unwrap_or_else(|| {
            self.entries.clear();
            1
        });
    }
}

/// A folded multiplication for every eight bytes: a few instructions for words as short as tags are,
/// where the standard library's `SipHash` takes sixty. Seeded for each process, so that nobody outside
/// can choose words that collide.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    static SEED: OnceCell<u64> = OnceCell::new();
    let seed = *SEED.get_or_init(|| RandomState::new().hash_one(0));
    let mut chunks = bytes.chunks_exact(8);
    let mut state = seed ^ bytes.len() as u64;
    for chunk in &mut chunks {
        state = fold(state ^ number(chunk));
    }
    fold(state ^ number(chunks.remainder()))
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

#[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
fn fold(value: u64) -> u64 {
    // The fractional part of the golden ratio: odd, and its bits are evenly spread.
    const MULTIPLIER: u128 = 0x9e37_79b9_7f4a_7c15;
    let product = u128::from(value) * MULTIPLIER;
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(dictionary: &Dictionary) -> Vec<&str> {
        let text = |word: &Word| std::str::from_utf8(dictionary.text(*word)).unwrap();
        dictionary.words.iter().map(text).collect()
    }

    #[test]
    fn ids_follow_the_first_use() {
        let mut dictionary = Dictionary::default();
        let ids = ["b", "a", "b", "", "c", "a", ""].map(|word| dictionary.id(word));
        assert_eq!(ids, [0, 1, 0, 2, 3, 1, 2]);
        assert_eq!(words(&dictionary), ["b", "a", "", "c"]);
        assert_eq!(dictionary.encoded(), b"\x7a\x01b\x7a\x01a\x7a\x00\x7a\x01c");
    }

    #[test]
    fn thousands_of_words_keep_their_ids() {
        let words: Vec<String> = (0..10_000).map(|n| format!("word {n}")).collect();
        let mut dictionary = Dictionary::default();
        for round in 0..2 {
            for (id, word) in words.iter().enumerate() {
                assert_eq!(dictionary.id(word) as usize, id, "round {round}");
            }
        }
    }

    #[test]
    fn a_literal_and_equal_text_are_one_word() {
        let literal = |number, text| tags::Word { number, text };
        let mut dictionary = Dictionary::default();
        for _ in 0..3 {
            assert_eq!(dictionary.id_of_literal(literal(7, "a")), 0);
            assert_eq!(dictionary.id("b"), 1);
            assert_eq!(dictionary.id("a"), 0);
            assert_eq!(dictionary.id_of_literal(literal(2, "b")), 1);
            assert_eq!(dictionary.id_of_literal(literal(3, "c")), 2);
            assert_eq!(dictionary.id("c"), 2);
            assert_eq!(dictionary.id_of_literal(literal(7, "a")), 0);
            assert_eq!(words(&dictionary), ["a", "b", "c"]);
            dictionary.clear();
        }
    }

    #[test]
    fn literals_that_were_not_listed_are_found_in_a_table_that_grows() {
        let literals: Vec<_> = (0..1000_u32)
            .map(|n| tags::Word { number: n, text: format!("word {n}").leak() })
            .collect();
        let mut dictionary = Dictionary::default();
        for literal in &literals {
            dictionary.id_of_literal(*literal);
        }
        for literal in &literals {
            assert_eq!(dictionary.id(literal.text), literal.number);
        }
        assert_eq!(dictionary.len(), 1000);
    }

    #[test]
    fn stamps_outlive_their_counter() {
        let mut stamps = Stamps { round: u32::MAX - 1, entries: Vec::new() };
        for _ in 0..4 {
            assert_eq!(stamps.get(3), None);
            stamps.set(3, 5);
            assert_eq!((stamps.get(3), stamps.get(2), stamps.get(4)), (Some(5), None, None));
            stamps.forget();
        }
    }

    #[test]
    fn a_cleared_dictionary_is_empty() {
        let mut dictionary = Dictionary::default();
        for word in ["a", "b", "c"] {
            dictionary.id(word);
        }
        dictionary.clear();
        assert_eq!((dictionary.len(), dictionary.id("c")), (0, 0));
    }
}
