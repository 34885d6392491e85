//! What requests and timers of a report have to be like.

use std::fmt;
use std::str::FromStr;

use wildmatch::WildMatch;

use super::{Key, QueryError};

use crate::store::Requested;
use crate::text::shown;

/// A condition on requests, or on timers.
///
/// | written | fits |
/// | --- | --- |
/// | `script=/index`, `host!=web1`, `+plan=free` | the text itself; `!=` also what has no such tag |
/// | `script~/api/*`, `server!~*.test` | a pattern: `*` is any text, `?` any character |
/// | `status>=500`, `time>0.2`, `time<=200ms` | numbers, with `=`, `!=`, `<`, `<=`, `>`, `>=` |
/// | `@group=db` | timers with this tag; where rows are about requests, those that have such a timer |
///
/// Numbers are `status`; `time` and `cpu` (seconds, or with `ms`, `us`, `m` or `h` behind them); `size` of the response,
/// `memory` (footprint) and `peak` of memory (bytes, or with `KB`, `MiB` and so on behind them). Of a tag that is there several times, any
/// of its values may fit.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Filter {
    pub(crate) test: Test,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    /// Of a text: a name, or a tag's values.
    Text {
        of: Key,
        is: Pattern,
        negated: bool,
    },
    Number(NumberTest),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct NumberTest {
    of: Number,
    comparison: Comparison,
    than: f64,
}

/// A number that every request has.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Number {
    /// HTTP status or what stands for it.
    Status,
    /// Wall time, seconds.
    Time,
    /// Processor time of user and system, seconds.
    Cpu,
    /// Size of the response, bytes.
    Size,
    /// Resident memory, bytes.
    Memory,
    /// Peak memory, bytes.
    Peak,
}

/// How two numbers compare.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Pattern {
    Exactly(String),
    Like(WildMatch),
}

impl Filter {
    /// What has this text under the key.
    #[must_use]
    pub fn equal(key: Key, text: impl Into<String>) -> Self {
        let text = text.into();
        if key == Key::STATUS
            && let Ok(status) = text.parse()
        {
            return Self::compare(Number::Status, Comparison::Equal, status);
        }
        Self { test: Test::Text { of: key, is: Pattern::Exactly(text), negated: false } }
    }

    /// Whether all that fits has the same under this key, so that it tells nothing apart any more.
    #[must_use]
    pub fn settles(&self, key: &Key) -> bool {
        match &self.test {
            Test::Text { of, is: Pattern::Exactly(_), negated: false } => of == key,
            Test::Number(test) => {
                *key == Key::STATUS
                    && test.of == Number::Status
                    && test.comparison == Comparison::Equal
            }
            Test::Text { .. } => false,
        }
    }

    /// What has such a number.
    #[must_use]
    pub fn compare(of: Number, comparison: Comparison, than: f64) -> Self {
        Self { test: Test::Number(NumberTest { of, comparison, than }) }
    }
}

impl Number {
    const ALL: [Self; 6] =
        [Self::Status, Self::Time, Self::Cpu, Self::Size, Self::Memory, Self::Peak];

    fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Time => "time",
            Self::Cpu => "cpu",
            Self::Size => "size",
            Self::Memory => "memory",
            Self::Peak => "peak",
        }
    }

    /// What may stand behind it; what it is multiplied with, and what it is divided by: exact, unlike fractions.
    fn units(self) -> &'static [(&'static str, f64, f64)] {
        match self {
            Self::Status => &[],
            Self::Time | Self::Cpu => &[
                ("ms", 1.0, 1e3),
                ("us", 1.0, 1e6),
                ("µs", 1.0, 1e6),
                ("s", 1.0, 1.0),
                ("m", 60.0, 1.0),
                ("h", 3600.0, 1.0),
            ],
            Self::Size | Self::Memory | Self::Peak => &[
                ("KiB", 1024.0, 1.0),
                ("MiB", 1_048_576.0, 1.0),
                ("GiB", 1_073_741_824.0, 1.0),
                ("KB", 1e3, 1.0),
                ("MB", 1e6, 1.0),
                ("GB", 1e9, 1.0),
                ("B", 1.0, 1.0),
                ("k", 1e3, 1.0),
                ("M", 1e6, 1.0),
                ("G", 1e9, 1.0),
            ],
        }
    }

    fn parse(self, text: &str) -> Option<f64> {
        let with_unit = |&(unit, times, over): &_| Some((text.strip_suffix(unit)?, times, over));
        let (digits, times, over) =
            self.units().iter().find_map(with_unit).unwrap_or((text, 1.0, 1.0));
        let number: f64 = digits.trim().parse().ok()?;
        number.is_finite().then_some(number * times / over)
    }
}

