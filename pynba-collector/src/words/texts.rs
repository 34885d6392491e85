//! What readers see of the words: their texts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Word;

use crate::text::Text;

pub(super) type Shared = Arc<[u8]>;

/// The texts of all words, at some moment.
#[derive(Clone, Debug)]
pub(crate) struct Texts {
    /// All of them full but for the last. Shared with others, until one of them changes it.
    segments: Vec<Arc<Vec<Shared>>>,
    generation: Generation,
}

/// What was found out about words by their text holds as long as this stays the same.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Generation {
    /// Of which store they are the words: none has the number 0.
    pub(crate) store: u64,
    /// How often a word got another text.
    replaced: u64,
}

impl Generation {
    fn of_another_store() -> Self {
        static STORES: AtomicU64 = AtomicU64::new(1);

        Self { store: STORES.fetch_add(1, Ordering::Relaxed), replaced: 0 }
    }
}

/// Words for each of [`Texts::segments`].
const SEGMENT: usize = 256;

impl Texts {
    /// Those of a new store: none.
    pub(super) fn new() -> Self {
        Self { segments: Vec::new(), generation: Generation::of_another_store() }
    }

    pub(crate) fn get(&self, word: Word) -> &[u8] {
        &self.segments[word.index() / SEGMENT][word.index() % SEGMENT]
    }

    pub(crate) fn text(&self, word: Word) -> Text<'_> {
        Text::new(self.get(word), word)
    }

    /// The number after that of the last word.
    pub(crate) fn len(&self) -> usize {
        let Some((last, full)) = self.segments.split_last() else { return 0 };
        full.len() * SEGMENT + last.len()
    }

    pub(crate) fn generation(&self) -> Generation {
        self.generation
    }

    pub(super) fn push(&mut self, text: Shared) {
        match self.segments.last_mut() {
            Some(last) if last.len() < SEGMENT => Arc::make_mut(last).push(text),
            _ => self.segments.push(Arc::new(vec![text])),
        }
    }

    pub(super) fn replace(&mut self, word: Word, text: Shared) {
        let segment = &mut self.segments[word.index() / SEGMENT];
        Arc::make_mut(segment)[word.index() % SEGMENT] = text;
        self.generation.replaced += 1;
    }
}
