//! A sliding window of requests, bounded in time and in memory.
//!
//! Requests lie in chunks of at most a second. The last chunk is being written; the others never change, and are
//! shared with the snapshots that show them. So taking a snapshot copies pointers, whatever readers do with it never
//! holds up the one who stores, and what has become too old leaves by the chunk. Each snapshot ends a chunk; when their
//! second is over they become one.

mod chunk;
mod writing;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub(crate) use self::chunk::{Chunk, Requested, SetId, Timed};
use self::writing::Writing;

use crate::packet::Packet;
use crate::snapshot::{Kept, Snapshot};
use crate::words::{self, Words};

/// How much a [`Store`] keeps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Requests leave when they are older than this, and at most a second more.
    pub window: Duration,
    /// Memory for requests and texts, bytes. The oldest requests leave when it is full. A [`Snapshot`] that is held
    /// keeps its own requests beyond that.
    pub memory: usize,
    /// Distinct texts in the window: names, and names and values of tags. Further ones are filed under
    /// [`OTHER`](crate::OTHER) and counted, until older ones have left the window.
    pub texts: usize,
}

impl Default for Limits {
    /// 15 minutes, which is what both Pinba servers keep by default, 256 MB, and 100,000 texts.
    fn default() -> Self {
        Self { window: Duration::from_secs(15 * 60), memory: 256_000_000, texts: 100_000 }
    }
}

impl Limits {
    /// These, with another [`window`](#structfield.window).
    #[must_use]
    pub fn window(self, window: Duration) -> Self {
        Self { window, ..self }
    }

    /// These, with another [`memory`](#structfield.memory).
    #[must_use]
    pub fn memory(self, memory: usize) -> Self {
        Self { memory, ..self }
    }

    /// These, with another number of [`texts`](#structfield.texts).
    #[must_use]
    pub fn texts(self, texts: usize) -> Self {
        Self { texts, ..self }
    }

    /// A chunk ends when it is this old.
    fn chunk_span(self) -> Duration {
        (self.window / 64).min(Duration::from_secs(1))
    }

    /// A chunk ends when it has this many bytes.
    fn chunk_bytes(self) -> usize {
        // Indices in it are 32 bits wide.
        (self.memory / 64).min(64 << 20)
    }

    fn words(self) -> words::Limits {
        // Texts may not crowd out the requests that use them.
        words::Limits { words: self.texts, bytes: self.memory / 4 }
    }
}

/// Keeps the requests of the last minutes, to be looked at in [`snapshot`](Self::snapshot)s.
///
/// It looks at no clock: whoever calls it says what time it is, as the time since the store was made.
pub struct Store {
    limits: Limits,
    /// The calendar's time when the store's was 0.
    epoch: SystemTime,
    words: Words,
    chunks: VecDeque<Arc<Chunk>>,
    /// Bytes of `chunks`.
    bytes: usize,
    /// So many of the last chunks are to be one when their time is over: whoever looks often makes many small ones.
    open: usize,
    writing: Writing,
    /// Requests that came before this have left, or might have.
    complete_since: Duration,
    pushed_out: u64,
}

impl Store {
    /// An empty store, made at the given time of the calendar.
    #[must_use]
    pub fn new(limits: Limits, began: SystemTime) -> Self {
        Self {
            limits,
            epoch: began,
            words: Words::new(limits.words()),
            chunks: VecDeque::new(),
            bytes: 0,
            open: 0,
            writing: Writing::default(),
            complete_since: Duration::ZERO,
            pushed_out: 0,
        }
    }

    /// Says what the calendar has `now`. What comes from now on is dated by it: the calendar may be set meanwhile, and goes
    /// on while a machine sleeps.
    pub fn set_calendar(&mut self, now: Duration, calendar: SystemTime) {
        self.epoch = calendar.checked_sub(now).unwrap_or(self.epoch);
    }