impl Comparison {
    const ALL: [(&'static str, Self); 6] = [
        (">=", Self::AtLeast),
        ("<=", Self::AtMost),
        ("!=", Self::Unequal),
        ("=", Self::Equal),
        (">", Self::More),
        ("<", Self::Less),
    ];

    #[expect(clippy::float_cmp, reason = "who asks for the same number means it")]
    fn holds(self, number: f64, than: f64) -> bool {
        match self {
            Self::Equal => number == than,
            Self::Unequal => number != than,
            Self::Less => number < than,
            Self::AtMost => number <= than,
            Self::More => number > than,
            Self::AtLeast => number >= than,
        }
    }
}

impl NumberTest {
    #[expect(clippy::cast_possible_truncation, reason = "compared as what was sent: 0.2 is 0.2")]
    pub(crate) fn fits(&self, request: &Requested) -> bool {
        let seconds =
            |seconds: f32| self.comparison.holds(seconds.into(), (self.than as f32).into());
        let count = |count: u32| self.comparison.holds(count.into(), self.than);
        match self.of {
            Number::Status => count(request.status),
            Number::Time => seconds(request.time),
            Number::Cpu => seconds(request.rusage[0] + request.rusage[1]),
            Number::Size => count(request.document_size),
            Number::Memory => count(request.memory_footprint),
            Number::Peak => count(request.memory_peak),
        }
    }
}

impl Pattern {
    /// Text that is not UTF-8 is taken as it is shown.
    pub(crate) fn fits(&self, text: &[u8]) -> bool {
        let text = shown(text);
        match self {
            Self::Exactly(exactly) => text == *exactly,
            Self::Like(like) => like.matches(&text),
        }
    }
}

impl FromStr for Filter {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        let text = text.trim();
        // A sign before the name belongs to it: `~script~/api/*`.
        let first = text.chars().next().map_or(0, char::len_utf8);
        let Some(end) = text[first..].find(['=', '<', '>', '!', '~']).map(|end| first + end) else {
            return Err(QueryError(format!(
                "`{text}` is no filter; write `name=text`, `name~pattern*` or `number>=1`"
            )));
        };
        let (name, rest) = (text[..end].trim_end(), &text[end..]);
        if let Some(number) =
            Number::ALL.into_iter().find(|number| number.name() == name.trim_start_matches('~'))
        {
            return compare(number, rest, text);
        }
        let of: Key = name.parse()?;
        let (is, negated): (fn(&str) -> Pattern, bool) = match rest.as_bytes() {
            [b'=', b'=', ..] => {
                return Err(QueryError(format!("`{text}`: write one `=`")));
            }
            [b'!', b'~', ..] => (|text| Pattern::Like(WildMatch::new(text)), true),
            [b'!', b'=', ..] => (|text| Pattern::Exactly(text.to_owned()), true),
            [b'~', ..] => (|text| Pattern::Like(WildMatch::new(text)), false),
            [b'=', ..] => (|text| Pattern::Exactly(text.to_owned()), false),
            _ => {
                return Err(QueryError(format!(
                    "`{text}`: `{name}` is text; compare it with `=`, `!=`, `~` or `!~`"
                )));
            }
        };
        let is = is(rest[if negated { 2 } else { 1 }..].trim_start());
        Ok(Self { test: Test::Text { of, is, negated } })
    }
}

fn compare(of: Number, rest: &str, text: &str) -> Result<Filter, QueryError> {
    let name = of.name();
    let comparison = |&(sign, comparison): &(&str, _)| Some((comparison, rest.strip_prefix(sign)?));
    let Some((comparison, than)) = Comparison::ALL.iter().find_map(comparison) else {
        return Err(QueryError(format!(
            "`{text}`: `{name}` is a number; compare it with `=`, `!=`, `<`, `<=`, `>` or `>=`"
        )));
    };
    of.parse(than.trim()).map(|than| Filter::compare(of, comparison, than)).ok_or_else(|| {
        let units = of.units().iter().map(|(unit, ..)| *unit).collect::<Vec<_>>().join(", ");
        let units =
            if units.is_empty() { units } else { format!(" or a number with {units} behind it") };
        QueryError(format!("`{text}`: `{}` is no number; write a number{units}", than.trim()))
    })
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.test {
            Test::Number(NumberTest { of, comparison, than }) => {
                let sign = |(_, other): &&(&str, Comparison)| other == comparison;
                let sign = Comparison::ALL.iter().find(sign).map_or("=", |(sign, _)| sign);
                write!(f, "{}{sign}{than}", of.name())
            }
            Test::Text { of, is, negated } => {
                let not = if *negated { "!" } else { "" };
                match is {
                    Pattern::Exactly(text) => write!(f, "{of}{not}={text}"),
                    Pattern::Like(pattern) => write!(f, "{of}{not}~{pattern}"),
                }
            }
        }
    }
}
