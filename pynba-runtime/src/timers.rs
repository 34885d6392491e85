//! The timers of one request, in the order in which they were made.

mod fold;

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::encoder::PacketTimer;
use crate::system::Rusage;
use crate::tags::{PairBuffer, StaticPair, TagSet, Tags, is_or_is_below};

/// Timers of equal tags are folded into one when there are so many: more than fit in a packet (5,000 of one
/// tag each), so that they would be folded at the end anyway.
const FOLD_FROM: usize = 8 * 1024;

/// A request keeps no more timers of different tags than this, and so not more than six megabytes; further
/// ones are counted and left out.
const MAX_TIMERS: usize = 64 * 1024;

/// The same for the bytes of tags made at run time.
const FOLD_FROM_SIZE: usize = 2 << 20;
const MAX_SIZE: usize = 4 << 20;

/// A timer that is tagged again and again leaves so many unused pairs before they are cleared away.
const MAX_UNUSED: usize = 4096;

#[derive(Clone, Debug)]
pub(crate) struct Timers {
    /// By number, which grows from one to the next but may have gaps.
    list: Vec<Timer>,
    next: u64,
    pairs: PairBuffer,
    /// Pairs that no timer has any more.
    unused: usize,
    /// Where the tags of a timer are put together anew.
    retagged: PairBuffer,
    /// Where equal tags are found, see [`fold`].
    table: Vec<u32>,
    /// Folded when there are as many timers, or as many bytes of tags.
    fold_at: (usize, usize),
    /// Whose processor time each timer measures.
    rusage: Rusage,
    losses: Losses,
}

/// What could not be kept as it was.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Losses {
    /// Timers that found no room.
    pub(crate) dropped: u64,
    /// Timers that became part of another one of the same tags.
    pub(crate) merged: u64,
    /// Timers that came to no tag.
    pub(crate) untagged: u64,
    /// Tags that found no room.
    pub(crate) tags: u64,
}

#[derive(Clone, Debug)]
struct Timer {
    number: u64,
    fixed: &'static [StaticPair],
    /// Where in [`Timers::pairs`] the other tags stand.
    extra: Range<u32>,
    state: State,
    hit_count: u32,
    /// The program may start it again, so it is nobody else's before the packet is made.
    by_hand: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Ready,
    Running { since: Instant, from: Cpu },
    Stopped { value: Duration, cpu: Cpu },
    Discarded,
}

/// Processor time, in user mode and in the kernel.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
}

/// A timer at some moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimerView<'a> {
    pub(crate) hit_count: u32,
    pub(crate) value: Duration,
    pub(crate) cpu: Cpu,
    pub(crate) running: bool,
    pub(crate) tags: TagSet<'a>,
}

impl<'a> From<TimerView<'a>> for PacketTimer<'a> {
    fn from(timer: TimerView<'a>) -> Self {
        Self {
            hit_count: timer.hit_count,
            value: timer.value.as_secs_f64(),
            user: timer.cpu.user.as_secs_f64(),
            system: timer.cpu.system.as_secs_f64(),
            tags: timer.tags,
        }
    }
}

/// What may happen to a timer.
#[derive(Debug)]
pub(crate) enum Change {
    /// From the beginning, whether it ran before or not.
    Start(Instant),
    Stop(Instant),
    Discard,
    HitCount(u32),
    /// These tags instead of those of that name.
    Tag {
        name: String,
        tags: Tags,
    },
    /// These tags instead of all.
    Tags(Tags),
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            next: 0,
            pairs: PairBuffer::new(),
            unused: 0,
            retagged: PairBuffer::new(),
            table: Vec::new(),
            fold_at: (FOLD_FROM, FOLD_FROM_SIZE),
            rusage: Rusage::Off,
            losses: Losses::default(),
        }
    }
}

impl Timers {
    /// Whose processor time each timer measures from now on.
    pub(crate) fn measure(&mut self, rusage: Rusage) {
        self.rusage = rusage;
    }

    /// Starts a timer and gives its number; `None` when there is no room for it.
    pub(crate) fn start(
        &mut self,
        fixed: &'static [StaticPair],
        extra: &PairBuffer,
        since: Instant,
    ) -> Option<u64> {
        let from = self.cpu();
        self.push(fixed, extra, State::Running { since, from }, 1)
    }

    /// A timer that is not started yet.
    pub(crate) fn ready(&mut self, tags: &Tags) -> Option<u64> {
        let (fixed, extra) = tags.parts();
        self.push(fixed, extra, State::Ready, 1)
    }

