//! Names and values as clients sent them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::{self, Write as _};
use std::hash::{Hash, Hasher};

use crate::words::Word;

/// A name or a value as the client sent it, UTF-8 or not; it begins with
/// [`LONGEST_TEXT`](crate::LONGEST_TEXT) bytes of it if it was longer.
///
/// Where it is shown, bytes that are not UTF-8 are `\xE9`, so that different texts do not look the same.
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
        shown(self.bytes)
    }

    /// A number that stands for it: in a snapshot the same for equal texts, and another for each other one. In later
    /// snapshots of the store, too, as long as a request with the text is in the window; when none is left the number may
    /// become that of another text, and the text may get another number.
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

/// As it is shown, in filters and keys, too.
pub(crate) fn shown(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = str::from_utf8(bytes) {
        return text.into();
    }
    let mut shown = String::with_capacity(bytes.len() * 2);
    for chunk in bytes.utf8_chunks() {
        shown.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(shown, "\\x{byte:02X}");
        }
    }
    shown.into()
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

impl Hash for Text<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

impl Ord for Text<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes.cmp(other.bytes)
    }
}

impl PartialOrd for Text<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

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
