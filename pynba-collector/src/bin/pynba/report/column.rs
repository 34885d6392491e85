//! The figures of a row.

use pynba_collector::Row;
use serde::{Serialize, Serializer};

use crate::figures;

/// A figure that each row has.
#[derive(Debug)]
pub(super) struct Column {
    /// In JSON and CSV, and to sort by.
    pub(super) name: &'static str,
    /// Above the column of a text.
    pub(super) title: &'static str,
    /// Which ones are shown first where room is scarce: of requests, of timers. [`RARE`] ones are not.
    pub(super) rank: [u8; 2],
    pub(super) figure: fn(&Row<'_>) -> Figure,
}

pub(super) const RARE: u8 = u8::MAX;

#[derive(Clone, Copy, Debug)]
pub(super) enum Figure {
    Count(u64),
    Rate(f64),
    Percent(f64),
    Seconds(f64),
    Bytes(u64),
    ByteRate(f64),
}

const fn column(
    name: &'static str,
    title: &'static str,
    rank: [u8; 2],
    figure: fn(&Row<'_>) -> Figure,
) -> Column {
    Column { name, title, rank, figure }
}

fn quantile(row: &Row<'_>, share: f64) -> Figure {
    Figure::Seconds(row.quantile(share).as_secs_f64())
}

/// All of them, in the order in which they are shown.
#[rustfmt::skip]
pub(super) static COLUMNS: [Column; 21] = [
    column("requests", "requests", [0, 9], |row| Figure::Count(row.requests())),
    column("requests_per_second", "req/s", [4, RARE], |row| Figure::Rate(row.requests_per_second())),
    column("requests_percent", "req%", [8, RARE], |row| Figure::Percent(row.requests_percent())),
    column("errors", "errors", [7, RARE], |row| Figure::Count(row.errors())),
    column("errors_per_second", "err/s", [RARE; 2], |row| Figure::Rate(row.errors_per_second())),
    column("hits", "hits", [RARE, 0], |row| Figure::Count(row.hits())),
    column("hits_per_second", "hits/s", [RARE, 4], |row| Figure::Rate(row.hits_per_second())),
    column("time", "time", [6, 6], |row| Figure::Seconds(row.time().as_secs_f64())),
    column("time_percent", "time%", [1, 1], |row| Figure::Percent(row.time_percent())),
    column("time_per_second", "time/s", [RARE; 2], |row| Figure::Rate(row.time_per_second())),
    column("p50", "p50", [2, 2], |row| quantile(row, 0.5)),
    column("p90", "p90", [RARE; 2], |row| quantile(row, 0.9)),
    column("p95", "p95", [3, 3], |row| quantile(row, 0.95)),
    column("p99", "p99", [9, 8], |row| quantile(row, 0.99)),
    column("max", "max", [5, 5], |row| Figure::Seconds(row.longest().as_secs_f64())),
    column("user_time", "user", [12, 10], |row| Figure::Seconds(row.user_time().as_secs_f64())),
    column("system_time", "system", [13, 11], |row| Figure::Seconds(row.system_time().as_secs_f64())),
    column("cpu_per_second", "cpu/s", [RARE; 2], |row| Figure::Rate(row.cpu_per_second())),
    column("traffic", "traffic", [10, RARE], |row| Figure::Bytes(row.traffic())),
    column("traffic_per_second", "traffic/s", [RARE; 2], |row| Figure::ByteRate(row.traffic_per_second())),
    column("memory_footprint", "memory", [11, RARE], |row| Figure::Bytes(row.memory_footprint())),
];

impl Figure {
    /// For people.
    pub(super) fn shown(self) -> String {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate is not negative, and three digits of it are shown"
        )]
        match self {
            Self::Count(count @ ..1_000_000) => count.to_string(),
            Self::Count(count) => figures::count(count),
            Self::Rate(rate) => figures::rate(rate),
            Self::Percent(percent) => figures::percent(percent),
            Self::Seconds(seconds) => figures::seconds(seconds),
            Self::Bytes(bytes) => figures::bytes(bytes),
            Self::ByteRate(bytes) => figures::bytes(bytes.round() as u64),
        }
    }

    /// To sort by.
    #[expect(
        clippy::cast_precision_loss,
        reason = "nobody sees which of two so large ones is first"
    )]
    pub(super) fn number(self) -> f64 {
        match self {
            Self::Count(count) | Self::Bytes(count) => count as f64,
            Self::Rate(number)
            | Self::Percent(number)
            | Self::Seconds(number)
            | Self::ByteRate(number) => number,
        }
    }

    /// For programs: all digits, no unit.
    pub(super) fn written(self) -> String {
        match self {
            Self::Count(count) | Self::Bytes(count) => count.to_string(),
            Self::Rate(number)
            | Self::Percent(number)
            | Self::Seconds(number)
            | Self::ByteRate(number) => number.to_string(),
        }
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Count(count) | Self::Bytes(count) => serializer.serialize_u64(count),
            Self::Rate(number)
            | Self::Percent(number)
            | Self::Seconds(number)
            | Self::ByteRate(number) => serializer.serialize_f64(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_names_and_ranks_of_their_own() {
        for (index, column) in COLUMNS.iter().enumerate() {
            let others = COLUMNS.iter().enumerate().filter(|(other, _)| *other != index);
            for (_, other) in others {
                assert!(column.name != other.name && column.title != other.title, "{}", other.name);
                for of in 0..2 {
                    let rank = column.rank[of];
                    assert!(rank == RARE || rank != other.rank[of], "{}", other.name);
                }
            }
        }
    }
}