    pub(crate) fn add(&mut self, tags: &Tags, value: Duration, hit_count: u32) {
        let (fixed, extra) = tags.parts();
        self.push(fixed, extra, State::Stopped { value, cpu: Cpu::default() }, hit_count);
    }

    fn push(
        &mut self,
        fixed: &'static [StaticPair],
        extra: &PairBuffer,
        state: State,
        hit_count: u32,
    ) -> Option<u64> {
        self.losses.tags += extra.lost();
        let added = self.make_room(extra).and_then(|number| {
            let extra = self.pairs.append(extra, all_of(extra))?;
            self.next = number + 1;
            let by_hand = matches!(state, State::Ready);
            self.list.push(Timer { number, fixed, extra, state, hit_count, by_hand });
            Some(number)
        });
        self.losses.dropped += u64::from(added.is_none());
        added
    }

    fn make_room(&mut self, extra: &PairBuffer) -> Option<u64> {
        if self.list.len() >= self.fold_at.0 || self.pairs.footprint() >= self.fold_at.1 {
            self.fold_where(|timer| !timer.by_hand);
            self.compact();
            self.fold_at.0 = fold_next(self.list.len(), FOLD_FROM, MAX_TIMERS);
            self.fold_at.1 = fold_next(self.pairs.footprint(), FOLD_FROM_SIZE, MAX_SIZE);
        }
        let room =
            self.list.len() < MAX_TIMERS && (extra.is_empty() || self.pairs.footprint() < MAX_SIZE);
        room.then_some(self.next)
    }

    /// `false` when there is no such timer any more.
    pub(crate) fn change(&mut self, number: u64, change: Change) -> bool {
        let cpu = match change {
            Change::Start(_) | Change::Stop(_) => self.cpu(),
            _ => Cpu::default(),
        };
        let Some(timer) = self.find(number) else { return false };
        match change {
            Change::Start(since) => timer.state = State::Running { since, from: cpu },
            Change::Stop(at) => timer.stop(at, cpu),
            Change::Discard => timer.state = State::Discarded,
            Change::HitCount(hit_count) => timer.hit_count = hit_count,
            Change::Tag { name, tags } => self.tag(number, &name, tags.parts().1),
            Change::Tags(tags) => self.retag(number, tags.set(), |_| false),
        }
        true
    }

    /// Whether the timer runs.
    pub(crate) fn is_running(&mut self, number: u64) -> bool {
        self.find(number).is_some_and(|timer| matches!(timer.state, State::Running { .. }))
    }

    /// The time of a timer that has stopped; `None` when there is no such timer any more.
    pub(crate) fn value(&mut self, number: u64) -> Option<Duration> {
        match self.find(number)?.state {
            State::Stopped { value, .. } => Some(value),
            _ => None,
        }
    }

    /// Gives a timer these tags, instead of those of that name.
    pub(crate) fn tag(&mut self, number: u64, name: &str, tags: &PairBuffer) {
        self.losses.tags += tags.lost();
        self.retag(number, tags.set(&[]), |other| !is_or_is_below(other, name));
    }

    fn retag(&mut self, number: u64, tags: TagSet<'_>, keep: impl Fn(&str) -> bool) {
        if self.unused > MAX_UNUSED || (self.unused > 0 && self.pairs.footprint() >= MAX_SIZE) {
            self.compact();
        }
        let Some(at) = self.position(number) else { return };
        if self.pairs.footprint() >= MAX_SIZE {
            self.losses.tags += 1;
            return;
        }
        let timer = &mut self.list[at];
        let all = &mut self.retagged;
        all.clear();
        let kept = timer.tags(&self.pairs).iter().filter(|(name, _)| keep(name));
        for (name, value) in kept.chain(tags.iter()) {
            all.push_copy(name, value);
        }
        all.normalize(&[]);
        self.losses.tags += all.lost();
        if let Some(extra) = self.pairs.append(all, all_of(all)) {
            self.unused += timer.extra.len();
            timer.fixed = &[];
            timer.extra = extra;
        }
    }

    /// Forgets the pairs that no timer has any more.
    fn compact(&mut self) {
        let mut compact = PairBuffer::new();
        for timer in &mut self.list {
            timer.extra = compact.append(&self.pairs, timer.extra.clone()).unwrap_or(0..0);
        }
        self.pairs = compact;
        self.unused = 0;
    }

    /// Stops those that run.
    pub(crate) fn stop(&mut self, at: Instant) {
        let cpu = self.cpu();
        for timer in &mut self.list {
            timer.stop(at, cpu);
        }
    }

