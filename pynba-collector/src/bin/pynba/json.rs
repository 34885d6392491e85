//! JSON that is safe to look at.

use std::io::{self, Write};

use serde::Serialize;

use crate::harmless::drives_a_terminal;

/// One value and the end of the line. Characters that drive a terminal are written as `\u009b`, which means the same.
pub(crate) fn write(out: &mut (impl Write + ?Sized), value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string(value)?;
    let mut rest = text.as_str();
    // They stand in texts only, and those of ASCII but DEL are escaped already.
    while let Some(at) = rest.find(drives_a_terminal) {
        let (before, from) = rest.split_at(at);
        let char = from.chars().next().unwrap_or_default();
        write!(out, "{before}")?;
        // Two, where one is not enough for the character.
        for unit in char.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}")?;
        }
        rest = &from[char.len_utf8()..];
    }
    writeln!(out, "{rest}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_drives_the_terminal_and_nothing_is_lost() {
        let text = "é\"\\\n\x1b[2J\x7f\u{9b}31m\u{202e}txt\u{feff}\u{e0067}";
        let mut written = Vec::new();
        super::write(&mut written, &[text]).unwrap();
        let written = String::from_utf8(written).unwrap();
        let line = r#"["é\"\\\n\u001b[2J\u007f\u009b31m\u202etxt\ufeff\udb40\udc67"]"#;
        assert_eq!(written, format!("{line}\n"));
        assert_eq!(serde_json::from_str::<[String; 1]>(&written).unwrap(), [text]);
    }
}
