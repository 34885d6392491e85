//! Why rows miss what they are to be: `- row: why`, with lines after the first indented.

/// Names of rows, and what is said of them.
pub(crate) type Notes = Vec<(String, String)>;

pub(crate) fn read(text: &str) -> Notes {
    let items = text.split("\n- ").skip(1);
    let notes = items.filter_map(|item| item.split_once(": "));
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    notes.map(|(row, why)| (row.to_owned(), one_line(why))).collect()
}

pub(crate) fn of<'a>(notes: &'a Notes, row: &str) -> Option<&'a str> {
    notes.iter().find(|(name, _)| name == row).map(|(_, why)| why.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_said_of_each_row() {
        let notes =
            read("# Why\n\nWords: before.\n\n- W10: it\n  sends: once\n- W10, 64 threads: x\n");
        assert_eq!(of(&notes, "W10"), Some("it sends: once"));
        assert_eq!(of(&notes, "W10, 64 threads"), Some("x"));
        assert_eq!((of(&notes, "W1"), notes.len()), (None, 2));
    }
}
