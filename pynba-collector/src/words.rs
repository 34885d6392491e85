//! Every text once: what requests keep of their names and tags are numbers.
//!
//! The one who stores packets owns [`Words`], readers own [`Texts`], which share memory with it: taking them copies
//! some pointers, and what is interned later never changes what they say.

mod texts;

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

pub(crate) use self::texts::{Generation, Texts};

use self::texts::Shared;

use crate::successors::Successors;

/// A text, as a number. Means something together with the [`Snapshot`](crate::Snapshot) that it is from.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Word(pub(crate) u32);

impl Word {
    /// The text without any byte.
    pub(crate) const EMPTY: Self = Self(0);
    /// What stands for the texts that found no room.
    pub(crate) const OTHER: Self = Self(1);

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What stands for texts, and for rows of reports, that found no room.
pub const OTHER: &str = "(other)";

/// Longer texts are cut here, bytes. No server keeps more than 128 (`pinba_engine`'s script names), and texts as
/// long as a datagram would leave no room for others.
pub const LONGEST_TEXT: usize = 1024;

/// What a text takes besides its bytes: the entry, the reader's pointer, the table's slot, and the allocation's
/// own counters.
const OVERHEAD: usize = size_of::<Entry>() + size_of::<Shared>() + size_of::<Word>() * 2 + 32;

#[derive(Debug)]
pub(crate) struct Words {
    hasher: DefaultHashBuilder,
    table: HashTable<Word>,
    entries: Vec<Entry>,
    texts: Texts,
    free: Vec<Word>,
    successors: Successors,
    bytes: usize,
    limits: Limits,
    /// Nothing has become unused since the chunk of this number was the oldest.
    swept_for: u64,
    spilled: u64,
}

#[derive(Debug)]
struct Entry {
    text: Shared,
    hash: u64,
    /// The number of the last chunk that uses it.
    last_used: u64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) words: usize,
    pub(crate) bytes: usize,
}

impl Words {
    pub(crate) fn new(limits: Limits) -> Self {
        let mut words = Self {
            hasher: DefaultHashBuilder::default(),
            table: HashTable::new(),
            entries: Vec::new(),
            texts: Texts::new(),
            free: Vec::new(),
            successors: Successors::default(),
            bytes: 0,
            limits,
            swept_for: 0,
            spilled: 0,
        };
        for (text, word) in [("", Word::EMPTY), (OTHER, Word::OTHER)] {
            let hash = words.hasher.hash_one(text.as_bytes());
            // For ever: no chunk has a larger number.
            let entered = words.enter(text.as_bytes(), hash, u64::MAX);
            debug_assert_eq!(entered, word);
        }
        words
    }

    /// The word of a text, for the chunk `user`, while `oldest` is the oldest chunk that anybody can ask for.
    pub(crate) fn intern(&mut self, text: &[u8], user: u64, oldest: u64) -> Word {
        let text = cut(text);
        let word = self.guess(text).unwrap_or_else(|| self.find_or_enter(text, user, oldest));
        let last_used = &mut self.entries[word.index()].last_used;
        *last_used = (*last_used).max(user);
        self.successors.learn(word.0);
        word
    }

    #[inline]
    fn guess(&self, text: &[u8]) -> Option<Word> {
        self.successors.guess().map(Word).filter(|word| *self.entries[word.index()].text == *text)
    }

    fn find_or_enter(&mut self, text: &[u8], user: u64, oldest: u64) -> Word {
        let hash = self.hasher.hash_one(text);
        let is_it = |word: &Word| {
            let entry = &self.entries[word.index()];
            entry.hash == hash && *entry.text == *text
        };
        if let Some(&word) = self.table.find(hash, is_it) {
            return word;
        }
        if !self.has_room(text) {
            self.sweep(oldest);
            if !self.has_room(text) {
                self.spilled += 1;
                return Word::OTHER;
            }
        }
        self.enter(text, hash, user)
    }

    fn has_room(&self, text: &[u8]) -> bool {
        self.table.len() < self.limits.words && self.bytes + size(text) <= self.limits.bytes
    }

    fn enter(&mut self, text: &[u8], hash: u64, last_used: u64) -> Word {
        let entry = Entry { text: text.into(), hash, last_used };
        self.bytes += size(text);
        let word = if let Some(word) = self.free.pop() {
            self.texts.replace(word, Arc::clone(&entry.text));
            self.entries[word.index()] = entry;
            word
        } else {
            self.texts.push(Arc::clone(&entry.text));
            self.entries.push(entry);
            let index = self.entries.len() - 1;
            Word(u32::try_from(index).expect("there are fewer words than `Limits` allows"))
        };
        let entries = &self.entries;
        self.table.insert_unique(hash, word, |word| entries[word.index()].hash);
        word
    }

