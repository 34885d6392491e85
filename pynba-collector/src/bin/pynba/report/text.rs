//! Tables for people.

use std::io::{self, Write};

use pynba_collector::Row;

use super::Collected;
use super::column::{COLUMNS, Column, RARE};
use super::fit;
use super::table::Table;

use crate::counted::counted;
use crate::{figures, harmless, widths};

/// Between columns.
const GAP: usize = 2;

/// A key has this much of a line, if it needs it.
const FOR_KEY: usize = 26;

/// Each further one has this much more.
const FOR_NEXT_KEY: usize = 10;

pub(super) fn print(
    out: &mut impl Write,
    collected: &Collected,
    tables: &[Table<'_>],
    width: usize,
) -> io::Result<()> {
    if let Some(table) = tables.first() {
        let seconds = collected.snapshot.span().as_secs_f64();
        write!(out, "{}, ", figures::seconds(seconds))?;
        total(out, &table.report.total())?;
    }
    for table in tables {
        let what = if table.is_of_timers() { "timers" } else { "requests" };
        writeln!(out, "\n{what} by {}", harmless::text(&table.by()))?;
        if table.rows.is_empty() {
            writeln!(out, "  none")?;
        } else {
            Layout::new(table, width).print(out)?;
        }
        if table.left_out > 0 {
            let all = table.rows.len() + table.left_out;
            let more = counted(table.left_out as u64, "more row");
            writeln!(out, "  … {more}, see with --top {all}")?;
        }
    }
    Ok(())
}

fn total(out: &mut impl Write, total: &Row<'_>) -> io::Result<()> {
    let requests = if total.requests() == 1 { "request" } else { "requests" };
    let shown = |name| {
        let column = COLUMNS.iter().find(|column| column.name == name);
        column.map_or_else(String::new, |column| (column.figure)(total).shown())
    };
    writeln!(
        out,
        "{} {requests} ({}/s), {} with status 5xx",
        shown("requests"),
        shown("requests_per_second"),
        shown("errors")
    )?;
    writeln!(
        out,
        "time {} (p50 {}, p95 {}, p99 {}, max {})",
        shown("time"),
        shown("p50"),
        shown("p95"),
        shown("p99"),
        shown("max")
    )?;
    writeln!(
        out,
        "cpu {} user, {} system; traffic {}, memory {}",
        shown("user_time"),
        shown("system_time"),
        shown("traffic"),
        shown("memory_footprint")
    )
}

/// What of a table is shown, and how wide.
struct Layout {
    /// The titles, then the rows.
    keys: Vec<Vec<String>>,
    key_widths: Vec<usize>,
    /// Of each column the title, then the rows.
    figures: Vec<Vec<String>>,
}

impl Layout {
    fn new(table: &Table<'_>, width: usize) -> Self {
        let titles = table.keys().iter().map(|key| harmless::text(&key.to_string()).into_owned());
        let mut keys: Vec<Vec<String>> = vec![titles.collect()];
        keys.extend(
            table
                .rows
                .iter()
                .map(|(key, _)| key.iter().map(|part| harmless::text(part).into_owned()).collect()),
        );
        let widest =
            |part: usize| keys.iter().map(|key| widths::width(&key[part])).max().unwrap_or(0);
        let mut key_widths: Vec<usize> = (0..table.keys().len()).map(widest).collect();

        let gaps = GAP * key_widths.len().saturating_sub(1);
        let most_for_keys =
            (FOR_KEY + FOR_NEXT_KEY * key_widths.len().saturating_sub(1)).max(width / 3);
        let for_keys = (key_widths.iter().sum::<usize>() + gaps).min(most_for_keys);
        let figures = figures(table, width.saturating_sub(for_keys), width == usize::MAX);
        let taken: usize = figures.iter().map(|column| widest_of(column) + GAP).sum();
        fit::narrow(&mut key_widths, width.saturating_sub(taken + gaps));
        Self { keys, key_widths, figures }
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        for (row, key) in self.keys.iter().enumerate() {
            for (index, (part, width)) in key.iter().zip(&self.key_widths).enumerate() {
                let gap = if index == 0 { 0 } else { GAP };
                write!(out, "{:gap$}{}", "", widths::filled(widths::start(part, *width), *width))?;
            }
            for column in &self.figures {
                let width = widest_of(column) + GAP;
                write!(out, "{:>width$}", column[row])?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

fn widest_of(column: &[String]) -> usize {
    column.iter().map(|text| widths::width(text)).max().unwrap_or(0)
}

/// The columns that have room, the most telling ones first, in the usual order.
fn figures(table: &Table<'_>, mut room: usize, all: bool) -> Vec<Vec<String>> {
    let rank = |column: &Column| column.rank[usize::from(table.is_of_timers())];
    let mut by_rank: Vec<(usize, &Column)> = COLUMNS.iter().enumerate().collect();
    by_rank.sort_by_key(|(_, column)| rank(column));
    let mut shown = Vec::new();
    for (place, column) in by_rank {
        if !all && rank(column) == RARE {
            break;
        }
        let mut texts = vec![column.title.to_owned()];
        texts.extend(table.rows.iter().map(|(_, row)| (column.figure)(row).shown()));
        let needs = widest_of(&texts) + GAP;
        if needs > room {
            break;
        }
        room -= needs;
        shown.push((place, texts));
    }
    shown.sort_by_key(|(place, _)| *place);
    shown.into_iter().map(|(_, texts)| texts).collect()
}
