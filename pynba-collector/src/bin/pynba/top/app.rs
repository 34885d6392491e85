//! What is shown and how it changes, without any terminal.

mod drill;
mod overlay;
mod press;

use std::net::SocketAddr;
use std::time::Duration;

use jiff::tz::TimeZone;
use pynba_collector::{
    Counts, Filter, Kept, Key, Limits, Query, Report, Row, Snapshot, Store, Timeline,
};

use super::panel::Panel;
use super::period::Period;
use super::tail::Tail;
use super::theme::Theme;
use super::trail::{Place, Trail, View};

pub(crate) use self::overlay::{Overlay, Text};
pub(crate) use self::press::Next;

/// What is settled before anything is shown.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) warnings: Vec<String>,
    pub(crate) limits: Limits,
    pub(crate) keys: Vec<Key>,
    pub(crate) filters: Vec<Filter>,
    pub(crate) last: Duration,
    pub(crate) slow: Duration,
    pub(crate) theme: Theme,
    /// Of whoever looks at it.
    pub(crate) zone: TimeZone,
}

pub(crate) struct App {
    pub(crate) setup: Setup,
    /// The whole window. Like the next three it stands still while paused.
    snapshot: Snapshot,
    /// The part of it that figures are taken over.
    part: Snapshot,
    counts: Counts,
    uptime: Duration,
    /// What came while paused, too.
    latest: Counts,
    is_paused: bool,
    period: Period,
    trail: Trail,
    view: View,
    requests: Panel,
    timers: Panel,
    tail: Tail,
    totals: Report,
    seconds: Timeline,
    overlay: Option<Overlay>,
    /// Whether the next key to be chosen is a further one.
    adds: bool,
    /// What is to be said until the next key is pressed.
    note: Option<String>,
}

/// Seconds in the curves: as many as there are columns in a very wide terminal.
const SECONDS: usize = 300;

impl App {
    pub(crate) fn new(setup: Setup) -> Self {
        let is_of_timers = setup.keys.iter().any(|key| matches!(key, Key::TimerTag(_)));
        let (requests, timers, view) = if is_of_timers {
            (vec![Key::SCRIPT], setup.keys.clone(), View::Timers)
        } else {
            (setup.keys.clone(), Vec::new(), View::Requests)
        };
        let empty =
            Store::new(setup.limits, std::time::SystemTime::UNIX_EPOCH).snapshot(Duration::ZERO);
        let mut app = Self {
            period: Period::new(setup.last, setup.limits.window),
            tail: Tail::new(setup.slow),
            snapshot: empty.clone(),
            part: empty,
            counts: Counts::default(),
            uptime: Duration::ZERO,
            latest: Counts::default(),
            is_paused: false,
            trail: Trail::default(),
            view,
            requests: Panel::of_requests(requests),
            timers: Panel::of_timers(timers),
            totals: Report::new(Query::new()),
            seconds: curve(Query::new()),
            overlay: None,
            adds: false,
            note: None,
            setup,
        };
        for filter in app.setup.filters.clone() {
            app.trail.push(app.place(), vec![filter]);
        }
        app.refresh();
        app
    }

    /// Shows what was received until now; while paused, only that something was.
    pub(crate) fn update(&mut self, snapshot: &Snapshot, counts: &Counts, uptime: Duration) {
        self.latest = *counts;
        if !self.is_paused {
            self.snapshot = snapshot.clone();
            self.counts = *counts;
            self.uptime = uptime;
            self.refresh();
        }
    }

    /// Takes all figures again: something that they depend on has changed.
    fn refresh(&mut self) {
        let filters = self.trail.filters();
        self.part = self.snapshot.last(self.period.get());
        if self.totals.query().filters() != filters {
            let query = filters.iter().cloned().fold(Query::new(), Query::only_filter);
            self.seconds = curve(query.clone());
            self.totals = Report::new(query);
        }
        self.totals.update(&self.part);
        self.seconds.update(&self.snapshot);
        if self.view != View::Requests {
            self.requests.forget();
        }
        if self.view != View::Timers {
            self.timers.forget();
        }
        match self.view {
            View::Requests => self.requests.update(&filters, &self.part),
            View::Timers => {
                if self.timers.keys().is_empty()
                    && let Some((tag, _)) = self.part.timer_tags().into_iter().next()
                {
                    self.timers.set_keys(vec![Key::TimerTag(tag)]);
                }
                self.timers.update(&filters, &self.part);
            }
            View::Tail => self.tail.update(&filters, &self.snapshot),
        }
    }

    fn place(&self) -> Place {
        let of = |panel: &Panel| (panel.keys().to_vec(), panel.cursor.clone());
        Place { view: self.view, tables: [of(&self.requests), of(&self.timers)] }
    }

    fn go(&mut self, to: Place) {
        self.view = to.view;
        for (panel, (keys, cursor)) in
            [&mut self.requests, &mut self.timers].into_iter().zip(to.tables)
        {
            panel.set_keys(keys);
            panel.cursor = cursor;
        }
        self.refresh();
    }

    pub(crate) fn theme(&self) -> Theme {
        self.setup.theme
    }

    pub(crate) fn view(&self) -> View {
        self.view
    }

    /// The table that is seen.
    pub(crate) fn panel(&self) -> Option<&Panel> {
        match self.view {
            View::Requests => Some(&self.requests),
            View::Timers => Some(&self.timers),
            View::Tail => None,
        }
    }

    pub(crate) fn panel_mut(&mut self) -> Option<&mut Panel> {
        match self.view {
            View::Requests => Some(&mut self.requests),
            View::Timers => Some(&mut self.timers),
            View::Tail => None,
        }
    }

    pub(crate) fn tail(&self) -> &Tail {
        &self.tail
    }

    pub(crate) fn tail_mut(&mut self) -> &mut Tail {
        &mut self.tail
    }

    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// All that fits the filters.
    pub(crate) fn totals(&self) -> Row<'_> {
        self.totals.total()
    }

    pub(crate) fn seconds(&self) -> &Timeline {
        &self.seconds
    }

    pub(crate) fn filters(&self) -> Vec<Filter> {
        self.trail.filters()
    }

    pub(crate) fn kept(&self) -> Kept {
        self.snapshot.kept()
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(crate) fn uptime(&self) -> Duration {
        self.uptime
    }

    /// How many requests came while paused.
    pub(crate) fn waiting(&self) -> Option<u64> {
        self.is_paused.then(|| self.latest.requests - self.counts.requests)
    }

    /// The time that figures are taken over, in words.
    pub(crate) fn period(&self) -> String {
        // What is paused has no "so far".
        let covered = if self.is_paused { Duration::MAX } else { self.part.span() };
        self.period.text(covered)
    }

    /// Whether requests had to leave that the figures should be about.
    pub(crate) fn is_cut_short(&self) -> bool {
        let due = self.period.get().min(self.uptime);
        self.kept().pushed_out > 0 && self.part.span() + Duration::from_secs(1) < due
    }

    pub(crate) fn overlay(&self) -> Option<&Overlay> {
        self.overlay.as_ref()
    }

    pub(crate) fn overlay_mut(&mut self) -> Option<&mut Overlay> {
        self.overlay.as_mut()
    }

    pub(crate) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    pub(crate) fn adds(&self) -> bool {
        self.adds
    }
}

fn curve(query: Query) -> Timeline {
    Timeline::new(query, Duration::from_secs(1), SECONDS)
}
