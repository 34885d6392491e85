//! The words of one packet, each once, with their ids in order of first use.

use std::hash::{BuildHasher, RandomState};

use once_cell::sync::OnceCell;

/// A table of this many slots is cleared in a few instructions; larger ones are grown when needed.
const SMALLEST_TABLE: usize = 64;

const EMPTY: u32 = u32::MAX;

/// Finds a word's id by its content, in constant time. Its memory is reused from packet to packet.
#[derive(Debug, Default)]
pub(crate) struct Dictionary<'a> {
    words: Vec<Word<'a>>,
    /// Open addressing: ids, at most half of the slots taken.
    table: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Word<'a> {
    hash: u64,
    text: &'a str,
}

impl<'a> Dictionary<'a> {
    pub(crate) fn id(&mut self, text: &'a str) -> u32 {
        if self.words.len() * 2 >= self.table.len() {
            self.grow();
        }
        let hash = hash(text.as_bytes());
        let mut slot = self.slot_of(hash);
        loop {
            match self.table[slot] {
                EMPTY => break,
                id if self.words[id as usize].is(hash, text) => return id,
                _ => slot = (slot + 1) & (self.table.len() - 1),
            }
        }
        let id = u32::try_from(self.words.len()).unwrap_or(EMPTY);
        self.table[slot] = id;
        self.words.push(Word { hash, text });
        id
    }

    pub(crate) fn words(&self) -> impl Iterator<Item = &'a str> {
        self.words.iter().map(|word| word.text)
    }

    /// Forgets the words and keeps the memory, for words that live elsewhere.
    pub(crate) fn recycle<'b>(mut self) -> Dictionary<'b> {
        self.words.clear();
        self.table.truncate(SMALLEST_TABLE);
        self.table.fill(EMPTY);
        Dictionary {
            // The standard library collects a vector's own iterator in place when the types have the
            // same layout, so this changes the lifetime and nothing else.
            words: self.words.into_iter().map(|_| Word { hash: 0, text: "" }).collect(),
            table: self.table,
        }
    }

    fn grow(&mut self) {
        let slots = (self.table.len() * 2).max(SMALLEST_TABLE);
        self.table.clear();
        self.table.resize(slots, EMPTY);
        for id in 0..self.words.len() {
            let mut slot = self.slot_of(self.words[id].hash);
            while self.table[slot] != EMPTY {
                slot = (slot + 1) & (self.table.len() - 1);
            }
            self.table[slot] = u32::try_from(id).unwrap_or(EMPTY);
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "only the low bits are used")]
    fn slot_of(&self, hash: u64) -> usize {
        hash as usize & (self.table.len() - 1)
    }
}

impl Word<'_> {
    fn is(&self, hash: u64, text: &str) -> bool {
        self.hash == hash && self.text == text
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

    #[test]
    fn ids_follow_the_first_use() {
        let mut dictionary = Dictionary::default();
        let ids = ["b", "a", "b", "", "c", "a", ""].map(|word| dictionary.id(word));
        assert_eq!(ids, [0, 1, 0, 2, 3, 1, 2]);
        assert_eq!(dictionary.words().collect::<Vec<_>>(), ["b", "a", "", "c"]);
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
    fn a_recycled_dictionary_is_empty_and_keeps_its_memory() {
        let mut dictionary = Dictionary::default();
        for word in ["a", "b", "c"] {
            dictionary.id(word);
        }
        let memory = dictionary.words.as_ptr() as usize;
        let mut dictionary = dictionary.recycle();
        assert_eq!(dictionary.words.as_ptr() as usize, memory);
        assert_eq!(dictionary.id("c"), 0);
    }
}
