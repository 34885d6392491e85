//! What each key does.

use pynba_collector::Field;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::cursor::Move;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Action {
    NextView,
    PreviousView,
    By(Field),
    Also,
    PickTag,
    NextKey,
    PreviousKey,
    Move(Move),
    Enter,
    Back,
    Filter,
    ClearFilters,
    NextColumn,
    PreviousColumn,
    Reverse,
    Longer,
    Shorter,
    Pause,
    Health,
    Help,
    Quit,
    Redraw,
    Suspend,
}

/// The fields of the keys from 1 on.
pub(crate) const FIELDS: [Field; 5] =
    [Field::Script, Field::Host, Field::Server, Field::Schema, Field::Status];

pub(crate) fn action(key: KeyEvent) -> Option<Action> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('l') => Some(Action::Redraw),
            KeyCode::Char('z') => Some(Action::Suspend),
            _ => None,
        };
    }
    Some(match key.code {
        KeyCode::Tab => Action::NextView,
        KeyCode::BackTab => Action::PreviousView,
        KeyCode::Enter => Action::Enter,
        KeyCode::Esc | KeyCode::Backspace => Action::Back,
        KeyCode::Left => Action::PreviousColumn,
        KeyCode::Right => Action::NextColumn,
        KeyCode::Char(char) => return of_char(char),
        code => Action::Move(step(code)?),
    })
}

fn of_char(char: char) -> Option<Action> {
    Some(match char {
        '1'..='5' => Action::By(FIELDS[char as usize - '1' as usize]),
        '+' => Action::Also,
        't' => Action::PickTag,
        ']' => Action::NextKey,
        '[' => Action::PreviousKey,
        'j' => Action::Move(Move::Down),
        'k' => Action::Move(Move::Up),
        'g' => Action::Move(Move::Home),
        'G' => Action::Move(Move::End),
        '/' => Action::Filter,
        'c' => Action::ClearFilters,
        '>' | '.' => Action::NextColumn,
        '<' | ',' => Action::PreviousColumn,
        'r' => Action::Reverse,
        'l' => Action::Longer,
        'L' => Action::Shorter,
        'p' | ' ' => Action::Pause,
        'i' => Action::Health,
        '?' => Action::Help,
        'q' => Action::Quit,
        _ => return None,
    })
}

pub(crate) fn step(code: KeyCode) -> Option<Move> {
    Some(match code {
        KeyCode::Up => Move::Up,
        KeyCode::Down => Move::Down,
        KeyCode::PageUp => Move::PageUp,
        KeyCode::PageDown => Move::PageDown,
        KeyCode::Home => Move::Home,
        KeyCode::End => Move::End,
        _ => return None,
    })
}

/// For the help.
pub(crate) const MEANINGS: [(&str, &str); 15] = [
    ("Tab", "requests, timers, tail of slow and failed requests"),
    ("1 2 3 4 5", "by script, host, server, schema, status"),
    ("t", "by a tag: choose among those that occur"),
    ("[ ]", "by the previous or the next of all these"),
    ("+", "before 1 to 5, or with t: by that key, too"),
    ("↑ ↓ PgUp PgDn", "choose a row, or scroll; Home: stay at the top"),
    ("Enter", "drill down: only this row, everywhere; tail: the request"),
    ("Esc", "back, without the last filter; c without any"),
    ("/", "filter, such as status>=500, time>200ms, script~/api/*"),
    ("< > ← →", "sort by another column; r the other way round"),
    ("l L", "figures of a longer, a shorter time"),
    ("p Space", "pause: figures stand still, receiving goes on"),
    ("i", "packets: received, lost, invalid, and why"),
    ("?", "this help"),
    ("q Ctrl-C", "quit; Ctrl-L draws anew, Ctrl-Z suspends, receiving, too"),
];
