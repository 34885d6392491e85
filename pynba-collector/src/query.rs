//! What a report is to show: its keys and its filters, as people write them.

mod filter;
mod fits;
mod key;

use std::error::Error;
use std::fmt;
use std::str::FromStr;

pub use self::filter::{Comparison, Filter, Number};
pub use self::key::{Field, Key};

pub(crate) use self::filter::{NumberTest, Pattern, Test};

/// What a report is about.
///
/// ```
/// use pynba_collector::{Key, Query};
///
/// let query = Query::new().by("script, +plan".parse()?).only("status>=500").unwrap();
/// assert_eq!(query.keys(), [Key::SCRIPT, Key::request_tag("plan")]);
/// # Ok::<(), pynba_collector::QueryError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    keys: Vec<Key>,
    filters: Vec<Filter>,
    is_of_timers: bool,
}

impl Query {
    /// All requests, in one row.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// All timers, in one row.
    #[must_use]
    pub fn of_timers() -> Self {
        Self { is_of_timers: true, ..Self::default() }
    }

    /// A row for each combination of these, further ones after those it has. With a tag of timers the rows are about
    /// timers.
    #[must_use]
    pub fn by(mut self, Keys(keys): Keys) -> Self {
        for key in keys {
            self = self.by_key(key);
        }
        self
    }

    /// [`by`](Self::by) for one key. One that it has already changes nothing.
    #[must_use]
    pub fn by_key(mut self, key: Key) -> Self {
        self.is_of_timers |= matches!(key, Key::TimerTag(_));
        if !self.keys.contains(&key) {
            self.keys.push(key);
        }
        self
    }

    /// Only what fits this filter and the others. See [`Filter`] for how to write it.
    ///
    /// # Errors
    ///
    /// When it is no filter.
    pub fn only(self, filter: &str) -> Result<Self, QueryError> {
        filter.parse().map(|filter| self.only_filter(filter))
    }

    /// [`only`](Self::only) what fits this one.
    #[must_use]
    pub fn only_filter(mut self, filter: Filter) -> Self {
        self.filters.push(filter);
        self
    }

    /// What the rows are told apart by.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// What has to be true of the requests and timers.
    #[must_use]
    pub fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// Whether rows are about timers, not about requests.
    #[must_use]
    pub fn is_of_timers(&self) -> bool {
        self.is_of_timers
    }
}

/// Some keys, which are written with commas: `script,+plan`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Keys(pub Vec<Key>);

impl FromStr for Keys {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        text.split(',').map(|key| key.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, key) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{key}")?;
        }
        Ok(())
    }
}

/// What is wrong with a key or a filter, and what to write instead.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct QueryError(String);

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for QueryError {}

#[cfg(test)]
mod tests;
