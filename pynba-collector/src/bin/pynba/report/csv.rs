//! All tables as one of CSV.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write};

use pynba_collector::Key;

use super::column::COLUMNS;
use super::table::Table;

use crate::harmless;

/// A column says which table a row is of, one follows for each key of any table, then the figures.
pub(super) fn print(out: &mut impl Write, tables: &[Table<'_>]) -> io::Result<()> {
    let mut keys: Vec<&Key> = Vec::new();
    for key in tables.iter().flat_map(Table::keys) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    // CSV has no way to write what drives a terminal; programs get it as it is.
    let is_terminal = io::stdout().is_terminal();
    let shown = |text: &str| -> String {
        if is_terminal && !text.is_empty() { harmless::text(text) } else { Cow::Borrowed(text) }
            .into()
    };
    let mut csv = csv::Writer::from_writer(out);
    let names = keys.iter().map(|key| shown(&key.to_string()));
    let figures = COLUMNS.iter().map(|column| column.name.to_owned());
    csv.write_record(std::iter::once("report".to_owned()).chain(names).chain(figures))?;
    for table in tables {
        let by = shown(&table.by());
        for (key, row) in &table.rows {
            let of = |wanted: &&Key| table.keys().iter().position(|key| key == *wanted);
            let keys =
                keys.iter().map(|wanted| of(wanted).map_or_else(String::new, |at| shown(&key[at])));
            let figures = COLUMNS.iter().map(|column| (column.figure)(row).written());
            csv.write_record(std::iter::once(by.clone()).chain(keys).chain(figures))?;
        }
    }
    csv.flush()
}