    /// Keeps one request, which came `now`.
    pub fn push(&mut self, now: Duration, packet: &Packet<'_>) {
        if self.writing.is_over(now, self.limits.chunk_span(), self.limits.chunk_bytes()) {
            self.seal();
        }
        if self.writing.is_empty() {
            self.expire(now);
        }
        let oldest = self.chunks.front().map_or(self.writing.number(), |chunk| chunk.first_number);
        self.writing.push(now, self.epoch, packet, &mut self.words, oldest);
    }

    /// All that is kept `now`.
    pub fn snapshot(&mut self, now: Duration) -> Snapshot {
        self.seal();
        self.expire(now);
        let cutoff = now.saturating_sub(self.limits.window).max(self.complete_since);
        Snapshot::new(
            self.chunks.iter().cloned().collect(),
            self.words.texts().clone(),
            self.epoch,
            cutoff..now,
            Kept {
                bytes: self.bytes + self.words.bytes(),
                came: self.writing.next_id(),
                texts: self.words.len(),
                spilled: self.words.spilled(),
                pushed_out: self.pushed_out,
            },
        )
    }

    /// Lets go of the requests below this [`id`](crate::Request::id), for whoever passes requests on and does not look
    /// back. They leave by the chunk, so some of them may stay until what came with them is let go of, too.
    ///
    /// ```
    /// # use pynba_collector::{Limits, Store};
    /// # use std::time::{Duration, SystemTime};
    /// # let mut store = Store::new(Limits::default(), SystemTime::now());
    /// let snapshot = store.snapshot(Duration::from_secs(1));
    /// for request in snapshot.requests() {
    ///     println!("{request:?}");
    /// }
    /// store.forget_before(snapshot.next_id());
    /// ```
    pub fn forget_before(&mut self, id: u64) {
        while let Some(chunk) = self.chunks.front()
            && chunk.next_id() <= id
        {
            self.complete_since = chunk.ended;
            self.pop();
        }
    }

    fn seal(&mut self) {
        let Some(chunk) = self.writing.finish() else { return };
        if !self.is_of_the_open_ones(&chunk) {
            self.unite();
        }
        self.bytes += chunk.bytes();
        self.chunks.push_back(Arc::new(chunk));
        self.open += 1;
    }

    fn is_of_the_open_ones(&self, chunk: &Chunk) -> bool {
        let bytes: usize = self.open_ones().map(|chunk| chunk.bytes()).sum();
        self.open_ones().next().is_some_and(|first| {
            chunk.ended.saturating_sub(first.began) < self.limits.chunk_span()
                && first.is_dated_as(chunk)
                && bytes + chunk.bytes() < self.limits.chunk_bytes()
        })
    }

    fn open_ones(&self) -> impl Iterator<Item = &Arc<Chunk>> {
        self.chunks.range(self.chunks.len() - self.open..)
    }

    /// Makes one of those that are open. Whoever has them keeps them: what they say is the same.
    fn unite(&mut self) {
        if self.open > 1 {
            let chunks = self.chunks.split_off(self.chunks.len() - self.open);
            let united = Chunk::united(&chunks);
            self.bytes -= chunks.iter().map(|chunk| chunk.bytes()).sum::<usize>();
            self.bytes += united.bytes();
            self.chunks.push_back(Arc::new(united));
        }
        self.open = 0;
    }

    fn pop(&mut self) {
        if let Some(chunk) = self.chunks.pop_front() {
            self.bytes -= chunk.bytes();
            self.open = self.open.min(self.chunks.len());
        }
    }

    /// Lets go of what is too old, or too much.
    fn expire(&mut self, now: Duration) {
        let oldest = now.saturating_sub(self.limits.window);
        while let Some(chunk) = self.chunks.front() {
            let is_too_much = self.bytes + self.words.bytes() > self.limits.memory;
            if chunk.ended >= oldest && !is_too_much {
                break;
            }
            if chunk.ended >= oldest {
                self.pushed_out += chunk.requests.len() as u64;
                self.complete_since = chunk.ended;
            }
            self.pop();
        }
    }
}

/// Without what it keeps.
impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("limits", &self.limits)
            .field("requests", &self.writing.next_id())
            .field("bytes", &(self.bytes + self.words.bytes()))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
