//! How a report is shown.

use std::io::{self, BufWriter, Write as _};

use super::table::{Order, Table};
use super::{Collected, csv, fit, json, text};
use crate::units;

/// So many rows are shown to people.
const ROWS: usize = 20;

#[derive(Debug, clap::Args)]
pub(super) struct Showing {
    /// By a column of CSV, or by `key`
    #[arg(short, long, value_name = "COLUMN", default_value = "time")]
    sort: Order,

    /// Rows of each table [default: 20 in text, else all]
    #[arg(short, long, value_name = "N", value_parser = units::some::<usize>)]
    top: Option<usize>,

    /// Print JSON: times in seconds, sizes in bytes
    #[arg(short, long, conflicts_with = "csv")]
    json: bool,

    /// Print CSV: likewise; `time` and `*_time` are sums
    #[arg(short, long)]
    csv: bool,

    /// All columns, however wide they are
    #[arg(short, long, conflicts_with_all = ["json", "csv"])]
    wide: bool,
}

impl Showing {
    pub(super) fn print(&self, collected: &Collected) -> io::Result<()> {
        let top = if self.json || self.csv { self.top } else { Some(self.top.unwrap_or(ROWS)) };
        let reports = collected.reports.iter();
        let tables: Vec<_> = reports.map(|report| Table::new(report, self.sort, top)).collect();
        let mut out = BufWriter::new(io::stdout().lock());
        if self.json {
            json::print(&mut out, collected, &tables)?;
        } else if self.csv {
            csv::print(&mut out, &tables)?;
        } else {
            let width = if self.wide { usize::MAX } else { fit::width_of_stdout() };
            text::print(&mut out, collected, &tables, width)?;
        }
        out.flush()
    }
}
