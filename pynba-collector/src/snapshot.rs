//! What a store kept at some moment: raw requests, which never change.

mod request;

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use self::request::{Request, Timer};

use crate::store::{Chunk, SetId};
use crate::words::{Texts, Word};

/// The requests of the window at some moment, from [`Store::snapshot`](crate::Store::snapshot).
///
/// Taking it and cloning it copies pointers only; the requests are shared with the store, and kept in memory as long
/// as the snapshot is.
#[derive(Clone)]
pub struct Snapshot {
    chunks: Vec<Arc<Chunk>>,
    /// Requests below this number are not in it, though they may be in its first chunk.
    from: u64,
    texts: Texts,
    /// The calendar's time when the store's was 0.
    epoch: SystemTime,
    covers: Range<Duration>,
    kept: Kept,
}

/// What a [`Snapshot`] tells of the store.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Kept {
    /// Memory that requests and texts take, bytes.
    pub bytes: usize,
    /// Distinct texts.
    pub texts: usize,
    /// Requests that ever came.
    pub came: u64,
    /// How often a text was filed under [`OTHER`](crate::OTHER), because there were too many already.
    pub spilled: u64,
    /// Requests that had to leave before the window's time was over, because memory was full.
    pub pushed_out: u64,
}

impl Snapshot {
    pub(crate) fn new(
        chunks: Vec<Arc<Chunk>>,
        texts: Texts,
        epoch: SystemTime,
        covers: Range<Duration>,
        kept: Kept,
    ) -> Self {
        Self { chunks, from: 0, texts, epoch, covers, kept }
    }

