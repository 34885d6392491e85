//! The rows that the README quotes.

use std::fmt::Write as _;

use super::machine;
use super::row::Row;

const START: &str = "<!-- benches/run --readme writes from here -->\n";
const END: &str = "<!-- to here -->\n";

const QUOTED: [&str; 11] = [
    "W10",
    "W10 with thread rusage",
    "W100",
    "W10, fastrace",
    "W10, tracing",
    "W10, cadence, buffered",
    "one more timer",
    "timer with no request open, in a function's call",
    "added for each poll of a monitored future",
    "W10, allocations",
    "W10, instructions without `send`",
];

/// The same text with these rows between its two marks.
///
/// # Panics
///
/// When the marks are not there, or a row is not.
pub(crate) fn with_rows(text: &str, rows: &[Row]) -> String {
    let (before, rest) = text.split_once(START).expect("the mark where the rows start");
    let (_, after) = rest.split_once(END).expect("the mark where the rows end");
    let mut table = String::from("| what | measured | |\n| --- | --- | --- |\n");
    for what in QUOTED {
        let row = rows.iter().find(|row| row.what == what);
        let row = row.unwrap_or_else(|| panic!("no row {what}"));
        let _ = writeln!(table, "| {what} | {} | {} |", row.measured(), row.also());
    }
    let name = machine::name();
    format!(
        "{before}{START}\n{table}\n![W0, W10, W100 and D10 with pynba and its peers](benches/results/{name}.svg)\n\n\
         [The whole table](benches/results/{name}.md), with the machine, the gates and the aims.\n\n{END}{after}"
    )
}
