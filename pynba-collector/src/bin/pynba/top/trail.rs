//! The filters, and the way back.

use pynba_collector::{Filter, Key};

use super::cursor::Cursor;
use super::panel::Name;

/// What is shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum View {
    #[default]
    Requests,
    Timers,
    Tail,
}

impl View {
    pub(crate) const ALL: [Self; 3] = [Self::Requests, Self::Timers, Self::Tail];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Requests => "Requests",
            Self::Timers => "Timers",
            Self::Tail => "Tail",
        }
    }

    pub(crate) fn next(self) -> Self {
        Self::ALL[(self as usize + 1) % Self::ALL.len()]
    }

    pub(crate) fn previous(self) -> Self {
        Self::ALL[(self as usize + Self::ALL.len() - 1) % Self::ALL.len()]
    }
}

/// Where the user was.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) view: View,
    /// Of requests and of timers.
    pub(crate) tables: [(Vec<Key>, Cursor<Name>); 2],
}

/// Steps into what is shown, each of which can be taken back.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    steps: Vec<(Place, Vec<Filter>)>,
}

impl Trail {
    /// Leaves a place for one where these hold, too.
    pub(crate) fn push(&mut self, from: Place, mut filters: Vec<Filter>) {
        let known = self.filters();
        filters.retain(|filter| !known.contains(filter));
        self.steps.push((from, filters));
    }

    pub(crate) fn pop(&mut self) -> Option<Place> {
        self.steps.pop().map(|(place, _)| place)
    }

    pub(crate) fn clear(&mut self) -> Option<Place> {
        self.steps.drain(..).next().map(|(place, _)| place)
    }

    /// All that hold.
    pub(crate) fn filters(&self) -> Vec<Filter> {
        self.steps.iter().flat_map(|(_, filters)| filters).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_back_step_by_step() {
        let filter = |text: &str| text.parse::<Filter>().unwrap();
        let place = |view| Place { view, ..Place::default() };
        let mut trail = Trail::default();
        trail.push(place(View::Requests), vec![filter("script=/a")]);
        trail.push(place(View::Timers), vec![filter("script=/a"), filter("@group=db")]);
        assert_eq!(trail.filters(), [filter("script=/a"), filter("@group=db")]);
        assert_eq!(trail.pop().map(|place| place.view), Some(View::Timers));
        assert_eq!(trail.filters(), [filter("script=/a")]);
        trail.push(place(View::Tail), vec![filter("status>=500")]);
        assert_eq!(trail.clear().map(|place| place.view), Some(View::Requests));
        assert!(trail.pop().is_none());
    }
}
