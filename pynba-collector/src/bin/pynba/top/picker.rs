//! The list of keys to choose from: all tags that occur, and the fields.

use pynba_collector::{Key, Snapshot};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::cursor::{Cursor, Move};
use super::keys::{FIELDS, step};

#[derive(Debug)]
pub(crate) struct Picker {
    /// Each with how often it occurs.
    all: Vec<(Key, Option<u64>)>,
    pub(crate) typed: String,
    /// Whether the key is to be a further one.
    pub(crate) adds: bool,
    pub(crate) cursor: Cursor<()>,
}

/// What has become of a [`Picker`].
#[derive(Debug, PartialEq)]
pub(crate) enum Picked {
    Goes,
    Cancelled,
    /// The key, and whether it is a further one.
    Done(Key, bool),
}

/// All keys that make sense, the tags first.
pub(crate) fn keys(snapshot: &Snapshot, of_timers: bool) -> Vec<(Key, Option<u64>)> {
    let tag = |make: fn(String) -> Key| move |(name, count)| (make(name), Some(count));
    let timers = if of_timers { snapshot.timer_tags() } else { Vec::new() };
    let requests = snapshot.request_tags();
    let tags = timers
        .into_iter()
        .map(tag(Key::TimerTag))
        .chain(requests.into_iter().map(tag(Key::RequestTag)));
    tags.chain(FIELDS.map(|field| (Key::Field(field), None))).collect()
}

impl Picker {
    pub(crate) fn new(all: Vec<(Key, Option<u64>)>, adds: bool) -> Self {
        Self { all, typed: String::new(), adds, cursor: Cursor::default() }
    }

    /// Those with the typed text in them.
    pub(crate) fn shown(&self) -> Vec<&(Key, Option<u64>)> {
        let typed = self.typed.to_lowercase();
        self.all.iter().filter(|(key, _)| key.to_string().to_lowercase().contains(&typed)).collect()
    }

    pub(crate) fn on_key(&mut self, key: KeyEvent) -> Picked {
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return Picked::Cancelled,
            KeyCode::Char('+') => self.adds = !self.adds,
            KeyCode::Char(char) if !is_control && !char.is_control() => {
                self.typed.push(char);
                self.cursor = Cursor::default();
            }
            KeyCode::Backspace => drop(self.typed.pop()),
            KeyCode::Enter => {
                let shown = self.shown();
                return match shown.get(self.cursor.index()) {
                    Some((key, _)) => Picked::Done(key.clone(), self.adds),
                    None => Picked::Goes,
                };
            }
            KeyCode::Tab => self.step(Move::Down),
            KeyCode::BackTab => self.step(Move::Up),
            code => step(code).into_iter().for_each(|step| self.step(step)),
        }
        Picked::Goes
    }

    fn step(&mut self, step: Move) {
        let length = self.shown().len();
        if self.cursor.step(step, length).is_some() {
            self.cursor.choose(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_narrows_the_list() {
        let tags = ["plan", "place", "user"].map(|name| (Key::request_tag(name), Some(1)));
        let mut picker = Picker::new(tags.to_vec(), false);
        for char in "PL".chars() {
            assert_eq!(picker.on_key(KeyCode::Char(char).into()), Picked::Goes);
        }
        assert_eq!(picker.shown().len(), 2);
        picker.on_key(KeyCode::Down.into());
        picker.on_key(KeyCode::Char('+').into());
        let place = Picked::Done(Key::request_tag("place"), true);
        assert_eq!(picker.on_key(KeyCode::Enter.into()), place);
        picker.on_key(KeyCode::Char('?').into());
        assert_eq!(picker.on_key(KeyCode::Enter.into()), Picked::Goes);
        assert_eq!(picker.on_key(KeyCode::Esc.into()), Picked::Cancelled);
    }
}
