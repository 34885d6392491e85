//! The table as Markdown.

use std::fmt::Write as _;

use super::machine;
use super::notes::{self, Notes};
use super::row::Row;

/// As the rows name them, their titles, and what has to be known of their rows.
const SECTIONS: [(&str, &str, &str); 7] = [
    (
        "requests",
        "Requests",
        "Time of the thread that handles a request with 0, 1, 10 or 100 timers; D10 has ten with one value formatted \
         at run time. F does the same by hand, with the system's clock and one `send`.",
    ),
    ("instructions", "Instructions", "As `callgrind` counts them; see `benches/limits`."),
    ("allocations", "Allocations of a warm request", "As `tests/alloc.rs` counts them."),
    ("scaling", "Scaling", "The same where there is more of something."),
    (
        "peers",
        "Peers",
        "The same work, each in the shortest way its documentation shows. fastrace hands its spans to a thread of its \
         own, which drops them and is not counted here; tracing has the smallest layer that sends Pinba's packet; \
         cadence sends one metric for each timer, one by one or several to a datagram.",
    ),
    (
        "build",
        "Build",
        "A small program from scratch, downloads not counted, and the crates that are compiled besides its own.",
    ),
    (
        "size",
        "Size",
        "What each place that measures adds to a program that is built for release: code, static data, and tables for \
         unwinding and loading.",
    ),
];

/// The whole text, with what one has to know to do it again.
///
/// # Panics
///
/// When a row is of no section, and would not be seen.
pub(crate) fn markdown(rows: &[Row], name: &str, notes: &Notes) -> String {
    let mut text = String::from("# What pynba costs\n\n");
    for (name, fact) in machine::facts() {
        let _ = writeln!(text, "- {name}: {fact}");
    }
    let how = if rows.iter().all(|row| row.quartiles.is_some()) {
        "Medians of interleaved rounds and their quartiles. A ratio is to what was measured next to it in the same \
         round; only ratios mean anything on another machine."
    } else {
        "Each was measured once, to see that it works: the times mean nothing."
    };
    let _ =
        write!(text, "- command: `benches/run`\n\n{how}\n\n![the same as a plot]({name}.svg)\n");
    for row in rows {
        assert!(SECTIONS.iter().any(|(name, ..)| *name == row.section), "no section of {row:?}");
    }
    let of = |name| rows.iter().filter(move |row| row.section == name);
    let bar: Vec<_> =
        SECTIONS.iter().flat_map(|(name, ..)| of(*name)).filter(|row| row.has_bar()).collect();
    section(&mut text, "The bar", "All rows that are to be no more than something.", &bar);
    misses(&mut text, &bar, notes);
    for (name, title, what) in SECTIONS {
        section(&mut text, title, what, &of(name).collect::<Vec<_>>());
    }
    text
}

fn section(text: &mut String, title: &str, what: &str, rows: &[&Row]) {
    let _ = writeln!(text, "\n## {title}\n\n{what}\n");
    if rows.is_empty() {
        let _ = writeln!(text, "Not measured in this run.");
        return;
    }
    text.push_str("| what | gate | aim | measured | p25–p75 | | verdict |\n");
    text.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
    for row in rows {
        let cells =
            [row.gate(), row.aim(), row.measured(), row.spread(), row.also().into(), row.verdict()];
        let _ = writeln!(text, "| {} | {} |", row.what, cells.join(" | "));
    }
}

/// Every miss has its reason, or says that nobody knows it.
fn misses(text: &mut String, bar: &[&Row], notes: &Notes) {
    let mut misses = bar.iter().filter(|row| row.misses()).peekable();
    if misses.peek().is_some() {
        text.push_str("\nWhere it is missed, why:\n\n");
    }
    for row in misses {
        let why = notes::of(notes, &row.what).unwrap_or("not yet known.");
        let _ = writeln!(text, "- **{}** ({}): {why}", row.what, row.verdict().replace("**", ""));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let rows = [
            "requests\tW0\tF\t1\t1.1\t1.2\t3000 ns\t\t",
            "requests\tW1\tF\t1\t1.1\t1.2\t3100 ns\t1.2\t",
            "requests\tW10\tF\t1\t1.1\t1.2\t4000 ns\t1.2\t0.85",
            "requests\tW100\tF\t0.8\t0.9\t1\t9000 ns\t0.9\t0.65",
        ];
        rows.map(Row::read).into()
    }

    #[test]
    fn rows_stand_in_their_section_and_those_with_a_limit_in_the_bar() {
        let text = markdown(&rows(), "here", &Notes::new());
        let line = "| W10 | ≤ 1.20 F | ≤ 0.85 F | 1.10 F | 1.00–1.20 | 4000 ns | gate pass, aim **miss** (+29 %) |\n";
        assert_eq!(text.matches(line).count(), 2, "{text}");
        assert_eq!(text.matches("| W0 |  |  | 1.10 F | 1.00–1.20 | 3000 ns |  |\n").count(), 1);
        assert!(text.contains("(here.svg)"));
        assert!(text.contains("\n## Size\n\nWhat each"), "every section has its place");
    }

    #[test]
    fn the_bar_is_in_the_order_of_the_sections() {
        let rows = ["size\tb\t\t1\t1\t1\t\t2\t", "requests\ta\t\t1\t1\t1\t\t2\t"].map(Row::read);
        let text = markdown(&rows, "here", &Notes::new());
        assert!(text.find("| a |") < text.find("| b |"), "{text}");
    }

    #[test]
    fn says_when_the_times_mean_nothing() {
        let once = [Row::read("requests\tW10\tF\t\t1.1\t\t4000 ns\t\t")];
        assert!(markdown(&once, "here", &Notes::new()).contains("the times mean nothing"));
        assert!(!markdown(&rows(), "here", &Notes::new()).contains("the times mean nothing"));
    }

    #[test]
    #[should_panic(expected = "no section of")]
    fn a_row_of_no_section_is_not_lost() {
        markdown(&[Row::read("other\tW10\tF\t\t1.1\t\t\t\t")], "here", &Notes::new());
    }

    #[test]
    fn a_miss_has_its_reason_or_says_that_there_is_none() {
        let text = markdown(&rows(), "here", &vec![("W10".to_owned(), "the kernel.".to_owned())]);
        assert!(text.contains("- **W10** (gate pass, aim miss (+29 %)): the kernel.\n"), "{text}");
        assert!(text.contains("- **W100** (gate pass, aim miss (+38 %)): not yet known.\n"));
        assert!(!text.contains("- **W0**") && !text.contains("- **W1**"));
    }

    #[test]
    fn what_was_not_measured_says_so() {
        let text = markdown(&rows(), "here", &Notes::new());
        assert_eq!(text.matches("Not measured in this run").count(), SECTIONS.len() - 1);
    }
}
