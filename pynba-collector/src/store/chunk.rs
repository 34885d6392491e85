//! Requests of a short time, one after the other.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::words::Word;

#[derive(Debug)]
pub(crate) struct Chunk {
    /// Those of chunks that come later are larger.
    pub(crate) number: u64,
    /// As it is one of several: the number of their first. Words have been used since then.
    pub(crate) first_number: u64,
    /// The number of its first request among all that were ever kept.
    pub(crate) first_id: u64,
    /// The number of its first timer among all that were ever kept.
    pub(crate) first_timer_id: u64,
    /// When its first request came.
    pub(crate) began: Duration,
    /// When its last request came.
    pub(crate) ended: Duration,
    /// The calendar's time when the store's was 0, as the calendar was when its first request came.
    pub(crate) epoch: SystemTime,
    pub(crate) requests: Vec<Requested>,
    /// Those of all its requests.
    pub(crate) timers: Vec<Timed>,
    /// Processor time of the timers, user's and system's, seconds. Few clients send it: empty where none did.
    pub(crate) timer_rusage: Vec<[f32; 2]>,
    /// Where the pairs of each set of tags end, by [`SetId`].
    pub(super) set_ends: Vec<u32>,
    pub(super) pairs: Vec<(Word, Word)>,
}

/// A request. Its timers are those from the end of the request before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Requested {
    /// After [`Chunk::began`], µs.
    pub(crate) came: u32,
    pub(crate) host: Word,
    pub(crate) server: Word,
    pub(crate) script: Word,
    pub(crate) schema: Word,
    pub(crate) tags: SetId,
    pub(crate) timers_end: u32,
    pub(crate) status: u32,
    pub(crate) request_count: u32,
    /// Bytes.
    pub(crate) document_size: u32,
    /// Bytes.
    pub(crate) memory_peak: u32,
    /// Bytes.
    pub(crate) memory_footprint: u32,
    /// Seconds.
    pub(crate) time: f32,
    /// Processor time of user and system, seconds.
    pub(crate) rusage: [f32; 2],
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Timed {
    /// Seconds over all hits.
    pub(crate) time: f32,
    pub(crate) hits: u32,
    pub(crate) tags: SetId,
}

/// A set of tags of one chunk.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct SetId(pub(crate) u32);

impl Requested {
    /// Whether it failed, as far as its status tells.
    #[inline]
    pub(crate) fn is_error(&self) -> bool {
        self.status >= 500
    }
}

impl Chunk {
    /// The number of the next chunk's first request.
    pub(crate) fn next_id(&self) -> u64 {
        self.first_id + self.requests.len() as u64
    }

    /// The number of the next chunk's first timer.
    pub(super) fn next_timer_id(&self) -> u64 {
        self.first_timer_id + self.timers.len() as u64
    }

    /// The index of the request with this number, if it were here: at most one behind the last one.
    pub(crate) fn index_of(&self, id: u64) -> usize {
        let index = usize::try_from(id.saturating_sub(self.first_id)).unwrap_or(usize::MAX);
        index.min(self.requests.len())
    }

    /// The timers of a request, as indices into [`timers`](Self::timers).
    pub(crate) fn timers_of(&self, request: usize) -> Range<usize> {
        let end = |index: usize| self.requests[index].timers_end as usize;
        request.checked_sub(1).map_or(0, end)..end(request)
    }

    pub(crate) fn rusage_of_timer(&self, timer: usize) -> [f32; 2] {
        self.timer_rusage.get(timer).copied().unwrap_or_default()
    }

    /// Name and value, in the order of the packet.
    pub(crate) fn tags(&self, set: SetId) -> &[(Word, Word)] {
        let end = |index: usize| self.set_ends[index] as usize;
        let index = set.0 as usize;
        &self.pairs[index.checked_sub(1).map_or(0, end)..end(index)]
    }

