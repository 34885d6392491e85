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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_the_marks_is_written_anew() {
        let row = |what: &&str| Row::read(&format!("a\t{what}\tF\t1\t1.08\t2\t4 ns\t\t"));
        let rows: Vec<_> = QUOTED.iter().map(row).collect();
        let text = format!("before\n{START}old\n{END}after\n");
        let text = with_rows(&text, &rows);
        assert!(text.starts_with("before\n<!--") && text.ends_with("-->\nafter\n"), "{text}");
        assert!(text.contains("\n| W10, fastrace | 1.08 F | 4 ns |\n") && !text.contains("old"));
        assert_eq!(with_rows(&text, &rows), text);
    }

    #[test]
    fn the_readme_has_the_marks() {
        let readme = include_str!("../../../README.md");
        assert!(readme.find(START).expect("a start") < readme.find(END).expect("an end"));
    }
}
