//! What is summed up for each row.
//!
//! Everything is a whole number, so that what was added can be taken away again without a rest.

use std::collections::VecDeque;

use crate::histogram::Histogram;
use crate::store::{Requested, Timed};

#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) requests: u64,
    /// Requests with a status from 500.
    pub(super) errors: u64,
    /// Of timers; as many as requests where there are none.
    pub(super) hits: u64,
    /// Nanoseconds, like the next two.
    pub(super) time: u128,
    pub(super) user: u128,
    pub(super) system: u128,
    /// Bytes, like the next one.
    pub(super) traffic: u64,
    pub(super) memory: u64,
    /// Seconds.
    pub(super) times: Histogram,
    pub(super) longest: Longest,
    /// Tells the request that was counted last, and in which direction: one with several timers counts once.
    pub(super) counted: u64,
    /// What [`bytes`](Self::bytes) were when they were last asked for.
    pub(super) weighed: usize,
}

/// Whether something is added or taken away.
pub(super) trait Direction {
    const ADDS: bool;
}

#[derive(Debug)]
pub(super) struct Adding;

impl Direction for Adding {
    const ADDS: bool = true;
}

#[derive(Debug)]
pub(super) struct Removing;

impl Direction for Removing {
    const ADDS: bool = false;
}

impl Tally {
    pub(super) fn is_empty(&self) -> bool {
        self.hits == 0
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.times.bytes() + self.longest.bytes()
    }

    /// For a report of requests: one of the chunk of this number. Answers whether it takes more memory than before.
    #[inline]
    pub(super) fn request<D: Direction>(&mut self, chunk: u64, request: &Requested) -> bool {
        self.count_request::<D>(request);
        change::<D>(&mut self.hits, 1);
        change::<D>(&mut self.traffic, request.document_size.into());
        change::<D>(&mut self.memory, request.memory_footprint.into());
        self.rusage::<D>(request.rusage);
        self.time::<D>(chunk, request.time, 1)
    }

    /// For a report of timers: one of the request of this number. Answers whether it takes more memory than before.
    #[inline]
    pub(super) fn timer<D: Direction>(
        &mut self,
        (chunk, id): (u64, u64),
        request: &Requested,
        timer: &Timed,
        rusage: [f32; 2],
    ) -> bool {
        let counted = if D::ADDS { id + 1 } else { !id };
        if self.counted != counted {
            self.counted = counted;
            self.count_request::<D>(request);
        }
        change::<D>(&mut self.hits, timer.hits.into());
        self.rusage::<D>(rusage);
        self.time::<D>(chunk, timer.time, timer.hits)
    }

    #[inline]
    fn count_request<D: Direction>(&mut self, request: &Requested) {
        change::<D>(&mut self.requests, 1);
        change::<D>(&mut self.errors, u64::from(request.is_error()));
    }

    /// As the servers do: of several hits each took its part. Answers whether it takes more memory than before.
    #[inline]
    fn time<D: Direction>(&mut self, chunk: u64, seconds: f32, hits: u32) -> bool {
        let each = if hits == 1 { seconds } else { share(seconds, hits) };
        change_wide::<D>(&mut self.time, nanoseconds(seconds));
        if D::ADDS {
            let has_grown = self.times.add_growing(each, hits.into());
            self.longest.add(chunk, each) || has_grown
        } else {
            self.times.remove(each, hits.into());
            self.longest.remove(chunk);
            false
        }
    }

    #[inline]
    fn rusage<D: Direction>(&mut self, [user, system]: [f32; 2]) {
        // Few timers come with any.
        if user > 0.0 || system > 0.0 {
            change_wide::<D>(&mut self.user, nanoseconds(user));
            change_wide::<D>(&mut self.system, nanoseconds(system));
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "as exact as what was sent")]
fn share(seconds: f32, hits: u32) -> f32 {
    (f64::from(seconds) / f64::from(hits)) as f32
}

#[inline]
fn change<D: Direction>(sum: &mut u64, by: u64) {
    *sum = if D::ADDS { sum.wrapping_add(by) } else { sum.wrapping_sub(by) };
}

#[inline]
fn change_wide<D: Direction>(sum: &mut u128, by: u64) {
    let by = u128::from(by);
    *sum = if D::ADDS { sum.wrapping_add(by) } else { sum.wrapping_sub(by) };
}

/// 584 years at most.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is not negative, and saturates"
)]
pub(super) fn nanoseconds(seconds: f32) -> u64 {
    (f64::from(seconds) * 1e9 + 0.5) as u64
}

/// The longest time of the chunks that are there.
///
/// Of a chunk only the longest time matters, and nothing of it once a later chunk has a longer one: what is left are
/// ever shorter ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Longest {
    chunk: u64,
    /// Of `chunk`, seconds.
    latest: f32,
    earlier: VecDeque<(u64, f32)>,
}

impl Longest {
    /// Answers whether it may take more memory than before.
    #[inline]
    fn add(&mut self, chunk: u64, seconds: f32) -> bool {
        let is_new = chunk != self.chunk;
        if is_new {
            self.begin(chunk);
        }
        self.latest = self.latest.max(seconds);
        is_new
    }

    fn begin(&mut self, chunk: u64) {
        while self.earlier.back().is_some_and(|&(_, longest)| longest <= self.latest) {
            self.earlier.pop_back();
        }
        self.earlier.push_back((self.chunk, self.latest));
        (self.chunk, self.latest) = (chunk, 0.0);
    }

    /// Forgets the chunk of this number and those before it.
    #[inline]
    fn remove(&mut self, chunk: u64) {
        while self.earlier.front().is_some_and(|&(number, _)| number <= chunk) {
            self.earlier.pop_front();
        }
        if self.chunk <= chunk {
            self.latest = 0.0;
        }
    }

    fn bytes(&self) -> usize {
        self.earlier.capacity() * size_of::<(u64, f32)>()
    }

    pub(super) fn get(&self) -> f32 {
        self.earlier.front().map_or(self.latest, |&(_, longest)| longest.max(self.latest))
    }
}
