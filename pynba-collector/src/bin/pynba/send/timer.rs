//! A timer as it is written in the shell.

use std::mem;
use std::str::FromStr;
use std::time::Duration;

use pynba_runtime::Tags;

use super::measured;
use crate::sending::Pair;

const FORM: &str = "write `group=db,op=select:0.25`";

/// `name=value[,name=value…]:time[/hits]`.
#[derive(Clone, Debug)]
pub(super) struct Timer {
    pub(super) tags: Tags,
    /// Over all hits.
    pub(super) time: Duration,
    pub(super) hits: u32,
}

impl FromStr for Timer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Values may contain colons: `op=GET http://a:80/:0.25`.
        let (pairs, measured) =
            text.rsplit_once(':').ok_or_else(|| format!("the time is missing; {FORM}"))?;
        let (time, hits) = match measured.split_once('/') {
            Some((time, hits)) => (time, read_hits(hits)?),
            None => (measured, 1),
        };
        let time = measured::time(time).map_err(|problem| format!("time `{time}`: {problem}"))?;
        let mut tags = Tags::new();
        for pair in split(pairs) {
            let Pair { name, value } =
                pair.parse().map_err(|problem| format!("tag `{pair}`: {problem}"))?;
            tags = tags.with(name, value);
        }
        Ok(Self { tags, time, hits })
    }
}

fn read_hits(text: &str) -> Result<u32, String> {
    let hits = text.parse().ok().filter(|&hits| hits > 0);
    hits.ok_or_else(|| {
        format!(
            "hits `{text}`: that is no number from 1 on; write `:0.75/3` for 3 hits, 0.75 s in all"
        )
    })
}

/// At commas, but `\,` stands for a comma and `\\` for a backslash; before anything else a backslash is itself.
fn split(text: &str) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            ',' => parts.push(mem::take(&mut part)),
            '\\' => part.push(chars.next_if(|next| [',', '\\'].contains(next)).unwrap_or('\\')),
            char => part.push(char),
        }
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<(String, String)>, f64, u32) {
        let Timer { tags, time, hits } = text.parse().unwrap();
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        (tags.iter().map(own).collect(), time.as_secs_f64(), hits)
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn reads_tags_time_and_hits() {
        let two = pairs(&[("group", "db"), ("op", "select")]);
        assert_eq!(read("group=db,op=select:0.25"), (two.clone(), 0.25, 1));
        assert_eq!(read("op=select,group=db:250ms/3"), (two, 0.25, 3));
    }

    #[test]
    fn values_may_contain_what_separates() {
        assert_eq!(read("url=http://a:80/?b=c:2").0, pairs(&[("url", "http://a:80/?b=c")]));
        assert_eq!(read(r"list=a\,b,n=1:2").0, pairs(&[("list", "a,b"), ("n", "1")]));
        assert_eq!(read(r"path=C:\temp\\,n=1:2").0, pairs(&[("n", "1"), ("path", r"C:\temp\")]));
    }

    #[test]
    fn says_what_is_wrong_and_what_to_write() {
        for (text, problem) in [
            ("group=db", "the time is missing; write `group=db,op=select:0.25`"),
            ("group=db:", "time ``: that is no time; write seconds such as `0.25`"),
            ("group=db:soon", "time `soon`: that is no time"),
            ("group=db:-1", "time `-1`: a time is not negative"),
            ("group=db:NaN", "time `NaN`: that is no finite number"),
            ("group=db:1/0", "hits `0`: that is no number from 1 on; write `:0.75/3`"),
            ("group=db:1/x", "hits `x`"),
            ("db:1", "tag `db`: there is no `=`; write `db=VALUE`"),
            ("group=db,:1", "tag ``: there is no tag; write `NAME=VALUE`"),
            ("=db:1", "tag `=db`: the name is missing; write `NAME=db`"),
        ] {
            let error = text.parse::<Timer>().unwrap_err();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }
}
