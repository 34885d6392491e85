//! Text of the program as it may stand in a packet.

use std::borrow::Cow;
use std::ops::Deref;

use crate::tags::{MAX_WORD, cut};

/// Without NUL, at which C clients and servers end their strings, and of at most [`MAX_WORD`] bytes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Text(Cow<'static, str>);

impl Text {
    /// A path in the program, which has no NUL and is not that long.
    pub(crate) const fn literal(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// `None` for the empty text, which stands for none.
    pub(crate) fn given(text: Cow<'static, str>) -> Option<Self> {
        (!text.is_empty()).then(|| text.into())
    }
}

impl From<Cow<'static, str>> for Text {
    fn from(text: Cow<'static, str>) -> Self {
        let text = if text.contains('\0') { text.replace('\0', "\u{FFFD}").into() } else { text };
        if text.len() <= MAX_WORD {
            return Self(text);
        }
        Self(match text {
            Cow::Borrowed(text) => cut(text, MAX_WORD).into(),
            Cow::Owned(text) => cut(&text, MAX_WORD).to_owned().into(),
        })
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_cleaned_and_cut() {
        assert_eq!(&*Text::from(Cow::Borrowed("a\0b")), "a\u{FFFD}b");
        assert_eq!(&*Text::from(Cow::Owned("/users".to_owned())), "/users");
        for long in [format!("x{}", "é".repeat(MAX_WORD)), "\0".repeat(MAX_WORD)] {
            let text = Text::from(Cow::Owned(long));
            assert!((MAX_WORD - 2..=MAX_WORD).contains(&text.len()), "{}", text.len());
        }
        assert_eq!(Text::given(Cow::Borrowed("")), None);
    }
}
