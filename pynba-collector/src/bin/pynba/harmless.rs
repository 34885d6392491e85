//! Texts that anybody can send, without what a terminal would obey.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text without anything that drives a terminal: who sends packets must not move the cursor, change colours, or
/// turn the direction of what is written behind. Empty text is `-`.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    if text.is_empty() {
        return "-".into();
    }
    if !text.contains(drives_a_terminal) {
        return text.into();
    }
    let mut harmless = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        if drives_a_terminal(char) {
            let _ = write!(harmless, "{}", char.escape_default());
        } else {
            harmless.push(char);
        }
    }
    harmless.into()
}

/// Control characters of ASCII and of Unicode, separators of lines, what turns the direction of writing, and what
/// cannot be seen.
pub(crate) fn drives_a_terminal(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{AD}'
                | '\u{61C}'
                | '\u{200B}'
                | '\u{200E}'
                | '\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{FEFF}'
                | '\u{FFF9}'..='\u{FFFB}'
                | '\u{E0000}'..='\u{E0FFF}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_drive_the_terminal() {
        assert!(matches!(text("/größe/👩‍💻?q=\\"), Cow::Borrowed("/größe/👩‍💻?q=\\")));
        assert_eq!(text(""), "-");
        assert_eq!(text("a\x1b[2Jb\r\n\x07\x7f"), "a\\u{1b}[2Jb\\r\\n\\u{7}\\u{7f}");
        assert_eq!(text("\u{9b}31m\u{202e}txt"), "\\u{9b}31m\\u{202e}txt");
    }
}