    pub(crate) fn sets(&self) -> impl Iterator<Item = &[(Word, Word)]> {
        (0..self.set_ends.len()).map(|set| self.tags(SetId(u32::try_from(set).unwrap_or(u32::MAX))))
    }

    /// One without any request.
    pub(super) fn empty(number: u64, first_id: u64, first_timer_id: u64) -> Self {
        Self {
            number,
            first_number: number,
            first_id,
            first_timer_id,
            began: Duration::ZERO,
            ended: Duration::ZERO,
            epoch: SystemTime::UNIX_EPOCH,
            requests: Vec::new(),
            timers: Vec::new(),
            timer_rusage: Vec::new(),
            set_ends: Vec::new(),
            pairs: Vec::new(),
        }
    }

    /// Whether the calendar was the same, but for how exactly it was read.
    pub(super) fn is_dated_as(&self, other: &Self) -> bool {
        let off = self.epoch.duration_since(other.epoch).unwrap_or_else(|error| error.duration());
        off < Duration::from_millis(1)
    }

    /// The requests of chunks that follow each other, as one with the number of the last.
    ///
    /// # Panics
    ///
    /// Of no chunk.
    pub(super) fn united(chunks: &VecDeque<Arc<Self>>) -> Self {
        let (first, last) = (&chunks[0], &chunks[chunks.len() - 1]);
        let mut united = Self {
            began: first.began,
            ended: last.ended,
            epoch: first.epoch,
            first_number: first.first_number,
            ..Self::empty(last.number, first.first_id, first.first_timer_id)
        };
        let mut known = HashMap::new();
        for chunk in chunks {
            let mut set = |pairs| *known.entry(pairs).or_insert_with(|| united.add_set(pairs));
            let sets: Vec<SetId> = chunk.sets().map(&mut set).collect();
            united.append(chunk, &sets);
        }
        united.shrink();
        united
    }

    fn add_set(&mut self, pairs: &[(Word, Word)]) -> SetId {
        let set = SetId(index(self.set_ends.len()));
        self.pairs.extend(pairs);
        self.set_ends.push(index(self.pairs.len()));
        set
    }

    /// The requests of the chunk that comes next. Its sets of tags have these numbers here.
    fn append(&mut self, next: &Self, sets: &[SetId]) {
        let later = next.began.saturating_sub(self.began).as_micros();
        let later = u32::try_from(later).unwrap_or(u32::MAX);
        let timers = index(self.timers.len());
        let set = |SetId(set)| sets[set as usize];
        self.requests.extend(next.requests.iter().map(|request| Requested {
            came: request.came.saturating_add(later),
            tags: set(request.tags),
            timers_end: timers + request.timers_end,
            ..*request
        }));
        if !self.timer_rusage.is_empty() || !next.timer_rusage.is_empty() {
            self.timer_rusage.resize(self.timers.len(), [0.0; 2]);
            self.timer_rusage.extend(&next.timer_rusage);
            self.timer_rusage.resize(self.timers.len() + next.timers.len(), [0.0; 2]);
        }
        self.timers
            .extend(next.timers.iter().map(|timer| Timed { tags: set(timer.tags), ..*timer }));
    }

    /// What it takes, with what the allocator gave it for more to come.
    pub(super) fn bytes(&self) -> usize {
        fn bytes<T>(list: &Vec<T>) -> usize {
            list.capacity() * size_of::<T>()
        }
        size_of::<Self>()
            + bytes(&self.requests)
            + bytes(&self.timers)
            + bytes(&self.timer_rusage)
            + bytes(&self.set_ends)
            + bytes(&self.pairs)
    }

    pub(super) fn shrink(&mut self) {
        self.requests.shrink_to_fit();
        self.timers.shrink_to_fit();
        self.timer_rusage.shrink_to_fit();
        self.set_ends.shrink_to_fit();
        self.pairs.shrink_to_fit();
    }
}

/// Of what lies in a chunk, which has a bounded size.
pub(super) fn index(index: usize) -> u32 {
    u32::try_from(index).expect("a chunk has less than 4 GB")
}