    /// The timers of `range` as they stand at that moment, except those that were never started. One whose
    /// tags all came to nothing at run time is left out: no report could show it, and a packet with such
    /// timers only has no dictionary, for which `pinba_engine` refuses it whole.
    pub(crate) fn view(
        &self,
        range: Range<usize>,
        now: Instant,
    ) -> impl Iterator<Item = TimerView<'_>> + Clone {
        let cpu = self.cpu();
        self.list.get(range).unwrap_or_default().iter().filter_map(move |timer| {
            let tags = timer.tags(&self.pairs);
            let (value, cpu, running) = match timer.state {
                State::Running { since, from } => {
                    (now.saturating_duration_since(since), cpu.since(from), true)
                }
                State::Stopped { value, cpu } => (value, cpu, false),
                State::Ready | State::Discarded => return None,
            };
            let hit_count = timer.hit_count;
            (tags.len() > 0).then_some(TimerView { hit_count, value, cpu, running, tags })
        })
    }

    /// How many there are, those that [`view`](Self::view) leaves out included.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// What could not be kept, or is not sent, since this was asked.
    pub(crate) fn take_losses(&mut self) -> Losses {
        let mut losses = std::mem::take(&mut self.losses);
        let untagged = |timer: &&Timer| {
            matches!(timer.state, State::Stopped { .. }) && timer.tags(&self.pairs).len() == 0
        };
        losses.untagged += self.list.iter().filter(untagged).count() as u64;
        losses
    }

    /// A copy of those that have stopped, with the losses until now.
    pub(crate) fn copy_stopped(&mut self) -> Self {
        let mut stopped = self.clone();
        self.losses = Losses::default();
        stopped.list.retain(|timer| matches!(timer.state, State::Stopped { .. }));
        stopped
    }

    /// Forgets those that have stopped, and those that came to nothing.
    pub(crate) fn forget_stopped(&mut self) {
        self.list.retain(|timer| matches!(timer.state, State::Ready | State::Running { .. }));
        self.fold_at = (FOLD_FROM, FOLD_FROM_SIZE);
        if self.list.is_empty() {
            self.pairs.clear();
            self.unused = 0;
            self.shrink();
        } else {
            self.compact();
        }
    }

    /// Forgets all of them. Memory is kept for the next request, but not that of a freak.
    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.shrink();
        self.next = 0;
        self.pairs.clear();
        self.unused = 0;
        self.fold_at = (FOLD_FROM, FOLD_FROM_SIZE);
        self.losses = Losses::default();
    }

    fn shrink(&mut self) {
        /// A hundred kilobytes or so; requests have tens of timers.
        const KEPT: usize = 1024;
        self.list.shrink_to(KEPT);
        self.table.clear();
        self.table.shrink_to(4 * KEPT);
    }

    fn cpu(&self) -> Cpu {
        let usage = self.rusage.now();
        Cpu { user: usage.user, system: usage.system }
    }

    fn find(&mut self, number: u64) -> Option<&mut Timer> {
        let at = self.position(number)?;
        self.list.get_mut(at)
    }

    fn position(&self, number: u64) -> Option<usize> {
        let first = self.list.first()?.number;
        let guess = usize::try_from(number.checked_sub(first)?).ok()?;
        if self.list.get(guess).is_some_and(|timer| timer.number == number) {
            return Some(guess);
        }
        self.list.binary_search_by_key(&number, |timer| timer.number).ok()
    }
}

impl Timer {
    fn tags<'a>(&self, pairs: &'a PairBuffer) -> TagSet<'a> {
        pairs.set_in(self.fixed, self.extra.clone())
    }

    fn stop(&mut self, at: Instant, cpu: Cpu) {
        if let State::Running { since, from } = self.state {
            let value = at.saturating_duration_since(since);
            self.state = State::Stopped { value, cpu: cpu.since(from) };
        }
    }
}

impl Cpu {
    fn since(self, from: Self) -> Self {
        Self {
            user: self.user.saturating_sub(from.user),
            system: self.system.saturating_sub(from.system),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            user: self.user.saturating_add(other.user),
            system: self.system.saturating_add(other.system),
        }
    }
}

/// At twice as many, so that folding costs a constant for each timer. Where it has made hardly any room, never
/// again.
fn fold_next(left: usize, from: usize, max: usize) -> usize {
    if left > max / 8 * 7 { usize::MAX } else { (left * 2).clamp(from, max) }
}

fn all_of(buffer: &PairBuffer) -> Range<u32> {
    0..u32::try_from(buffer.len()).unwrap_or(u32::MAX)
}
