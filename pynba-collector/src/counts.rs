//! What a collector has seen.

use pynba_runtime::Stats;

use crate::packet::{Invalid, Packets};

/// What a [`Collector`](crate::Collector) has seen since it was started.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Counts {
    /// Datagrams that arrived, whatever was in them.
    pub packets: u64,
    /// Bytes of these datagrams.
    pub bytes: u64,
    /// Requests in them: one for each valid datagram, and those nested in it.
    pub requests: u64,
    /// How often receiving failed, for whatever reason.
    pub failures: u64,
    invalid: [u64; Invalid::ALL.len()],
    /// Datagrams that the kernel dropped, because they came faster than they were read. `None` where the system does not
    /// tell.
    pub lost: Option<u64>,
    /// What became of the datagrams that were to be forwarded. `None` when none were.
    pub forwarded: Option<Stats>,
}

impl Counts {
    /// A datagram of this many bytes, and what was in it.
    pub(crate) fn count(&mut self, bytes: usize, requests: &Result<Packets<'_>, Invalid>) {
        self.packets += 1;
        self.bytes += bytes as u64;
        match requests {
            Ok(requests) => self.requests += requests.iter().len() as u64,
            Err(invalid) => self.invalid[invalid.index()] += 1,
        }
    }

    pub(crate) fn with(self, lost: Option<u64>, forwarded: Option<Stats>) -> Self {
        Self { lost, forwarded, ..self }
    }

    /// Datagrams that were to be forwarded, and are lost.
    #[must_use]
    pub fn not_forwarded(&self) -> u64 {
        self.forwarded.map_or(0, |stats| {
            stats.refused
                + stats.buffer_full
                + stats.queue_full
                + stats.too_large
                + stats.unresolved
                + stats.failed
        })
    }

    /// Datagrams that were no packets of Pinba.
    #[must_use]
    pub fn invalid(&self) -> u64 {
        self.invalid.iter().sum()
    }

    /// [`invalid`](Self::invalid) ones, by what was wrong with them.
    pub fn reasons(&self) -> impl Iterator<Item = (Invalid, u64)> {
        let counted = Invalid::ALL.into_iter().zip(self.invalid);
        counted.filter(|(_, count)| *count > 0)
    }
}
