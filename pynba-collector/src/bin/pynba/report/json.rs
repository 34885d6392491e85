//! The whole report as one JSON document.

use std::borrow::Cow;
use std::io::{self, Write};

use pynba_collector::{Counts, Key, Row};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::Collected;
use super::column::COLUMNS;
use super::table::Table;

use crate::{clock, json};

#[derive(Serialize)]
struct Document<'a> {
    /// When it began, and when it ended.
    began: String,
    ended: String,
    /// What rates are taken over.
    seconds: f64,
    only: Vec<String>,
    packets: Received,
    total: Option<Figures<'a>>,
    reports: Vec<TableObject<'a>>,
}

/// Datagrams, whatever the filters say.
#[derive(Serialize)]
struct Received {
    packets: u64,
    bytes: u64,
    requests: u64,
    invalid: Map<&'static str, u64>,
    lost: Option<u64>,
    forwarded: Option<Map<&'static str, u64>>,
    /// Requests that are not in the report, because memory was full.
    pushed_out: u64,
}

#[derive(Serialize)]
struct TableObject<'a> {
    by: Vec<String>,
    of: &'static str,
    rows: Vec<RowObject<'a>>,
    left_out: usize,
}

#[derive(Serialize)]
struct RowObject<'a> {
    key: Map<String, &'a Cow<'a, str>>,
    /// Whether it is about what found no row of its own.
    is_other: bool,
    #[serde(flatten)]
    figures: Figures<'a>,
}

struct Figures<'a>(Row<'a>);

impl Serialize for Figures<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(COLUMNS.len()))?;
        for column in &COLUMNS {
            map.serialize_entry(column.name, &(column.figure)(&self.0))?;
        }
        map.end()
    }
}

/// An object whose order is ours.
struct Map<K, V>(Vec<(K, V)>);

impl<K: Serialize, V: Serialize> Serialize for Map<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

pub(super) fn print(
    out: &mut impl Write,
    collected: &Collected,
    tables: &[Table<'_>],
) -> io::Result<()> {
    let time = |time| clock::rfc3339(time, 3);
    json::write(
        out,
        &Document {
            began: time(collected.began),
            // The clock may have been set back meanwhile.
            ended: time(collected.snapshot.taken_at().max(collected.began)),
            seconds: collected.snapshot.span().as_secs_f64(),
            only: collected.filters.iter().map(ToString::to_string).collect(),
            packets: packets(&collected.counts, collected.snapshot.kept().pushed_out),
            total: collected.reports.first().map(|report| Figures(report.total())),
            reports: tables.iter().map(table).collect(),
        },
    )
}

fn packets(counts: &Counts, pushed_out: u64) -> Received {
    let forwarded = counts.forwarded.map(|stats| {
        Map(vec![
            ("packets", stats.packets),
            ("bytes", stats.bytes),
            ("refused", stats.refused),
            ("buffer_full", stats.buffer_full),
            ("queue_full", stats.queue_full),
            ("too_large", stats.too_large),
            ("unresolved", stats.unresolved),
            ("failed", stats.failed),
        ])
    });
    Received {
        packets: counts.packets,
        bytes: counts.bytes,
        requests: counts.requests,
        invalid: Map(counts.reasons().map(|(reason, count)| (reason.name(), count)).collect()),
        lost: counts.lost,
        forwarded,
        pushed_out,
    }
}

fn table<'a>(table: &'a Table<'a>) -> TableObject<'a> {
    let row = |(key, row): &'a (Vec<Cow<'a, str>>, Row<'a>)| RowObject {
        key: Map(table.keys().iter().map(Key::to_string).zip(key).collect()),
        is_other: row.is_other(),
        figures: Figures(*row),
    };
    TableObject {
        by: table.keys().iter().map(Key::to_string).collect(),
        of: if table.is_of_timers() { "timers" } else { "requests" },
        rows: table.rows.iter().map(row).collect(),
        left_out: table.left_out,
    }
}
