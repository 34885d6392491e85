//! A tag as it is written in the shell.

use std::collections::BTreeMap;
use std::str::FromStr;

/// `name=value`: the first `=` ends the name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Pair {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            None if text.is_empty() => Err("there is no tag; write `NAME=VALUE`".to_owned()),
            None => Err(format!("there is no `=`; write `{text}=VALUE`")),
            Some(("", value)) => Err(format!("the name is missing; write `NAME={value}`")),
            Some((name, value)) => Ok(Self { name: name.to_owned(), value: value.to_owned() }),
        }
    }
}

/// The values of each name, shorter names first: setting a name removes what stands below it (`name.key`).
pub(super) fn by_name(pairs: Vec<Pair>) -> BTreeMap<String, Vec<String>> {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Pair { name, value } in pairs {
        names.entry(name).or_default().push(value);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_equals_sign_ends_the_name() {
        let read = |text: &str| text.parse::<Pair>().map(|pair| (pair.name, pair.value));
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(read("plan=free"), pair("plan", "free"));
        assert_eq!(read("query=a=b,c:d"), pair("query", "a=b,c:d"));
        assert_eq!(read("empty="), pair("empty", ""));
    }

    #[test]
    fn says_what_to_write() {
        let error = |text: &str| text.parse::<Pair>().unwrap_err();
        assert_eq!(error("plan"), "there is no `=`; write `plan=VALUE`");
        assert_eq!(error(""), "there is no tag; write `NAME=VALUE`");
        assert_eq!(error("=free"), "the name is missing; write `NAME=free`");
    }
}
