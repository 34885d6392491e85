//! Names and values as clients sent them.

use std::borrow::Cow;
use std::fmt;

use crate::words::Word;

/// A name or a value as the client sent it, UTF-8 or not; it begins with
/// [`LONGEST_TEXT`](crate::LONGEST_TEXT) bytes of it if it was longer.
///
/// Where it is shown, what is not UTF-8 becomes `\u{FFFD}`.
#[derive(Clone, Copy)]
pub struct Text<'a> {
    bytes: &'a [u8],
    word: Word,
}

impl<'a> Text<'a> {
    pub(crate) fn new(bytes: &'a [u8], word: Word) -> Self {
        Self { bytes, word }
    }

    /// What came.
    #[must_use]
    pub fn as_bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// What is shown.
    #[must_use]
    pub fn to_str(self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.bytes)
    }

    /// A number that stands for it: the same for equal texts, and another for each other one, in all snapshots of a
    /// store with a request that has it. When none is left the number may become that of another text.
    #[must_use]
    pub fn id(self) -> u32 {
        self.word.0
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.bytes.is_empty()
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_str())
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_str(), f)
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Text<'_> {}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.bytes == other.as_bytes()
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}
