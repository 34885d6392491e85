//! What texts were found to be, each asked once.

use crate::query::Pattern;
use crate::words::{Texts, Word};

#[derive(Debug)]
pub(super) struct NameOfTag(TextTest);

/// Asks a text once.
#[derive(Debug)]
pub(super) struct TextTest {
    is: Pattern,
    negated: bool,
    /// By word. `None` where it was not asked yet.
    answers: Vec<Option<bool>>,
}

impl TextTest {
    pub(super) fn new(is: Pattern, negated: bool) -> Self {
        Self { is, negated, answers: Vec::new() }
    }

    pub(super) fn fits(&mut self, word: Word, texts: &Texts) -> bool {
        if self.answers.len() <= word.index() {
            self.answers.resize(texts.len(), None);
        }
        let answer = &mut self.answers[word.index()];
        *answer.get_or_insert_with(|| self.is.fits(texts.get(word)) != self.negated)
    }

    /// One that is not a text, but is asked for as if it were.
    pub(super) fn fits_number(&self, number: u32) -> bool {
        self.is.fits(number.to_string().as_bytes()) != self.negated
    }

    /// What words are may have changed.
    pub(super) fn forget(&mut self) {
        self.answers.clear();
    }

    /// Whether any of the values under the name fits; where nothing may, whether none does.
    pub(super) fn fits_any(
        &mut self,
        name: &mut NameOfTag,
        pairs: &[(Word, Word)],
        texts: &Texts,
    ) -> bool {
        let mut values = pairs.iter().filter(|(of, _)| name.0.fits(*of, texts));
        if self.negated {
            values.all(|(_, value)| self.fits(*value, texts))
        } else {
            values.any(|(_, value)| self.fits(*value, texts))
        }
    }
}

impl NameOfTag {
    pub(super) fn new(name: &str) -> Self {
        let is = Pattern::Exactly(name.to_owned());
        Self(TextTest::new(is, false))
    }

    pub(super) fn forget(&mut self) {
        self.0.forget();
    }

    /// The value that the servers' reports see, too.
    pub(super) fn first(&mut self, pairs: &[(Word, Word)], texts: &Texts) -> Option<Word> {
        pairs.iter().find(|(name, _)| self.0.fits(*name, texts)).map(|(_, value)| *value)
    }
}
