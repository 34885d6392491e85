//! The words of one packet, each once, with their ids in order of first use.

use std::hash::{BuildHasher, RandomState};

use once_cell::sync::OnceCell;

use crate::tags::Literal;
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
    /// The ids of literals, by their number, where that word is the literal: so that nothing has to be cleared.
    literals: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Word {
    hash: u64,
    /// Where its text stands in [`Dictionary::encoded`].
    start: u32,
    end: u32,
    /// The number of the literal, or [`EMPTY`].
    literal: u32,
    /// All of it, if it is [`short`].
    short: u64,
}

impl Dictionary {
    /// The id of one of the program's literals.
    pub(crate) fn id_of_literal(&mut self, literal: &Literal) -> u32 {
        let at = literal.number as usize;
        if let Some(&id) = self.literals.get(at)
            && self.words.get(id as usize).is_some_and(|word| word.literal == literal.number)
        {
            return id;
        }
        let slot = if self.listed > 0 { self.find(literal.hash, literal.text) } else { Err(None) };
        let id = slot.unwrap_or_else(|slot| {
            self.encoded.extend_from_slice(literal.encoded);
            self.push(literal.hash, literal.text, slot)
        });
        if at >= self.literals.len() {
            self.literals.resize(at + 1, EMPTY);
        }
        self.literals[at] = id;
        self.words[id as usize].literal = literal.number;
        id
    }

    pub(crate) fn id(&mut self, text: &str) -> u32 {
        let hash = hash(text.as_bytes());
        self.find(hash, text).unwrap_or_else(|slot| {
            put_string(&mut self.encoded, DICTIONARY, text);
            self.push(hash, text, slot)
        })
    }

    /// The word's id, or the slot of the table that it has to get.
    fn find(&mut self, hash: u64, text: &str) -> Result<u32, Option<usize>> {
        if self.listed < self.words.len() || (self.words.len() + 1) * 2 > self.table.len() {
            self.list();
        }
        let mut slot = self.slot_of(hash);
        loop {
            match self.table[slot] {
                EMPTY => return Err(Some(slot)),
                id if self.is(self.words[id as usize], hash, text) => return Ok(id),
                _ => slot = (slot + 1) & (self.table.len() - 1),
            }
        }
    }

    /// Adds the word that was encoded last.
    fn push(&mut self, hash: u64, text: &str, slot: Option<usize>) -> u32 {
        let id = self.len();
        let end = saturate(self.encoded.len() as u64);
        let start = end.saturating_sub(saturate(text.len() as u64));
        self.words.push(Word { hash, start, end, literal: EMPTY, short: short(text.as_bytes()) });
        if let Some(slot) = slot {
            self.table[slot] = id;
            self.listed += 1;
        }
        id
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.words.len()).unwrap_or(EMPTY)
    }

    /// The first so many words in order, each with its key.
    #[inline]
    pub(crate) fn encoded(&self, words: u32) -> &[u8] {
        &self.encoded[..self.end_of(words as usize)]
    }

    /// Where the first so many words end.
    #[inline]
    fn end_of(&self, words: usize) -> usize {
        words.checked_sub(1).map_or(0, |last| self.words[last].end as usize)
    }

    /// Forgets all but the first so many words, and keeps the memory.
    pub(crate) fn truncate(&mut self, words: u32) {
        let words = words as usize;
        if self.words.len() > words {
            self.encoded.truncate(self.end_of(words));
            self.words.truncate(words);
        }
        if self.listed > words {
            self.table.truncate(SMALLEST_TABLE);
            self.table.fill(EMPTY);
            self.listed = 0;
        }
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
            let mut slot = self.slot_of(self.words[id].hash);
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

    #[inline]
    fn is(&self, word: Word, hash: u64, text: &str) -> bool {
        let is_short = text.len() <= SHORT;
        word.hash == hash
            && (word.end - word.start) as usize == text.len()
            && word.short == short(text.as_bytes())
            && (is_short || self.text(word) == text.as_bytes())
    }
}

