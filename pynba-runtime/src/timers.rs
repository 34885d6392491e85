//! The timers of one request, in the order in which they were made.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::encoder::PacketTimer;
use crate::tags::{PairBuffer, StaticPair, TagSet, Tags, is_or_is_below};

/// A request keeps no more timers than this; further ones are counted and left out. It is ten times what
/// the largest datagram carries.
const MAX_TIMERS: usize = 65_536;

/// Nor more than this many bytes of tags made at run time: sixteen of the largest datagrams.
const MAX_TAGS_SIZE: usize = 1 << 20;

/// A timer that is tagged again and again leaves so many unused pairs before they are cleared away.
const MAX_UNUSED: usize = 4096;

#[derive(Debug, Default)]
pub(crate) struct Timers {
    list: Vec<Timer>,
    pairs: PairBuffer,
    /// Pairs that no timer has any more.
    unused: usize,
    /// Where the tags of a timer are put together anew.
    retagged: PairBuffer,
    /// Timers that found no room.
    dropped: u64,
    /// Tags that found no room.
    lost_tags: u64,
}

#[derive(Debug)]
struct Timer {
    fixed: &'static [StaticPair],
    /// Where in [`Timers::pairs`] the other tags stand.
    extra: Range<u32>,
    state: State,
    hit_count: u32,
}

/// A timer at some moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimerView<'a> {
    pub(crate) hit_count: u32,
    pub(crate) value: Duration,
    pub(crate) running: bool,
    pub(crate) tags: TagSet<'a>,
}

impl<'a> From<TimerView<'a>> for PacketTimer<'a> {
    fn from(timer: TimerView<'a>) -> Self {
        let TimerView { hit_count, value, tags, .. } = timer;
        Self { hit_count, value: value.as_secs_f64(), tags }
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    Running { since: Instant },
    Stopped { value: Duration },
    Discarded,
}

/// What may happen to a timer after its start.
#[derive(Debug)]
pub(crate) enum Change {
    Stop(Instant),
    Discard,
    HitCount(u32),
    /// These tags instead of those of the same name.
    Tag {
        name: String,
        tags: Tags,
    },
}

impl Timers {
    /// Starts a timer and gives its number; `None` when there is no room for it.
    pub(crate) fn start(
        &mut self,
        fixed: &'static [StaticPair],
        extra: &PairBuffer,
        since: Instant,
    ) -> Option<u32> {
        self.push(fixed, extra, State::Running { since }, 1)
    }

    pub(crate) fn add(&mut self, tags: &Tags, value: Duration, hit_count: u32) {
        let (fixed, extra) = tags.parts();
        self.push(fixed, extra, State::Stopped { value }, hit_count);
    }

    fn push(
        &mut self,
        fixed: &'static [StaticPair],
        extra: &PairBuffer,
        state: State,
        hit_count: u32,
    ) -> Option<u32> {
        self.lost_tags += extra.lost();
        let added = self.room(extra).and_then(|number| {
            let extra = self.pairs.append(extra, all_of(extra))?;
            self.list.push(Timer { fixed, extra, state, hit_count });
            Some(number)
        });
        self.dropped += u64::from(added.is_none());
        added
    }

    fn room(&self, extra: &PairBuffer) -> Option<u32> {
        let number = self.list.len();
        let room = number < MAX_TIMERS && (extra.is_empty() || self.pairs.size() < MAX_TAGS_SIZE);
        room.then_some(u32::try_from(number).ok()?)
    }

    pub(crate) fn change(&mut self, number: u32, change: Change) {
        let Some(timer) = self.list.get_mut(number as usize) else { return };
        match (change, timer.state) {
            (Change::Stop(at), State::Running { since }) => {
                timer.state = State::Stopped { value: at.saturating_duration_since(since) };
            }
            (Change::Stop(_), _) => {}
            (Change::Discard, _) => timer.state = State::Discarded,
            (Change::HitCount(hit_count), _) => timer.hit_count = hit_count,
            (Change::Tag { name, tags }, _) => {
                let (_, tags) = tags.parts();
                self.tag(number, &name, tags);
            }
        }
    }

    /// Gives a timer these tags, instead of those of that name.
    pub(crate) fn tag(&mut self, number: u32, name: &str, tags: &PairBuffer) {
        self.lost_tags += tags.lost();
        if self.unused > MAX_UNUSED || (self.unused > 0 && self.pairs.size() >= MAX_TAGS_SIZE) {
            self.compact();
        }
        let room = self.pairs.size() < MAX_TAGS_SIZE;
        let Some(timer) = self.list.get_mut(number as usize).filter(|_| room) else {
            self.lost_tags += 1;
            return;
        };
        let all = &mut self.retagged;
        all.clear();
        for (other, value) in timer.tags(&self.pairs).iter() {
            if !is_or_is_below(other, name) {
                all.push_copy(other, value);
            }
        }
        for (name, value) in tags.set(&[]).iter() {
            all.push_copy(name, value);
        }
        all.normalize(&[]);
        self.lost_tags += all.lost();
        if let Some(extra) = self.pairs.append(all, all_of(all)) {
            self.unused += timer.extra.len();
            timer.fixed = &[];
            timer.extra = extra;
        }
    }

    /// Forgets the pairs that timers had before they were tagged anew.
    fn compact(&mut self) {
        let mut compact = PairBuffer::new();
        for timer in &mut self.list {
            timer.extra = compact.append(&self.pairs, timer.extra.clone()).unwrap_or(0..0);
        }
        self.pairs = compact;
        self.unused = 0;
    }

    /// The timers as they stand at that moment. One whose tags all came to nothing at run time is left
    /// out: no report could show it, and a packet with such timers only has no dictionary, for which
    /// `pinba_engine` refuses it whole.
    pub(crate) fn at(&self, now: Instant) -> impl Iterator<Item = TimerView<'_>> + Clone {
        self.list.iter().filter_map(move |timer| {
            let tags = timer.tags(&self.pairs);
            let (value, running) = match timer.state {
                State::Running { since } => (now.saturating_duration_since(since), true),
                State::Stopped { value } => (value, false),
                State::Discarded => return None,
            };
            let hit_count = timer.hit_count;
            (tags.len() > 0).then_some(TimerView { hit_count, value, running, tags })
        })
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(crate) fn lost_tags(&self) -> u64 {
        self.lost_tags
    }

    /// Timers that are left out because they have no tags.
    pub(crate) fn untagged(&self) -> u64 {
        let untagged = |timer: &&Timer| {
            timer.tags(&self.pairs).len() == 0 && !matches!(timer.state, State::Discarded)
        };
        self.list.iter().filter(untagged).count() as u64
    }

    /// Forgets them. Memory is kept for the next request, but not that of a freak.
    pub(crate) fn clear(&mut self) {
        /// A hundred kilobytes or so; requests have tens of timers.
        const KEPT: usize = 2048;
        self.list.clear();
        self.list.shrink_to(KEPT);
        self.pairs.clear();
        self.unused = 0;
        self.dropped = 0;
        self.lost_tags = 0;
    }
}

impl Timer {
    fn tags<'a>(&self, pairs: &'a PairBuffer) -> TagSet<'a> {
        pairs.set_in(self.fixed, self.extra.clone())
    }
}

fn all_of(buffer: &PairBuffer) -> Range<u32> {
    0..u32::try_from(buffer.len()).unwrap_or(u32::MAX)
}
