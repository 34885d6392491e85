//! What someone may have meant who wrote an option that does not exist.

/// The nearest of `known`, when it is near enough to be a slip of the finger.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = known.iter().map(|known| (distance(word, known), *known));
    let (distance, nearest) = near.min_by_key(|(distance, _)| *distance)?;
    (distance <= (word.len() / 3).clamp(1, 3)).then_some(nearest)
}

/// How many letters have to be put in, left out or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in b.chars().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_slips_and_nothing_far_fetched() {
        let known = ["prefix", "hostname", "server_name", "tags"];
        assert_eq!(nearest("prefx", &known), Some("prefix"));
        assert_eq!(nearest("host_name", &known), Some("hostname"));
        assert_eq!(nearest("tag", &known), Some("tags"));
        assert_eq!(nearest("server", &known), None);
        assert_eq!(nearest("colour", &known), None);
    }
}