/// A folded multiplication for every eight bytes: a few instructions for words as short as tags are,
/// where the standard library's `SipHash` takes sixty. Seeded for each process, so that nobody outside
/// can choose words that collide.
#[inline]
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    static SEED: OnceCell<u64> = OnceCell::new();
    let seed = *SEED.get_or_init(|| RandomState::new().hash_one(0));
    let state = seed ^ bytes.len() as u64;
    match bytes.last_chunk() {
        None => fold(state ^ short(bytes)),
        // What is left of the last eight bytes is mixed in with some that were before.
        Some(last) => {
            let whole = bytes.chunks_exact(8).map(short);
            fold(whole.fold(state, |state, chunk| fold(state ^ chunk)) ^ u64::from_le_bytes(*last))
        }
    }
}

/// Bytes of which [`short`] tells all.
const SHORT: usize = 8;

/// Up to eight bytes as a number, different for each text of the same length; of more, some of them.
#[inline]
fn short(bytes: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last));
    }
    let [Some(first), Some(middle), Some(last)] =
        [bytes.first(), bytes.get(bytes.len() / 2), bytes.last()]
    else {
        return 0;
    };
    u64::from(*first) << 16 | u64::from(*middle) << 8 | u64::from(*last)
}

#[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
#[inline]
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
        assert_eq!(dictionary.encoded(4), b"\x7a\x01b\x7a\x01a\x7a\x00\x7a\x01c");
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
        let literal = |number, text| Literal::new(number, text);
        let mut dictionary = Dictionary::default();
        for _ in 0..3 {
            assert_eq!(dictionary.id_of_literal(&literal(7, "a")), 0);
            assert_eq!(dictionary.id("b"), 1);
            assert_eq!(dictionary.id("a"), 0);
            assert_eq!(dictionary.id_of_literal(&literal(2, "b")), 1);
            assert_eq!(dictionary.id_of_literal(&literal(3, "c")), 2);
            assert_eq!(dictionary.id("c"), 2);
            assert_eq!(dictionary.id_of_literal(&literal(7, "a")), 0);
            assert_eq!(words(&dictionary), ["a", "b", "c"]);
            dictionary.truncate(0);
        }
    }

    #[test]
    fn what_was_cut_off_gets_its_ids_anew() {
        let literal = |number, text| Literal::new(number, text);
        let mut dictionary = Dictionary::default();
        for (number, text) in [(0, "a"), (1, "b"), (2, "c")] {
            assert_eq!(dictionary.id_of_literal(&literal(number, text)), number);
        }
        assert_eq!(dictionary.encoded(2), b"\x7a\x01a\x7a\x01b");
        dictionary.truncate(1);
        assert_eq!(dictionary.id_of_literal(&literal(2, "c")), 1);
        assert_eq!(dictionary.id_of_literal(&literal(1, "b")), 2);
        assert_eq!((dictionary.id("d"), dictionary.id("b"), dictionary.id("a")), (3, 2, 0));
        dictionary.truncate(3);
        assert_eq!((dictionary.id("e"), dictionary.id("d"), dictionary.id("c")), (3, 4, 1));
        assert_eq!(words(&dictionary), ["a", "c", "b", "e", "d"]);
    }

    #[test]
    fn literals_that_were_not_listed_are_found_in_a_table_that_grows() {
        let literals: Vec<_> =
            (0..1000_u32).map(|n| Literal::new(n, format!("word {n}").leak())).collect();
        let mut dictionary = Dictionary::default();
        for literal in &literals {
            dictionary.id_of_literal(literal);
        }
        for literal in &literals {
            assert_eq!(dictionary.id(literal.text), literal.number);
        }
        assert_eq!(dictionary.len(), 1000);
    }

    #[test]
    fn a_cleared_dictionary_is_empty() {
        let mut dictionary = Dictionary::default();
        for word in ["a", "b", "c"] {
            dictionary.id(word);
        }
        dictionary.truncate(0);
        assert_eq!((dictionary.len(), dictionary.id("c")), (0, 0));
    }
}