    /// Makes room: forgets the words that only older chunks used.
    fn sweep(&mut self, oldest: u64) {
        if self.swept_for >= oldest {
            return;
        }
        self.swept_for = oldest;
        // Words without a text would be taken for the empty one.
        self.successors.forget();
        let (entries, free, bytes) = (&mut self.entries, &mut self.free, &mut self.bytes);
        self.table.retain(|word| {
            let entry = &mut entries[word.index()];
            let stays = entry.last_used >= oldest;
            if !stays {
                *bytes -= size(&entry.text);
                entry.text = Arc::default();
                free.push(*word);
            }
            stays
        });
    }

    /// What readers need.
    pub(crate) fn texts(&self) -> &Texts {
        &self.texts
    }

    /// Memory for all of them, bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// How often a text was filed under [`OTHER`].
    pub(crate) fn spilled(&self) -> u64 {
        self.spilled
    }
}

fn size(text: &[u8]) -> usize {
    text.len() + OVERHEAD
}

/// The text, or as much of it as is kept, whole characters of it where it is UTF-8.
fn cut(text: &[u8]) -> &[u8] {
    if text.len() <= LONGEST_TEXT {
        return text;
    }
    let is_first_of_character = |end: &usize| text[*end] & 0xC0 != 0x80;
    let end = (LONGEST_TEXT - 3..=LONGEST_TEXT).rev().find(is_first_of_character);
    &text[..end.unwrap_or(LONGEST_TEXT)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLENTY: Limits = Limits { words: 1000, bytes: 1 << 20 };

    #[test]
    fn a_text_is_one_word() {
        let mut words = Words::new(PLENTY);
        let names: Vec<String> = (0..600).map(|number| format!("word{number}")).collect();
        let first: Vec<Word> =
            names.iter().map(|name| words.intern(name.as_bytes(), 0, 0)).collect();
        let again: Vec<Word> =
            names.iter().map(|name| words.intern(name.as_bytes(), 0, 0)).collect();
        assert_eq!(first, again);
        for (name, word) in names.iter().zip(first) {
            assert_eq!(words.texts().text(word), name.as_str());
        }
        assert_eq!(words.intern(b"", 0, 0), Word::EMPTY);
        assert_eq!(words.intern(OTHER.as_bytes(), 0, 0), Word::OTHER);
        assert_eq!((words.len(), words.texts().len(), words.spilled()), (602, 602, 0));
    }

    #[test]
    fn what_finds_no_room_is_counted_until_old_words_leave() {
        let mut words = Words::new(Limits { words: 4, ..PLENTY });
        let (a, b) = (words.intern(b"a", 1, 1), words.intern(b"b", 2, 1));
        assert_eq!(words.intern(b"c", 2, 1), Word::OTHER);
        assert_eq!(words.intern(b"a", 1, 1), a);
        let before = words.texts().clone();

        // The first chunk is gone, and with it `a`.
        let c = words.intern(b"c", 2, 2);
        assert_eq!((c, words.spilled()), (a, 1));
        assert_eq!((words.texts().get(c), before.get(a)), (&b"c"[..], &b"a"[..]));
        assert_ne!(words.texts().generation(), before.generation());
        assert_eq!(words.intern(b"b", 3, 2), b);
        assert_eq!(words.intern(b"a", 3, 2), Word::OTHER);
    }

    #[test]
    fn a_word_that_left_is_not_guessed() {
        let mut words = Words::new(Limits { words: 12, ..PLENTY });
        for text in 0..10_u8 {
            words.intern(&[text], 1, 1);
        }
        // Each takes the number of one that left, and those that follow it have no text any more.
        for text in 10..20_u8 {
            words.intern(&[text], 2, 2);
            assert_eq!(words.intern(b"", 2, 2), Word::EMPTY);
        }
    }

    #[test]
    fn bytes_are_bounded_too() {
        let room = 2 * size(b"") + OTHER.len() + size(&[0; 100]);
        let mut words = Words::new(Limits { words: 1000, bytes: room });
        assert_ne!(words.intern(&[1; 100], 1, 1), Word::OTHER);
        assert_eq!(words.intern(&[2; 100], 1, 1), Word::OTHER);
        assert_eq!(words.bytes(), room);
        assert_ne!(words.intern(&[2; 100], 2, 2), Word::OTHER);
        assert_eq!(words.bytes(), room);
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_at_a_character() {
        let mut words = Words::new(PLENTY);
        let long = "ab".repeat(LONGEST_TEXT / 2 - 1) + "a☃";
        let word = words.intern(long.as_bytes(), 0, 0);
        assert_eq!(words.texts().text(word), &long[..LONGEST_TEXT - 1]);
        let binary = [0x80; LONGEST_TEXT + 5];
        let word = words.intern(&binary, 0, 0);
        assert_eq!(*words.texts().get(word), binary[..LONGEST_TEXT]);
    }
}
