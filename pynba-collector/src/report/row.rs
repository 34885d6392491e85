//! A row of a report, as people read it.

use std::borrow::Cow;
use std::time::Duration;

use super::Report;
use super::tally::Tally;

use crate::OTHER;
use crate::histogram::Histogram;
use crate::query::{Field, Key};
use crate::words::{Texts, Word};

/// A row of a [`Report`].
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    report: &'a Report,
    tally: &'a Tally,
    key: Option<(&'a [u32], &'a Texts)>,
}

impl<'a> Row<'a> {
    pub(super) fn new(
        report: &'a Report,
        tally: &'a Tally,
        key: Option<(&'a [u32], &'a Texts)>,
    ) -> Self {
        Self { report, tally, key }
    }

    /// What tells it from the other rows, in the order of the query's [`keys`](crate::Query::keys).
    #[must_use]
    pub fn key(&self) -> impl ExactSizeIterator<Item = Cow<'a, str>> + use<'a> {
        let key = self.key;
        self.report.query.keys().iter().enumerate().map(move |(index, of)| match key {
            None => Cow::Borrowed(OTHER),
            Some((key, _)) if *of == Key::Field(Field::Status) => {
                Cow::Owned(key[index].to_string())
            }
            Some((key, texts)) => texts.text(Word(key[index])).to_str(),
        })
    }

    /// Whether it is about what has no row of its own, because there were too many already.
    #[must_use]
    pub fn is_other(&self) -> bool {
        self.key.is_none()
    }

    /// Requests; where rows are about timers, those that have such a timer.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.tally.requests
    }

    /// [`requests`](Self::requests) in a second.
    #[must_use]
    pub fn requests_per_second(&self) -> f64 {
        self.per_second(float(self.tally.requests))
    }

    /// [`requests`](Self::requests) in percent of those of the report's [`total`](Report::total).
    #[must_use]
    pub fn requests_percent(&self) -> f64 {
        percent(float(self.tally.requests), float(self.report.total.requests))
    }

    /// Those of [`requests`](Self::requests) with a status from 500.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.tally.errors
    }

    /// [`errors`](Self::errors) in a second.
    #[must_use]
    pub fn errors_per_second(&self) -> f64 {
        self.per_second(float(self.tally.errors))
    }

    /// How often timers ran; where rows are about requests, as many as these.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.tally.hits
    }

    /// [`hits`](Self::hits) in a second.
    #[must_use]
    pub fn hits_per_second(&self) -> f64 {
        self.per_second(float(self.tally.hits))
    }

    /// Wall time in all: of timers, where rows are about these.
    #[must_use]
    pub fn time(&self) -> Duration {
        duration(self.tally.time)
    }

    /// [`time`](Self::time) in percent of that of the report's [`total`](Report::total).
    #[must_use]
    pub fn time_percent(&self) -> f64 {
        percent(self.time().as_secs_f64(), self.report.total().time().as_secs_f64())
    }

    /// [`time`](Self::time) in a second, seconds: so many of them ran at once, on average.
    #[must_use]
    pub fn time_per_second(&self) -> f64 {
        self.per_second(self.time().as_secs_f64())
    }

    /// Processor time in user mode in all.
    #[must_use]
    pub fn user_time(&self) -> Duration {
        duration(self.tally.user)
    }

    /// Processor time in the kernel in all.
    #[must_use]
    pub fn system_time(&self) -> Duration {
        duration(self.tally.system)
    }

    /// Processor time in a second, seconds: so many processors were busy, on average.
    #[must_use]
    pub fn cpu_per_second(&self) -> f64 {
        self.per_second((self.user_time() + self.system_time()).as_secs_f64())
    }

    /// Sizes of the responses in all, bytes. 0 where rows are about timers.
    #[must_use]
    pub fn traffic(&self) -> u64 {
        self.tally.traffic
    }

    /// [`traffic`](Self::traffic) in a second, bytes.
    #[must_use]
    pub fn traffic_per_second(&self) -> f64 {
        self.per_second(float(self.tally.traffic))
    }

    /// Resident memory of all requests together, bytes. 0 where rows are about timers.
    #[must_use]
    pub fn memory_footprint_total(&self) -> u64 {
        self.tally.memory
    }

    /// [`memory_footprint_total`](Self::memory_footprint_total) of a request, bytes, on average.
    #[must_use]
    pub fn memory_footprint(&self) -> u64 {
        self.tally.memory.checked_div(self.tally.requests).unwrap_or(0)
    }

    /// The time that this share of the times does not exceed, 0.5 for the median, within
    /// [`RELATIVE_ERROR`](crate::RELATIVE_ERROR). Timers that ran several times count as often, each time with its
    /// part, as in the servers.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        Duration::from_secs_f32(self.tally.times.quantile(share)).min(self.longest())
    }

    /// How often which times occurred: what [`quantile`](Self::quantile) asks, and what can be merged with that of
    /// another collector.
    #[must_use]
    pub fn times(&self) -> &'a Histogram {
        &self.tally.times
    }

    /// The longest time, exactly.
    #[must_use]
    pub fn longest(&self) -> Duration {
        Duration::try_from_secs_f32(self.tally.longest.get()).unwrap_or(Duration::MAX)
    }

    fn per_second(&self, sum: f64) -> f64 {
        let seconds = self.report.span().as_secs_f64();
        if seconds > 0.0 { sum / seconds } else { 0.0 }
    }
}

fn percent(part: f64, of: f64) -> f64 {
    if of > 0.0 { part / of * 100.0 } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}

fn duration(nanoseconds: u128) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    let seconds = u64::try_from(nanoseconds / SECOND).unwrap_or(u64::MAX);
    Duration::new(seconds, u32::try_from(nanoseconds % SECOND).unwrap_or(0))
}
