//! What a store kept at some moment: raw requests, which never change.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::store::{Chunk, Requested, SetId, Timed};
use crate::text::Text;
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
            let request = move |index| Request { texts: &self.texts, chunk, index };
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

/// A request in a [`Snapshot`].
#[derive(Clone, Copy)]
pub struct Request<'a> {
    texts: &'a Texts,
    chunk: &'a Chunk,
    index: usize,
}

impl<'a> Request<'a> {
    pub(crate) fn row(&self) -> &'a Requested {
        &self.chunk.requests[self.index]
    }

    fn text(&self, word: Word) -> Text<'a> {
        self.texts.text(word)
    }

    /// Its number among all that ever came, from 0: later ones have larger numbers.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.chunk.first_id + self.index as u64
    }

    /// When it came, which is when the request ended.
    #[must_use]
    pub fn came_at(&self) -> SystemTime {
        self.chunk.epoch + self.chunk.began + Duration::from_micros(self.row().came.into())
    }

    /// The machine that did the work.
    #[must_use]
    pub fn hostname(&self) -> Text<'a> {
        self.text(self.row().host)
    }

    /// The site: a virtual host or a service.
    #[must_use]
    pub fn server_name(&self) -> Text<'a> {
        self.text(self.row().server)
    }

    /// What was asked for.
    #[must_use]
    pub fn script_name(&self) -> Text<'a> {
        self.text(self.row().script)
    }

    /// How it was called, such as `https`.
    #[must_use]
    pub fn schema(&self) -> Text<'a> {
        self.text(self.row().schema)
    }

    /// HTTP status or what stands for it; 0 when the client did not say.
    #[must_use]
    pub fn status(&self) -> u32 {
        self.row().status
    }

    /// As the client counts: some say 0, and servers count each packet as one.
    #[must_use]
    pub fn request_count(&self) -> u32 {
        self.row().request_count
    }

    /// Wall time, seconds.
    #[must_use]
    pub fn request_time(&self) -> f32 {
        self.row().time
    }

    /// Processor time in user mode, seconds.
    #[must_use]
    pub fn ru_utime(&self) -> f32 {
        self.row().rusage[0]
    }

    /// Processor time in the kernel, seconds.
    #[must_use]
    pub fn ru_stime(&self) -> f32 {
        self.row().rusage[1]
    }

    /// Size of the response, bytes.
    #[must_use]
    pub fn document_size(&self) -> u32 {
        self.row().document_size
    }

    /// Peak memory, bytes.
    #[must_use]
    pub fn memory_peak(&self) -> u32 {
        self.row().memory_peak
    }

    /// Resident memory, bytes.
    #[must_use]
    pub fn memory_footprint(&self) -> u32 {
        self.row().memory_footprint
    }

    /// Names and values of its own tags, in the packet's order.
    #[must_use]
    pub fn tags(&self) -> impl ExactSizeIterator<Item = (Text<'a>, Text<'a>)> + use<'a> {
        pairs(self.texts, self.chunk, self.row().tags)
    }

    /// Its timers, in the packet's order.
    #[must_use]
    pub fn timers(&self) -> impl ExactSizeIterator<Item = Timer<'a>> + use<'a> {
        let Self { texts, chunk, index, .. } = *self;
        chunk.timers_of(index).map(move |index| Timer { texts, chunk, index })
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("id", &self.id())
            .field("script_name", &self.script_name())
            .field("status", &self.status())
            .field("request_time", &self.request_time())
            .finish_non_exhaustive()
    }
}

/// A timer of a [`Request`].
#[derive(Clone, Copy)]
pub struct Timer<'a> {
    texts: &'a Texts,
    chunk: &'a Chunk,
    index: usize,
}

impl<'a> Timer<'a> {
    fn row(&self) -> &'a Timed {
        &self.chunk.timers[self.index]
    }

    /// Its number among all timers that ever came, from 0: later ones have larger numbers.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.chunk.first_timer_id + self.index as u64
    }

    /// Time over all hits, seconds.
    #[must_use]
    pub fn value(&self) -> f32 {
        self.row().time
    }

    /// How often it ran.
    #[must_use]
    pub fn hit_count(&self) -> u32 {
        self.row().hits
    }

    /// Processor time in user mode, seconds.
    #[must_use]
    pub fn ru_utime(&self) -> f32 {
        self.chunk.rusage_of_timer(self.index)[0]
    }

    /// Processor time in the kernel, seconds.
    #[must_use]
    pub fn ru_stime(&self) -> f32 {
        self.chunk.rusage_of_timer(self.index)[1]
    }

    /// Names and values of its tags, in the packet's order.
    #[must_use]
    pub fn tags(&self) -> impl ExactSizeIterator<Item = (Text<'a>, Text<'a>)> + use<'a> {
        pairs(self.texts, self.chunk, self.row().tags)
    }
}

impl fmt::Debug for Timer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer")
            .field("value", &self.value())
            .field("hit_count", &self.hit_count())
            .field("tags", &self.tags().collect::<Vec<_>>())
            .finish()
    }
}

fn pairs<'a>(
    texts: &'a Texts,
    chunk: &'a Chunk,
    set: SetId,
) -> impl ExactSizeIterator<Item = (Text<'a>, Text<'a>)> + use<'a> {
    chunk.tags(set).iter().map(|&(name, value)| (texts.text(name), texts.text(value)))
}
