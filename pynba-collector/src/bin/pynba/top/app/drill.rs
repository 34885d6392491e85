//! Into the chosen row: what it stands for becomes a filter, and the next question is asked.

use pynba_collector::{Filter, Key, OTHER, Query, Report};

use super::{App, Text, View};

use crate::top::keys::FIELDS;

/// So many tags are tried: each takes as long as a report.
const CANDIDATES: usize = 5;

impl App {
    pub(super) fn enter(&mut self) {
        let Some(panel) = self.panel() else {
            if let Some(id) = self.tail.chosen() {
                self.read(Text::Request(id));
            }
            return;
        };
        let Some((values, is_other)) = panel.chosen() else { return };
        if is_other {
            self.note = Some(format!(
                "{OTHER} is what found no row of its own, and cannot be filtered; type a filter with /"
            ));
            return;
        }
        let keys = panel.keys().iter().cloned();
        let filters = keys.zip(values).map(|(key, value)| Filter::equal(key, value)).collect();
        self.trail.push(self.place(), filters);
        let (view, key) = self.next_question();
        self.view = view;
        if let (Some(panel), Some(key)) = (self.panel_mut(), key) {
            panel.set_keys(vec![key]);
        }
        self.refresh();
    }

    /// Of one host one asks for its scripts; of one script, for its timers; of one group of timers, for what else tells
    /// them apart.
    fn next_question(&self) -> (View, Option<Key>) {
        let filters = self.filters();
        let is_open = |key: &Key| !filters.iter().any(|filter| filter.settles(key));
        if self.view == View::Requests && is_open(&Key::SCRIPT) {
            return (View::Requests, Some(Key::SCRIPT));
        }
        let timers = filters.iter().cloned().fold(Query::of_timers(), Query::only_filter);
        let has_rows = |key: &Key| {
            let report = Report::over(timers.clone().by_key(key.clone()), &self.part);
            report.rows().next().is_some()
        };
        let tags = self.part.timer_tags().into_iter().map(|(name, _)| Key::TimerTag(name));
        if let Some(tag) = tags.filter(&is_open).take(CANDIDATES).find(has_rows) {
            return (View::Timers, Some(tag));
        }
        match FIELDS.map(Key::Field).into_iter().find(is_open) {
            Some(field) => (View::Requests, Some(field)),
            None => (View::Tail, None),
        }
    }
}
