//! What happens when a key is pressed.

use pynba_collector::Key;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{App, Overlay, Text, View};

use crate::top::cursor::Move;
use crate::top::keys::{self, Action};
use crate::top::panel::Panel;
use crate::top::period::Period;
use crate::top::picker::{self, Picked, Picker};
use crate::top::prompt::{Prompt, Typed};
use crate::top::scroll::Scroll;

/// What the terminal is to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Next {
    Stay,
    Quit,
    /// Something else has written to it.
    Redraw,
    Suspend,
}

impl App {
    pub(crate) fn on_key(&mut self, key: KeyEvent) -> Next {
        self.note = None;
        if key == KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL) {
            return Next::Quit;
        }
        if let Some(overlay) = self.overlay.take() {
            self.overlay = self.on_overlay_key(overlay, key);
            return Next::Stay;
        }
        keys::action(key).map_or(Next::Stay, |action| self.act(action))
    }

    fn act(&mut self, action: Action) -> Next {
        let adds = std::mem::replace(&mut self.adds, action == Action::Also);
        match action {
            Action::Quit => return Next::Quit,
            Action::Redraw => return Next::Redraw,
            Action::Suspend => return Next::Suspend,
            Action::NextView => self.look(self.view.next()),
            Action::PreviousView => self.look(self.view.previous()),
            Action::By(field) => self.by(Key::Field(field), adds),
            Action::Also => {}
            Action::PickTag => self.pick_tag(adds),
            Action::NextKey => self.next_key(1),
            Action::PreviousKey => self.next_key(-1),
            Action::Move(step) => self.step(step),
            Action::Enter => self.enter(),
            Action::Back if adds => {}
            Action::Back => self.back(),
            Action::Filter => self.overlay = Some(Overlay::Prompt(Prompt::default())),
            Action::ClearFilters => self.clear(),
            Action::NextColumn => self.sort_by(1),
            Action::PreviousColumn => self.sort_by(-1),
            Action::Reverse => self.panel_mut().into_iter().for_each(Panel::reverse),
            Action::Longer => self.over(Period::next),
            Action::Shorter => self.over(Period::previous),
            Action::Pause => self.is_paused = !self.is_paused,
            Action::Health => self.read(Text::Health),
            Action::Help => self.read(Text::Help),
        }
        Next::Stay
    }

    fn on_overlay_key(&mut self, overlay: Overlay, key: KeyEvent) -> Option<Overlay> {
        match overlay {
            Overlay::Text(text, mut scroll) => match keys::action(key) {
                Some(Action::Move(step)) => {
                    scroll.step(step);
                    Some(Overlay::Text(text, scroll))
                }
                Some(Action::Back | Action::Enter | Action::Quit) => None,
                _ if matches!(text, Text::Request(_)) => Some(Overlay::Text(text, scroll)),
                // Any other key: there is nothing else to do there.
                _ => None,
            },
            Overlay::Picker(mut picker) => match picker.on_key(key) {
                Picked::Goes => Some(Overlay::Picker(picker)),
                Picked::Cancelled => None,
                Picked::Done(key, adds) => {
                    self.by(key, adds);
                    None
                }
            },
            Overlay::Prompt(mut prompt) => {
                let of = self.panel().and_then(|panel| panel.keys().first());
                match prompt.on_key(key, &of.cloned().unwrap_or(Key::SCRIPT)) {
                    Typed::Goes => Some(Overlay::Prompt(prompt)),
                    Typed::Cancelled => None,
                    Typed::Done(filter) => {
                        self.trail.push(self.place(), vec![filter]);
                        self.refresh();
                        None
                    }
                }
            }
        }
    }

    pub(super) fn read(&mut self, text: Text) {
        self.overlay = Some(Overlay::Text(text, Scroll::default()));
    }

    fn look(&mut self, view: View) {
        self.view = view;
        self.refresh();
    }

    fn step(&mut self, step: Move) {
        match self.panel_mut() {
            Some(panel) => panel.step(step),
            None => self.tail.step(step),
        }
    }

    /// Figures over another time.
    fn over(&mut self, change: impl Fn(&mut Period)) {
        change(&mut self.period);
        self.refresh();
    }

    fn pick_tag(&mut self, adds: bool) {
        let all = picker::keys(&self.part, self.view == View::Timers);
        self.overlay = Some(Overlay::Picker(Picker::new(all, adds)));
    }

    /// Another key for the rows, in the view where it makes sense, or a further one. One that is there already is taken
    /// away again.
    fn by(&mut self, key: Key, adds: bool) {
        if matches!(key, Key::TimerTag(_)) {
            self.view = View::Timers;
        } else if self.view == View::Tail {
            self.view = View::Requests;
        }
        if let Some(panel) = self.panel_mut() {
            let mut keys = if adds { panel.keys().to_vec() } else { Vec::new() };
            match keys.iter().position(|known| *known == key) {
                Some(known) if keys.len() > 1 => drop(keys.remove(known)),
                Some(_) => {}
                None => keys.push(key),
            }
            panel.set_keys(keys);
        }
        self.refresh();
    }

    fn next_key(&mut self, steps: isize) {
        let Some(panel) = self.panel() else { return };
        let all = picker::keys(&self.part, panel.is_of_timers());
        let now = all.iter().position(|(key, _)| panel.keys().first() == Some(key));
        let next = match now {
            Some(now) => (now + all.len()).saturating_add_signed(steps) % all.len(),
            None => 0,
        };
        self.by(all[next].0.clone(), false);
    }

    fn sort_by(&mut self, steps: isize) {
        self.panel_mut().into_iter().for_each(|panel| panel.sort_by(steps));
    }

    fn back(&mut self) {
        match self.trail.pop() {
            Some(place) => self.go(place),
            None => self.note = Some("there is no filter to take back; q quits".to_owned()),
        }
    }

    /// All filters away, but the view stays.
    fn clear(&mut self) {
        self.trail.clear();
        self.refresh();
    }
}