    /// The requests in the order in which they came, and backwards.
    #[must_use]
    pub fn requests(&self) -> impl DoubleEndedIterator<Item = Request<'_>> + Clone {
        self.requests_from(0)
    }

    /// The requests from this [`id`](Request::id) on: what came since an earlier snapshot.
    #[must_use]
    pub fn requests_from(&self, id: u64) -> impl DoubleEndedIterator<Item = Request<'_>> + Clone {
        let id = id.max(self.from);
        self.chunks_from(id).iter().flat_map(move |chunk| {
            let request = move |index| Request::new(&self.texts, chunk, index);
            (chunk.index_of(id)..chunk.requests.len()).map(request)
        })
    }

    /// The [`id`](Request::id) of the request that comes next.
    #[must_use]
    pub fn next_id(&self) -> u64 {
        self.kept.came
    }

    /// How many [`requests`](Self::requests) there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let all: usize = self.chunks.iter().map(|chunk| chunk.requests.len()).sum();
        all - self.chunks.first().map_or(0, |first| first.index_of(self.from))
    }

    /// Whether there is no request.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The request with this [`id`](Request::id), as long as it is in the window.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<Request<'_>> {
        self.requests_from(id).next().filter(|request| request.id() == id)
    }

    /// The time of which it has every request that came: what rates are taken over.
    #[must_use]
    pub fn span(&self) -> Duration {
        self.covers.end.saturating_sub(self.covers.start)
    }

    /// When it was taken.
    #[must_use]
    pub fn taken_at(&self) -> SystemTime {
        self.epoch + self.covers.end
    }

    /// How long before the snapshot was taken the request came, even if the calendar was set meanwhile.
    #[must_use]
    pub fn age(&self, request: &Request<'_>) -> Duration {
        self.covers.end.saturating_sub(request.came())
    }

    /// Only what came in the last part of the window: of that length, and up to a second more where the chunks in
    /// which requests are kept overlap with its beginning.
    #[must_use]
    pub fn last(&self, length: Duration) -> Self {
        let cutoff = self.covers.end.saturating_sub(length).max(self.covers.start);
        let first = self.chunks.partition_point(|chunk| chunk.ended < cutoff);
        let chunks = self.chunks[first..].to_vec();
        let start = chunks.first().map_or(cutoff, |chunk| chunk.began.min(cutoff));
        Self { chunks, covers: start..self.covers.end, texts: self.texts.clone(), ..*self }
    }

    /// Only what came since an earlier snapshot of the same store was taken, exactly: for whoever passes on what is new
    /// from time to time.
    ///
    /// ```
    /// # use pynba_collector::{Limits, Query, Report, Store};
    /// # use std::time::{Duration, SystemTime};
    /// # let mut store = Store::new(Limits::default(), SystemTime::now());
    /// # let query = Query::new();
    /// let earlier = store.snapshot(Duration::from_secs(10));
    /// let later = store.snapshot(Duration::from_secs(20));
    /// let report = Report::over(query, &later.since(&earlier));
    /// assert_eq!(report.span(), Duration::from_secs(10));
    /// ```
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let from = earlier.next_id().max(self.from);
        let start = earlier.covers.end.clamp(self.covers.start, self.covers.end);
        Self {
            chunks: self.chunks_from(from).to_vec(),
            from,
            covers: start..self.covers.end,
            texts: self.texts.clone(),
            ..*self
        }
    }

    /// The names of requests' tags, each with the number of requests that have it, the most frequent first.
    #[must_use]
    pub fn request_tags(&self) -> Vec<(String, u64)> {
        self.tag_names(|chunk, from| chunk.requests[from..].iter().map(|request| request.tags))
    }

    /// The names of timers' tags, each with the number of timers that have it, the most frequent first.
    #[must_use]
    pub fn timer_tags(&self) -> Vec<(String, u64)> {
        self.tag_names(|chunk, from| {
            let before = from.checked_sub(1).map_or(0, |last| chunk.timers_of(last).end);
            chunk.timers[before..].iter().map(|timer| timer.tags)
        })
    }

    fn tag_names<'a, I: Iterator<Item = SetId>>(
        &'a self,
        sets_in_use: impl Fn(&'a Chunk, usize) -> I,
    ) -> Vec<(String, u64)> {
        let mut counts: HashMap<Word, u64> = HashMap::new();
        let mut names = Vec::new();
        for chunk in &self.chunks {
            let mut uses = vec![0; chunk.sets().count()];
            sets_in_use(chunk, chunk.index_of(self.from)).for_each(|set| uses[set.0 as usize] += 1);
            for (pairs, uses) in chunk.sets().zip(uses).filter(|(_, uses)| *uses > 0) {
                // Each once, even where it has several values.
                names.clear();
                names.extend(pairs.iter().map(|(name, _)| *name));
                names.sort_unstable_by_key(|name: &Word| name.0);
                names.dedup();
                for name in &names {
                    *counts.entry(*name).or_default() += uses;
                }
            }
        }
        let text = |(name, count)| (self.texts.text(name).to_str().into_owned(), count);
        let mut names: Vec<_> = counts.into_iter().map(text).collect();
        names.sort_unstable_by(|(a, more), (b, less)| less.cmp(more).then_with(|| a.cmp(b)));
        names
    }

    /// What the store held.
    #[must_use]
    pub fn kept(&self) -> Kept {
        self.kept
    }

    /// When it was taken, as the time since the store was made.
    pub(crate) fn now(&self) -> Duration {
        self.covers.end
    }

    pub(crate) fn chunks(&self) -> &[Arc<Chunk>] {
        &self.chunks
    }

    /// The number of the first request, or of the next one where there is none.
    pub(crate) fn first_id(&self) -> u64 {
        self.chunks.first().map_or(self.next_id(), |chunk| chunk.first_id.max(self.from))
    }

    /// Whether only a part of its first chunk is in it.
    pub(crate) fn is_cut(&self) -> bool {
        self.chunks.first().is_some_and(|chunk| chunk.first_id < self.from)
    }

    /// Tells the store that it is of.
    pub(crate) fn store(&self) -> u64 {
        self.texts.generation().store
    }

    /// Those with requests from this number on.
    pub(crate) fn chunks_from(&self, id: u64) -> &[Arc<Chunk>] {
        &self.chunks[self.chunks.partition_point(|chunk| chunk.next_id() <= id)..]
    }

    pub(crate) fn texts(&self) -> &Texts {
        &self.texts
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("requests", &self.len())
            .field("span", &self.span())
            .field("kept", &self.kept)
            .finish_non_exhaustive()
    }
}
