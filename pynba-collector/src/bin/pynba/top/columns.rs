//! The figures of each row.

#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the lifetime is one of the type, not of its methods"
)]

use std::time::Duration;

use pynba_collector::Row;

use crate::figures;

/// A column of figures: what is shown is what rows are sorted by.
pub(crate) struct Column {
    /// With room for the arrow behind it.
    pub(crate) title: &'static str,
    pub(crate) width: usize,
    /// Those with a lower one are shown first where there is little room.
    rank: u8,
    pub(crate) figure: fn(&Row<'_>) -> f64,
    text: fn(f64) -> String,
}

impl Column {
    const fn new(
        title: &'static str,
        width: usize,
        rank: u8,
        figure: fn(&Row<'_>) -> f64,
        text: fn(f64) -> String,
    ) -> Self {
        Self { title, width, rank, figure, text }
    }

    pub(crate) fn text(&self, row: &Row<'_>) -> String {
        (self.text)((self.figure)(row))
    }
}

/// Ranks below this are shown in 80 columns, too.
const EXTRA: u8 = 10;

/// What names need at least beside the figures of all terminals, and beside those of wide ones.
const NAMES: [usize; 2] = [14, 34];

/// What each further key needs.
const NEXT_NAME: usize = 10;

const TIME_PERCENT: Column = Column::new("%TIME", 6, 1, |row| row.time_percent(), figures::percent);
const P50: Column = Column::new("P50", 7, 3, |row| seconds(row.quantile(0.5)), time);
const P90: Column = Column::new("P90", 7, 14, |row| seconds(row.quantile(0.9)), time);
const P95: Column = Column::new("P95", 7, 2, |row| seconds(row.quantile(0.95)), time);
const P99: Column = Column::new("P99", 7, 4, |row| seconds(row.quantile(0.99)), time);
const MAX: Column = Column::new("MAX", 7, 10, |row| seconds(row.longest()), time);
const AT_ONCE: Column = Column::new("BUSY", 5, 17, |row| row.time_per_second(), figures::rate);
const USER: Column =
    Column::new("USER%", 6, 12, |row| share(row, row.user_time()), figures::percent);
const SYSTEM: Column =
    Column::new("SYS%", 5, 13, |row| share(row, row.system_time()), figures::percent);
const ERROR_PERCENT: Column = Column::new("ERR%", 6, 5, error_percent, error_share);
const ERRORS: Column = Column::new("ERR/S", 6, 11, |row| row.errors_per_second(), figures::rate);

pub(crate) static OF_REQUESTS: [Column; 15] = [
    Column::new("REQ/S", 6, 0, |row| row.requests_per_second(), figures::rate),
    TIME_PERCENT,
    P50,
    P90,
    P95,
    P99,
    MAX,
    Column::new("CPU%", 5, 6, |row| row.cpu_per_second() * 100.0, figures::percent),
    USER,
    SYSTEM,
    ERROR_PERCENT,
    ERRORS,
    Column::new("BYTES/S", 8, 15, |row| row.traffic_per_second(), bytes),
    Column::new("MEMORY", 7, 16, |row| float(row.memory_footprint()), bytes),
    AT_ONCE,
];

pub(crate) static OF_TIMERS: [Column; 14] = [
    Column::new("HITS/S", 7, 0, |row| row.hits_per_second(), figures::rate),
    Column::new("/REQ", 5, 5, |row| ratio(float(row.hits()), float(row.requests())), figures::rate),
    TIME_PERCENT,
    P50,
    P90,
    P95,
    P99,
    Column { rank: 6, ..MAX },
    Column::new("REQ/S", 6, 11, |row| row.requests_per_second(), figures::rate),
    Column { rank: 12, ..ERROR_PERCENT },
    Column::new("CPU%", 5, 14, |row| row.cpu_per_second() * 100.0, figures::percent),
    Column { rank: 15, ..USER },
    Column { rank: 16, ..SYSTEM },
    AT_ONCE,
];

/// What the help says of them.
pub(crate) const MEANINGS: [(&str, &str); 7] = [
    ("%TIME", "part of the wall time of all requests shown"),
    ("P50 … P99", "so many percent of the times are not longer; MAX none"),
    ("CPU%", "100 is one processor that is always busy; USER% + SYS%"),
    ("ERR%", "requests with a status from 500, marked with !"),
    ("/REQ", "how often a timer runs in each request that has it"),
    ("BUSY", "so many of them run at once, on average"),
    ("MEMORY", "resident memory of a request, on average"),
];

/// The columns for which there is room, in their order, and what is left for names. The one that rows are sorted by is
/// always there.
pub(crate) fn that_fit(
    columns: &[Column],
    keys: usize,
    width: usize,
    sorted: Option<usize>,
) -> (Vec<usize>, usize) {
    let mut candidates: Vec<usize> = (0..columns.len()).collect();
    candidates.sort_by_key(|index| (Some(*index) != sorted, columns[*index].rank));
    let mut room = width;
    let mut shown = Vec::new();
    for index in candidates {
        let column = &columns[index];
        let names = if Some(index) == sorted {
            NAMES[0]
        } else {
            NAMES[usize::from(column.rank >= EXTRA)] + NEXT_NAME * keys.saturating_sub(1)
        };
        // A blank before each.
        if room < names + column.width + 1 {
            break;
        }
        room -= column.width + 1;
        shown.push(index);
    }
    shown.sort_unstable();
    (shown, room)
}

fn time(seconds: f64) -> String {
    figures::seconds(seconds)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "three digits are shown"
)]
fn bytes(number: f64) -> String {
    figures::bytes(number as u64)
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

/// Percent of one processor.
fn share(row: &Row<'_>, time: Duration) -> f64 {
    let both = seconds(row.user_time() + row.system_time());
    ratio(seconds(time), both) * row.cpu_per_second() * 100.0
}

pub(crate) fn error_percent(row: &Row<'_>) -> f64 {
    ratio(float(row.errors()), float(row.requests())) * 100.0
}

fn error_share(percent: f64) -> String {
    let sign = if percent > 0.0 { "!" } else { "" };
    format!("{sign}{}", figures::percent(percent))
}

fn ratio(part: f64, of: f64) -> f64 {
    if of > 0.0 { part / of } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(columns: &[Column], width: usize, sorted: Option<usize>) -> (Vec<&str>, usize) {
        let (shown, names) = that_fit(columns, 1, width, sorted);
        (shown.into_iter().map(|index| columns[index].title).collect(), names)
    }

    #[test]
    fn essentials_fit_80_columns() {
        let (shown, names) = titles(&OF_REQUESTS, 78, None);
        assert_eq!(shown, ["REQ/S", "%TIME", "P50", "P95", "P99", "CPU%", "ERR%"]);
        assert!(names >= 25, "{names}");
        let (shown, names) = titles(&OF_TIMERS, 78, None);
        assert_eq!(shown, ["HITS/S", "/REQ", "%TIME", "P50", "P95", "P99", "MAX"]);
        assert!(names >= 25, "{names}");
    }

    #[test]
    fn names_can_be_read_however_many_there_are() {
        let (shown, names) = that_fit(&OF_REQUESTS, 5, 78, Some(1));
        assert!(names >= 54 && shown.contains(&1), "{names}, {shown:?}");
        assert_eq!(that_fit(&OF_REQUESTS, 5, 40, Some(1)).0, [1]);
    }

    #[test]
    fn wide_terminals_show_all() {
        assert_eq!(titles(&OF_REQUESTS, 200, None).0.len(), OF_REQUESTS.len());
        assert_eq!(titles(&OF_TIMERS, 200, None).0.len(), OF_TIMERS.len());
    }

    #[test]
    fn what_rows_are_sorted_by_is_shown() {
        let memory = OF_REQUESTS.iter().position(|column| column.title == "MEMORY");
        assert_eq!(titles(&OF_REQUESTS, 30, memory), (vec!["REQ/S", "MEMORY"], 15));
        assert!(titles(&OF_REQUESTS, 5, memory).0.is_empty());
    }
}
