//! What a reporter did with its packets.

use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::losses::Losses;
use crate::{Error, diagnostics, foreign, system};

/// What a [`Reporter`](crate::Reporter) did since it was built. Packets are counted for each server.
///
/// ```
/// # use pynba_runtime::{Reporter, Sampling};
/// # let builder = Reporter::builder().server("127.0.0.1:30002");
/// let reporter = builder.sampling(Sampling::new(0.0)).build()?;
/// drop(reporter.open("import"));
/// # if cfg!(feature = "enable") {
/// assert_eq!(reporter.stats().sampled_out, 1);
/// assert_eq!(reporter.stats().to_string(), "0 packets, 0 bytes, 1 requests not in the sample");
/// # }
/// # Ok::<(), pynba_runtime::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Packets that the system took. UDP tells nobody whether they arrived.
    pub packets: u64,
    /// Bytes of these packets.
    pub bytes: u64,
    /// Packets that were answered by a refusal, because nobody listened at the server's port. The answer
    /// comes after the packet was taken, and is learned of when the next one is sent. While one after the other is
    /// refused, packets are sent every tenth of a millisecond only, and those in between are lost, and counted here.
    pub refused: u64,
    /// Packets lost because the send buffer was full.
    pub buffer_full: u64,
    /// Packets lost because the queue of the background sender was full, see [`Background`](crate::Background). Each
    /// is counted once, however many servers it was for.
    pub queue_full: u64,
    /// Packets lost because they were larger than a datagram may be.
    pub too_large: u64,
    /// Packets lost because the server's host name was not found.
    pub unresolved: u64,
    /// Look-ups of servers' host names that failed, and those that could not begin because the one before
    /// had not ended; each is counted by the reporter whose packet asked for it. As long as an address is
    /// known, the packets go there: those that were lost count as [`unresolved`](Self::unresolved).
    pub resolve_failures: u64,
    /// Packets lost for any other reason.
    pub failed: u64,
    /// Requests that were not in the sample, see [`Sampling`](crate::Sampling).
    pub sampled_out: u64,
    /// Timers that were folded into one of the same tags, because they would not have fitted in one packet
    /// or because [`merge_timers`](crate::ReporterBuilder::merge_timers) asks for it.
    pub merged_timers: u64,
    /// Timers that were not recorded because their request had too many of different tags.
    pub dropped_timers: u64,
    /// Timers of a [`Handle`](crate::Handle) that were not sent because their request was sent before they ended.
    pub late_timers: u64,
    /// Timers that were not sent because at run time no tag was left: no report could show them.
    pub untagged_timers: u64,
    /// Tags that were left out because those of their timer or request filled a whole packet already.
    pub dropped_tags: u64,
    /// What was said about a request or a timer on other threads, and was left out because it was more than a
    /// mailbox of 16,384 messages and 256 KiB of text holds.
    pub dropped_changes: u64,
}

/// One line: what was sent, then what is not zero.
impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} packets, {} bytes", self.packets, self.bytes)?;
        for (count, what) in [
            (self.refused, "refused"),
            (self.buffer_full, "lost to a full buffer"),
            (self.queue_full, "lost to a full queue"),
            (self.too_large, "too large"),
            (self.unresolved, "lost to an unknown host"),
            (self.resolve_failures, "look-ups failed"),
            (self.failed, "failed"),
            (self.sampled_out, "requests not in the sample"),
            (self.merged_timers, "timers merged"),
            (self.dropped_timers, "timers dropped"),
            (self.late_timers, "timers too late"),
            (self.untagged_timers, "timers without tags"),
            (self.dropped_tags, "tags dropped"),
            (self.dropped_changes, "changes dropped"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

/// Why a packet was lost; each is counted and logged for itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Refused,
    BufferFull,
    QueueFull,
    TooLarge,
    Unresolved,
    Failed,
}

impl Kind {
    pub(crate) const COUNT: usize = Self::Failed as usize + 1;

    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::TooLarge { .. } => Self::TooLarge,
            Error::QueueFull { .. } => Self::QueueFull,
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

/// Whom the program wants to be told.
#[derive(Clone, Default)]
pub(crate) struct OnError(pub(crate) Option<Arc<Told>>);

type Told = dyn Fn(&Error) + Send + Sync;

impl fmt::Debug for OnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "a function" } else { "none" })
    }
}

/// The figures behind [`Stats`]. They are independent of each other, so relaxed order is enough.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    on_error: OnError,
    packets: AtomicU64,
    bytes: AtomicU64,
    lost: [AtomicU64; Kind::COUNT],
    resolve_failures: AtomicU64,
    sampled_out: AtomicU64,
    merged_timers: AtomicU64,
    dropped_timers: AtomicU64,
    late_timers: AtomicU64,
    untagged_timers: AtomicU64,
    dropped_tags: AtomicU64,
    dropped_changes: AtomicU64,
}

impl Counters {
    pub(crate) fn new(on_error: OnError) -> Self {
        Self { on_error, ..Self::default() }
    }

    #[inline]
    pub(crate) fn sent(&self, bytes: usize) {
        self.packets.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn sent_all(&self, packets: &[Vec<u8>]) {
        let bytes = packets.iter().map(Vec::len).sum::<usize>();
        self.packets.fetch_add(packets.len() as u64, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts what was lost, and says it.
    #[cold]
    pub(crate) fn lose(&self, error: &Error) {
        let kind = Kind::of(error);
        self.lost(kind);
        diagnostics::lost(kind, error);
        if let Some(on_error) = &self.on_error.0 {
            foreign::run(|| on_error(error));
        }
    }

    pub(crate) fn resolve_failed(&self) {
        self.resolve_failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn lost(&self, kind: Kind) {
        self.lost[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn sampled_out(&self) {
        self.sampled_out.fetch_add(1, Ordering::Relaxed);
    }

    /// What a request could not keep as it was. Nearly always nothing.
    #[cold]
    pub(crate) fn left_out(&self, losses: Losses) {
        for (counter, count) in [
            (&self.merged_timers, losses.merged),
            (&self.dropped_timers, losses.dropped),
            (&self.late_timers, losses.late),
            (&self.untagged_timers, losses.untagged),
            (&self.dropped_tags, losses.tags),
            (&self.dropped_changes, losses.changes),
        ] {
            if count > 0 {
                counter.fetch_add(count, Ordering::Relaxed);
            }
        }
    }

    pub(crate) fn snapshot(&self) -> Stats {
        let lost = |kind: Kind| self.lost[kind as usize].load(Ordering::Relaxed);
        Stats {
            packets: self.packets.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            refused: lost(Kind::Refused),
            buffer_full: lost(Kind::BufferFull),
            queue_full: lost(Kind::QueueFull),
            too_large: lost(Kind::TooLarge),
            unresolved: lost(Kind::Unresolved),
            resolve_failures: self.resolve_failures.load(Ordering::Relaxed),
            failed: lost(Kind::Failed),
            sampled_out: self.sampled_out.load(Ordering::Relaxed),
            merged_timers: self.merged_timers.load(Ordering::Relaxed),
            dropped_timers: self.dropped_timers.load(Ordering::Relaxed),
            late_timers: self.late_timers.load(Ordering::Relaxed),
            untagged_timers: self.untagged_timers.load(Ordering::Relaxed),
            dropped_tags: self.dropped_tags.load(Ordering::Relaxed),
            dropped_changes: self.dropped_changes.load(Ordering::Relaxed),
        }
    }
}
