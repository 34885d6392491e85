//! The line in which a filter is typed.

use pynba_collector::{Filter, Key, QueryError};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

#[derive(Debug, Default)]
pub(crate) struct Prompt {
    pub(crate) text: String,
    /// What is wrong with the text.
    pub(crate) error: Option<QueryError>,
}

/// What has become of a [`Prompt`].
#[derive(Debug, PartialEq)]
pub(crate) enum Typed {
    Goes,
    Cancelled,
    Done(Filter),
}

impl Prompt {
    /// In a view by `key`, whose values a text without any sign is looked for in.
    pub(crate) fn on_key(&mut self, key: KeyEvent, of: &Key) -> Typed {
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return Typed::Cancelled,
            KeyCode::Enter if self.text.trim().is_empty() => return Typed::Cancelled,
            KeyCode::Enter => return self.finish(of),
            KeyCode::Char('u') if is_control => self.text.clear(),
            KeyCode::Char('w') if is_control => self.erase_word(),
            KeyCode::Char(char) if !is_control && !char.is_control() => self.text.push(char),
            KeyCode::Backspace if self.text.is_empty() => return Typed::Cancelled,
            KeyCode::Backspace => drop(self.text.pop()),
            _ => return Typed::Goes,
        }
        self.error = None;
        Typed::Goes
    }

    fn erase_word(&mut self) {
        let word = |char: char| !char.is_whitespace();
        self.text.truncate(self.text.trim_end().trim_end_matches(word).len());
    }

    fn finish(&mut self, of: &Key) -> Typed {
        let text = self.text.trim();
        let filter = if text.contains(['=', '<', '>', '!', '~']) {
            text.parse()
        } else if *of == Key::STATUS {
            format!("status={text}").parse()
        } else {
            format!("{of}~*{text}*").parse()
        };
        match filter {
            Ok(filter) => Typed::Done(filter),
            Err(error) => {
                self.error = Some(error);
                Typed::Goes
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str, of: &Key) -> (Typed, Prompt) {
        let mut prompt = Prompt::default();
        for char in keys.chars() {
            prompt.on_key(KeyCode::Char(char).into(), of);
        }
        (prompt.on_key(KeyCode::Enter.into(), of), prompt)
    }

    fn filter(text: &str) -> Typed {
        Typed::Done(text.parse().unwrap())
    }

    #[test]
    fn filters_are_typed() {
        assert_eq!(typed("status>=500", &Key::SCRIPT).0, filter("status>=500"));
        assert_eq!(typed(" cart ", &Key::SCRIPT).0, filter("script~*cart*"));
        assert_eq!(typed("free", &Key::request_tag("plan")).0, filter("+plan~*free*"));
        assert_eq!(typed("404", &Key::STATUS).0, filter("status=404"));
        assert_eq!(typed("", &Key::SCRIPT).0, Typed::Cancelled);
        let (outcome, prompt) = typed("time>fast", &Key::SCRIPT);
        assert_eq!(outcome, Typed::Goes);
        assert!(prompt.error.unwrap().to_string().contains("`fast` is no number"));
    }

    #[test]
    fn typing_can_be_corrected() {
        let mut prompt = Prompt { text: "one two ".into(), ..Prompt::default() };
        let control = |char| KeyEvent::new(KeyCode::Char(char), KeyModifiers::CONTROL);
        prompt.on_key(control('w'), &Key::SCRIPT);
        assert_eq!(prompt.text, "one ");
        prompt.on_key(KeyCode::Backspace.into(), &Key::SCRIPT);
        assert_eq!(prompt.text, "one");
        // A blank of more than one byte.
        prompt.text.push_str("\u{3000}two");
        prompt.on_key(control('w'), &Key::SCRIPT);
        assert_eq!(prompt.text, "one\u{3000}");
        prompt.on_key(control('u'), &Key::SCRIPT);
        assert_eq!(prompt.text, "");
        assert_eq!(prompt.on_key(KeyCode::Esc.into(), &Key::SCRIPT), Typed::Cancelled);
    }
}
