//! A table of requests or of timers: what it is about, how it is sorted, and which row is chosen.

use std::cmp::Ordering;

use pynba_collector::{Filter, Key, Query, Report, Row, Snapshot};

use super::columns::{Column, OF_REQUESTS, OF_TIMERS};
use super::cursor::{Cursor, Move};

/// The row's values of the keys, and whether it stands for what has no row of its own.
pub(crate) type Name = (Vec<String>, bool);

pub(crate) struct Panel {
    is_of_timers: bool,
    keys: Vec<Key>,
    report: Report,
    /// Places of rows among those of the report.
    order: Vec<usize>,
    sort: Sort,
    pub(crate) cursor: Cursor<Name>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Sort {
    /// `None` for the names.
    pub(crate) column: Option<usize>,
    /// The other way round: the largest figure first, and names from A to Z, is the usual one.
    pub(crate) is_reversed: bool,
}

impl Panel {
    pub(crate) fn of_requests(keys: Vec<Key>) -> Self {
        Self::new(false, keys)
    }

    pub(crate) fn of_timers(keys: Vec<Key>) -> Self {
        Self::new(true, keys)
    }

    fn new(is_of_timers: bool, keys: Vec<Key>) -> Self {
        let columns = columns(is_of_timers);
        let by_time = columns.iter().position(|column| column.title == "%TIME");
        Self {
            is_of_timers,
            keys,
            report: Report::new(Query::new()),
            order: Vec::new(),
            sort: Sort { column: by_time, is_reversed: false },
            cursor: Cursor::default(),
        }
    }

    pub(crate) fn columns(&self) -> &'static [Column] {
        columns(self.is_of_timers)
    }

    pub(crate) fn keys(&self) -> &[Key] {
        &self.keys
    }

    pub(crate) fn sort(&self) -> Sort {
        self.sort
    }

    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether filters by timers' tags mean each timer, not the requests that have one.
    pub(crate) fn is_of_timers(&self) -> bool {
        self.is_of_timers
    }

    /// Shows other rows from the next [`update`](Self::update) on.
    pub(crate) fn set_keys(&mut self, keys: Vec<Key>) {
        self.keys = keys;
        self.cursor = Cursor::default();
    }

    /// Forgets the figures: what is not seen needs no memory, and [`update`](Self::update) begins again.
    pub(crate) fn forget(&mut self) {
        self.report = Report::new(Query::new());
        self.order.clear();
    }

    pub(crate) fn update(&mut self, filters: &[Filter], snapshot: &Snapshot) {
        let query = self.query(filters);
        if *self.report.query() != query {
            self.report = Report::new(query);
        }
        self.report.update(snapshot);
        self.arrange();
    }

    fn query(&self, filters: &[Filter]) -> Query {
        let query = if self.is_of_timers { Query::of_timers() } else { Query::new() };
        let query = self.keys.iter().cloned().fold(query, Query::by_key);
        filters.iter().cloned().fold(query, Query::only_filter)
    }

    /// Sorts the rows, and finds the chosen one again.
    fn arrange(&mut self) {
        let Sort { column, is_reversed } = self.sort;
        let figure = column.map(|index| self.columns()[index].figure);
        let mut rows: Vec<(f64, usize, Row<'_>)> = self
            .report
            .rows()
            .enumerate()
            .map(|(place, row)| (figure.map_or(0.0, |figure| figure(&row)), place, row))
            .collect();
        rows.sort_unstable_by(|(figure, _, row), (other, _, other_row)| {
            let by_figure = other.total_cmp(figure);
            let by_name = || row.key().cmp(other_row.key());
            match (column, is_reversed) {
                (None, false) => by_name(),
                (None, true) => by_name().reverse(),
                (_, false) => by_figure.then_with(by_name),
                (_, true) => by_figure.reverse().then_with(by_name),
            }
        });
        self.order = rows.iter().map(|(_, place, _)| *place).collect();
        let is_it = |name: &Name| {
            rows.iter().position(|(.., row)| {
                row.is_other() == name.1
                    && row.key().cmp(name.0.iter().map(|text| text.as_str().into()))
                        == Ordering::Equal
            })
        };
        self.cursor.follow(rows.len(), is_it);
    }

    /// Sorts by another column, the names being the first one.
    pub(crate) fn sort_by(&mut self, steps: isize) {
        let all = self.columns().len() + 1;
        let now = self.sort.column.map_or(0, |column| column + 1);
        let next = (now + all).saturating_add_signed(steps) % all;
        self.sort = Sort { column: next.checked_sub(1), is_reversed: false };
        self.arrange();
    }

    pub(crate) fn reverse(&mut self) {
        self.sort.is_reversed = !self.sort.is_reversed;
        self.arrange();
    }

    pub(crate) fn step(&mut self, step: Move) {
        if let Some(index) = self.cursor.step(step, self.order.len()) {
            let name = name(&self.rows()[index]);
            self.cursor.choose(name);
        }
    }

    /// In their order.
    pub(crate) fn rows(&self) -> Vec<Row<'_>> {
        let rows: Vec<_> = self.report.rows().collect();
        self.order.iter().filter_map(|place| rows.get(*place).copied()).collect()
    }

    pub(crate) fn chosen(&self) -> Option<Name> {
        self.rows().get(self.cursor.index()).map(name)
    }
}

fn columns(is_of_timers: bool) -> &'static [Column] {
    if is_of_timers { &OF_TIMERS } else { &OF_REQUESTS }
}

fn name(row: &Row<'_>) -> Name {
    (row.key().map(std::borrow::Cow::into_owned).collect(), row.is_other())
}
