//! Which tables there are, and which rows they show.

use std::borrow::Cow;
use std::collections::HashSet;
use std::str::FromStr;

use pynba_collector::{Key, Keys, QueryError, Report, Row, Snapshot};

use super::column::{COLUMNS, Column};

use crate::tell::tell;

/// So many tags of timers have a table of their own, unless asked for: a client may make up names without end.
const TAGS: usize = 10;

/// The tables that most people want to see.
pub(super) fn usual(snapshot: &Snapshot) -> Vec<Keys> {
    let tags = snapshot.timer_tags();
    if tags.len() > TAGS {
        tell(format_args!(
            "{} further tags of timers have no table; ask for one with `--by @tag`",
            tags.len() - TAGS
        ));
    }
    let of_requests = [Key::SCRIPT, Key::HOST, Key::STATUS].into_iter();
    let of_timers = tags.into_iter().take(TAGS).map(|(name, _)| Key::timer_tag(name));
    of_requests.chain(of_timers).map(|key| Keys(vec![key])).collect()
}

/// Keys as arguments have them, each once: two equal columns say no more than one.
pub(crate) fn keys(text: &str) -> Result<Keys, String> {
    let keys: Keys = text.parse().map_err(|error: QueryError| error.to_string())?;
    let mut known = HashSet::new();
    match keys.0.iter().find(|key| !known.insert(*key)) {
        Some(twice) => Err(format!("`{twice}` is there twice; write it once")),
        None => Ok(keys),
    }
}

/// What rows are sorted by.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Key,
    /// The largest first.
    By(&'static Column),
}

impl FromStr for Order {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "key" {
            return Ok(Self::Key);
        }
        let column = COLUMNS.iter().find(|column| column.name == text || column.title == text);
        column.map(Self::By).ok_or_else(|| {
            let names: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
            format!("unknown column; write `key`, or one of: {}", names.join(", "))
        })
    }
}

/// A report as it is shown.
#[derive(Debug)]
pub(super) struct Table<'a> {
    pub(super) report: &'a Report,
    pub(super) rows: Vec<(Vec<Cow<'a, str>>, Row<'a>)>,
    /// Rows that are not shown.
    pub(super) left_out: usize,
}

impl<'a> Table<'a> {
    pub(super) fn new(report: &'a Report, order: Order, top: Option<usize>) -> Self {
        let number = |row: &Row<'_>| match order {
            Order::Key => 0.0,
            Order::By(column) => (column.figure)(row).number(),
        };
        // Once for each row: percentiles take some time.
        let mut rows: Vec<_> =
            report.rows().map(|row| (number(&row), row.key().collect::<Vec<_>>(), row)).collect();
        rows.sort_by(|(number, key, _), (other, others, _)| {
            other.total_cmp(number).then_with(|| key.cmp(others))
        });
        let left_out = rows.len().saturating_sub(top.unwrap_or(usize::MAX));
        rows.truncate(rows.len() - left_out);
        Self { report, rows: rows.into_iter().map(|(_, key, row)| (key, row)).collect(), left_out }
    }

    pub(super) fn is_of_timers(&self) -> bool {
        self.report.query().is_of_timers()
    }

    pub(super) fn keys(&self) -> &'a [Key] {
        self.report.query().keys()
    }

    /// As it was asked for: `script,@group`.
    pub(super) fn by(&self) -> String {
        Keys(self.keys().to_vec()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_either_name() {
        for name in ["time_percent", "time%"] {
            let Ok(Order::By(column)) = name.parse() else { panic!("{name}") };
            assert_eq!(column.name, "time_percent");
        }
        assert!(matches!("key".parse(), Ok(Order::Key)));
        let error = "speed".parse::<Order>().unwrap_err();
        assert!(error.contains("`key`, or one of: requests, "), "{error}");
    }
}
