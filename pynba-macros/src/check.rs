//! What is wrong with tags that parsed: none at all, or one given twice.

use crate::name::Name;
use crate::problems::Problems;
use crate::tags::Entry;
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Checks the entries of a macro, and of the maps in them.
pub(crate) fn check(entries: &[Entry], problems: &mut Problems) {
    paths(entries, "tag", problems);
}

/// The flattened names that `entries` give, and where. Each may come from one entry only: a list
/// is how to say that a tag has several values, and a second spelling is more likely a mistake.
fn paths<'a>(entries: &'a [Entry], what: &str, problems: &mut Problems) -> Paths<'a> {
    let mut names = BTreeSet::new();
    let mut seen = Paths::new();
    for Entry { name, value } in entries {
        let below = paths_of(value, name, problems);
        if name.text.is_empty() {
            // Has had its complaint.
        } else if !names.insert(&name.text) {
            twice(name, what, &name.text, problems);
        } else {
            for (path, at) in below {
                let path = join(&name.text, &path);
                if seen.contains_key(&path) {
                    twice(at, what, &path, problems);
                }
                seen.insert(path, at);
            }
        }
    }
    seen
}

type Paths<'a> = BTreeMap<String, &'a Name>;

fn paths_of<'a>(value: &'a Value, name: &'a Name, problems: &mut Problems) -> Paths<'a> {
    match value {
        Value::Text(_) | Value::Dynamic(..) => Paths::from([(String::new(), name)]),
        // Several items may well be maps with the same keys: that is several values.
        Value::List(items) => {
            items.iter().flat_map(|item| paths_of(item, name, problems)).collect()
        }
        Value::Map(entries) => paths(entries, "key", problems),
    }
}

pub(crate) fn join(name: &str, below: &str) -> String {
    if below.is_empty() { name.to_owned() } else { format!("{name}.{below}") }
}

fn twice(at: &Name, what: &str, name: &str, problems: &mut Problems) {
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
    let written = if plain { name.to_owned() } else { format!("{name:?}") };
    let why = format_args!(
        "the {what} `{name}` is given twice; write one list, `{written} = [\"a\", \"b\"]`"
    );
    problems.add(&at.tokens, why);
}
