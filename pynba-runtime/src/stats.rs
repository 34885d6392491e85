//! What a reporter did with its packets.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Error, diagnostics, system};

/// What a [`Reporter`](crate::Reporter) did since it was built. Packets are counted for each server.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Packets that the system took. UDP tells nobody whether they arrived.
    pub packets: u64,
    /// Bytes of these packets.
    pub bytes: u64,
    /// Packets that were answered by a refusal, because nobody listened at the server's port. The answer
    /// comes after the packet was taken, and is learned of when the next one is sent.
    pub refused: u64,
    /// Packets lost because the send buffer was full.
    pub buffer_full: u64,
    /// Packets lost because they were larger than a datagram may be.
    pub too_large: u64,
    /// Packets lost because the server's host name was not found.
    pub unresolved: u64,
    /// Packets lost for any other reason.
    pub failed: u64,
    /// Timers that were not recorded because their request had too many.
    pub dropped_timers: u64,
    /// Timers that were not sent because at run time no tag was left: no report could show them.
    pub untagged_timers: u64,
    /// Tags that were left out because those of their timer or request filled a whole packet already.
    pub dropped_tags: u64,
}

/// Why a packet was lost; each is counted and logged for itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Refused,
    BufferFull,
    TooLarge,
    Unresolved,
    Failed,
}

impl Kind {
    pub(crate) const COUNT: usize = Self::Failed as usize + 1;

    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::TooLarge { .. } => Self::TooLarge,
            Error::Resolve { .. } => Self::Unresolved,
            Error::Send { source, .. } if system::is_too_large(source) => Self::TooLarge,
            Error::Send { source, .. } => match source.kind() {
                ErrorKind::WouldBlock => Self::BufferFull,
                ErrorKind::ConnectionRefused => Self::Refused,
                _ => Self::Failed,
            },
            _ => Self::Failed,
        }
    }
}

/// The figures behind [`Stats`]. They are independent of each other, so relaxed order is enough.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    packets: AtomicU64,
    bytes: AtomicU64,
    lost: [AtomicU64; Kind::COUNT],
    dropped_timers: AtomicU64,
    untagged_timers: AtomicU64,
    dropped_tags: AtomicU64,
}

impl Counters {
    pub(crate) fn sent(&self, bytes: usize) {
        self.packets.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts what was lost, and says it.
    pub(crate) fn lose(&self, error: &Error) {
        let kind = Kind::of(error);
        self.lost(kind);
        diagnostics::lost(kind, error);
    }

    pub(crate) fn lost(&self, kind: Kind) {
        self.lost[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// What a request could not take, or not send. Nearly always nothing.
    pub(crate) fn left_out(&self, dropped_timers: u64, untagged_timers: u64, dropped_tags: u64) {
        if dropped_timers + untagged_timers + dropped_tags > 0 {
            self.dropped_timers.fetch_add(dropped_timers, Ordering::Relaxed);
            self.untagged_timers.fetch_add(untagged_timers, Ordering::Relaxed);
            self.dropped_tags.fetch_add(dropped_tags, Ordering::Relaxed);
        }
    }

    pub(crate) fn snapshot(&self) -> Stats {
        let lost = |kind: Kind| self.lost[kind as usize].load(Ordering::Relaxed);
        Stats {
            packets: self.packets.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            refused: lost(Kind::Refused),
            buffer_full: lost(Kind::BufferFull),
            too_large: lost(Kind::TooLarge),
            unresolved: lost(Kind::Unresolved),
            failed: lost(Kind::Failed),
            dropped_timers: self.dropped_timers.load(Ordering::Relaxed),
            untagged_timers: self.untagged_timers.load(Ordering::Relaxed),
            dropped_tags: self.dropped_tags.load(Ordering::Relaxed),
        }
    }
}
