//! The timers of one request, in the order in which they were made.

mod fold;
mod processor;
mod view;

use std::mem;
use std::ops::Range;
use std::time::Duration;

use self::processor::{Measured, NO_CPU};
pub(crate) use self::view::TimerView;
use crate::clock::{Tick, nanos};
use crate::losses::Losses;
use crate::system::Rusage;
use crate::tags::{Fixed, PairBuffer, StaticTags, TagSet, Tags, is_or_is_below};

/// Timers of equal tags are folded into one when there are so many: more than fit in a packet (5,000 of one
/// tag each), so that they would be folded at the end anyway.
const FOLD_FROM: usize = 8 * 1024;

/// A request keeps no more timers of different tags than this, and so not more than six megabytes; further
/// ones are counted and left out.
const MAX_TIMERS: usize = 64 * 1024;

/// The same for the bytes of tags made at run time.
const FOLD_FROM_SIZE: usize = 2 << 20;
const MAX_SIZE: usize = 4 << 20;

/// Timers that are tagged anew leave so many unused bytes before these are cleared away, which costs as much as
/// there is altogether.
const MAX_UNUSED: usize = MAX_SIZE / 8;

/// Where folding made no room it is tried again after so many timers were dropped: others may have ended.
const TRY_AGAIN: usize = MAX_TIMERS / 8;

#[derive(Clone, Debug)]
pub(crate) struct Timers {
    /// By number, which grows from one to the next but may have gaps.
    list: Vec<Timer>,
    /// Those that go on after a flush, while it sends the others.
    aside: Vec<Timer>,
    /// The number of the first timer of a request, and that of the next one.
    first: u64,
    next: u64,
    pairs: PairBuffer,
    /// Bytes of pairs that no timer has any more.
    unused: usize,
    /// Where the tags of a timer, or of all, are put together anew.
    spare: PairBuffer,
    /// Where equal tags are found, see [`fold`].
    table: Vec<u32>,
    /// Folded when there are as many timers, or as many bytes of tags.
    fold_at: (usize, usize),
    /// Timers that found no room since they were last folded.
    refused: usize,
    /// Whether one may have come to no tag.
    has_untagged: bool,
    /// Whether `losses` or `has_untagged` say anything.
    may_have_lost: bool,
    /// Whose processor time each timer measures.
    rusage: Rusage,
    /// What each timer that measures it has used; what was used before, while it runs. In the order of `list`.
    cpus: Vec<Measured>,
    losses: Losses,
}

/// A request has thousands of these now and then, and most have only what two readings of the clock tell.
#[derive(Clone, Debug)]
struct Timer {
    number: u64,
    fixed: Fixed,
    /// Where in [`Timers::pairs`] the other tags stand.
    extra: Range<u32>,
    state: State,
    hit_count: u32,
    /// Where in [`Timers::cpus`] its processor time stands, or [`NO_CPU`].
    cpu: u32,
    holder: Holder,
}

/// What of the program's can still change the timer. One that is held is folded only in the packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Holder {
    Nobody,
    Guard,
    /// A [`Timer`](crate::Timer), which may start it again, also after a flush.
    Hand,
}

/// What becomes of timers that run on elsewhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Late {
    Runs,
    IsLost,
}

/// Times are nanoseconds.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Not started since the last packet, for which it had run so long.
    Ready {
        last: u64,
    },
    Running {
        since: Tick,
    },
    Stopped {
        value: u64,
    },
    Discarded,
}

/// What may happen to a timer.
#[derive(Debug)]
pub(crate) enum Change {
    /// From the beginning, whether it ran before or not.
    Start(Tick),
    Stop(Tick),
    /// Stops it with its guard.
    End(Tick),
    /// Its [`Timer`](crate::Timer) is gone; if it runs, it goes on.
    Release,
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

impl Timers {
    /// None yet; the first one gets that number.
    pub(crate) const fn from(first: u64) -> Self {
        Self {
            list: Vec::new(),
            aside: Vec::new(),
            first,
            next: first,
            pairs: PairBuffer::new(),
            unused: 0,
            spare: PairBuffer::new(),
            table: Vec::new(),
            fold_at: (FOLD_FROM, FOLD_FROM_SIZE),
            refused: 0,
            has_untagged: false,
            may_have_lost: false,
            rusage: Rusage::Off,
            cpus: Vec::new(),
            losses: Losses::NONE,
        }
    }

    /// Whose processor time each timer measures from now on.
    pub(crate) fn measure(&mut self, rusage: Rusage) {
        self.rusage = rusage;
    }

    /// Starts a timer and gives its number. `None` where it takes more than noting the time in memory that is
    /// there: then [`start`](Self::start) does it.
    #[inline]
    pub(crate) fn start_at_once(&mut self, tags: &'static StaticTags) -> Option<(u64, Tick)> {
        let room = self.fold_at.0.min(MAX_TIMERS);
        if self.rusage != Rusage::Off || self.list.len() >= room {
            return None;
        }
        let since = Tick::counted()?;
        if self.list.len() == self.list.capacity() {
            return None;
        }
        let number = self.next;
        self.next += 1;
        self.list.push(Timer {
            number,
            fixed: Some(tags),
            extra: 0..0,
            state: State::Running { since },
            hit_count: 1,
            cpu: NO_CPU,
            holder: Holder::Guard,
        });
        Some((number, since))
    }

    /// Starts a timer and gives its number; `None` when there is no room for it.
    pub(crate) fn start(&mut self, fixed: Fixed, extra: &PairBuffer, since: Tick) -> Option<u64> {
        let tags = (fixed, extra, all_of(extra));
        let measured = self.measure_now();
        self.push(tags, State::Running { since }, measured, 1, Holder::Guard)
    }

    /// A timer that is not started yet.
    pub(crate) fn ready(&mut self, tags: &Tags) -> Option<u64> {
        let (fixed, extra) = tags.parts();
        let measured = self.measure_now();
        self.push(
            (fixed, extra, all_of(extra)),
            State::Ready { last: 0 },
            measured,
            1,
            Holder::Hand,
        )
    }

    pub(crate) fn add(&mut self, tags: &Tags, value: Duration, hit_count: u32) {
        let (fixed, extra) = tags.parts();
        let state = State::Stopped { value: nanos(value) };
        self.push((fixed, extra, all_of(extra)), state, None, hit_count, Holder::Nobody);
    }

    fn push(
        &mut self,
        (fixed, extra, range): (Fixed, &PairBuffer, Range<u32>),
        state: State,
        measured: Option<Measured>,
        hit_count: u32,
        holder: Holder,
    ) -> Option<u64> {
        let lost = extra.lost();
        let added = self.make_room(range.is_empty()).and_then(|number| {
            let extra = self.pairs.append(extra, range)?;
            self.next = number + 1;
            let cpu = measured.map_or(NO_CPU, |measured| self.keep_cpu(measured));
            let timer = Timer { number, fixed, extra, state, hit_count, cpu, holder };
            if !timer.has_tags() {
                self.note_untagged();
            }
            self.list.push(timer);
            Some(number)
        });
        self.lose_tags(lost);
        if added.is_none() {
            self.lose().dropped += 1;
        }
        added
    }

    fn make_room(&mut self, is_static: bool) -> Option<u64> {
        let is_full = |timers: &Self| {
            timers.list.len() >= timers.fold_at.0 || timers.pairs.footprint() >= timers.fold_at.1
        };
        if is_full(self) || self.refused >= TRY_AGAIN {
            self.fold_where(|timer| timer.holder == Holder::Nobody);
            self.compact();
            self.fold_at.0 = fold_next(self.list.len(), FOLD_FROM, MAX_TIMERS);
            self.fold_at.1 = fold_next(self.pairs.footprint(), FOLD_FROM_SIZE, MAX_SIZE);
            self.refused = 0;
        }
        let room = self.list.len() < MAX_TIMERS && (is_static || self.pairs.footprint() < MAX_SIZE);
        self.refused += usize::from(!room);
        room.then_some(self.next)
    }

    /// The guard of the timer is gone. `false` where it takes more than noting that: then
    /// [`change`](Self::change) does it.
    #[inline]
    pub(crate) fn end_at_once(&mut self, number: u64, at: Tick) -> bool {
        if self.rusage != Rusage::Off {
            return false;
        }
        let Some(timer) = self.guess(number).and_then(|guess| self.list.get_mut(guess)) else {
            return false;
        };
        timer.stop(at);
        timer.holder = Holder::Nobody;
        true
    }

    /// `false` when there is no such timer any more.
    pub(crate) fn change(&mut self, number: u64, change: Change) -> bool {
        let Some(at) = self.position(number) else { return false };
        if let Change::Start(_) | Change::Stop(_) | Change::End(_) = change {
            self.note_cpu(at, matches!(change, Change::Start(_)), None);
        }
        let timer = &mut self.list[at];
        match change {
            Change::Start(since) => timer.state = State::Running { since },
            Change::Stop(at) => timer.stop(at),
            Change::End(at) => {
                timer.stop(at);
                timer.holder = Holder::Nobody;
            }
            Change::Release => {
                timer.holder = Holder::Nobody;
                if let State::Ready { .. } = timer.state {
                    timer.state = State::Discarded;
                }
            }
            Change::Discard => timer.state = State::Discarded,
            Change::HitCount(hit_count) => timer.hit_count = hit_count,
            Change::Tag { name, tags } => self.tag(number, &name, tags.parts().1),
            Change::Tags(tags) => {
                self.lose_tags(tags.parts().1.lost());
                self.retag(number, tags.set(), |_| false);
            }
        }
        true
    }

    /// Whether the timer runs.
    pub(crate) fn is_running(&mut self, number: u64) -> bool {
        self.find(number).is_some_and(|timer| matches!(timer.state, State::Running { .. }))
    }

    /// The time of a timer that does not run; `None` when there is no such timer any more.
    pub(crate) fn value(&mut self, number: u64) -> Option<Duration> {
        match self.find(number)?.state {
            State::Stopped { value } | State::Ready { last: value } => {
                Some(Duration::from_nanos(value))
            }
            State::Running { .. } | State::Discarded => None,
        }
    }

    /// Gives a timer these tags, instead of those of that name.
    pub(crate) fn tag(&mut self, number: u64, name: &str, tags: &PairBuffer) {
        self.lose_tags(tags.lost());
        self.retag(number, tags.set(None), |other| !is_or_is_below(other, name));
    }

    fn retag(&mut self, number: u64, tags: TagSet<'_>, keep: impl Fn(&str) -> bool) {
        if self.unused > MAX_UNUSED {
            self.compact();
        }
        let Some(at) = self.position(number) else { return };
        if self.pairs.footprint() >= MAX_SIZE {
            self.lose().tags += 1;
            return;
        }
        let timer = &mut self.list[at];
        let all = &mut self.spare;
        all.clear();
        let kept = timer.tags(&self.pairs).iter().filter(|(name, _)| keep(name));
        for (name, value) in kept.chain(tags.iter()) {
            all.push_copy(name, value);
        }
        all.normalize(&[]);
        let lost = all.lost();
        if let Some(extra) = self.pairs.append(all, all_of(all)) {
            self.unused += self.pairs.footprint_of(timer.extra.clone());
            timer.fixed = None;
            timer.extra = extra;
            if !timer.has_tags() {
                self.note_untagged();
            }
        }
        self.lose_tags(lost);
    }

    fn lose_tags(&mut self, count: u64) {
        if count > 0 {
            self.lose().tags += count;
        }
    }

    fn note_untagged(&mut self) {
        self.has_untagged = true;
        self.may_have_lost = true;
    }

    /// Forgets the pairs and processor times that no timer has any more.
    fn compact(&mut self) {
        self.spare.clear();
        let before = mem::take(&mut self.cpus);
        for timer in &mut self.list {
            timer.extra = self.spare.append(&self.pairs, timer.extra.clone()).unwrap_or(0..0);
            if let Some(cpu) = before.get(timer.cpu as usize) {
                timer.cpu = u32::try_from(self.cpus.len()).unwrap_or(NO_CPU);
                self.cpus.push(*cpu);
            }
        }
        mem::swap(&mut self.pairs, &mut self.spare);
        self.unused = 0;
    }

    /// Stops those that run.
    pub(crate) fn stop(&mut self, at: Tick) {
        if !self.cpus.is_empty() {
            let now = Measured::now(self.rusage);
            for at in 0..self.list.len() {
                self.note_cpu(at, false, Some(now));
            }
        }
        for timer in &mut self.list {
            timer.stop(at);
        }
    }

    /// Whether any runs or has run.
    pub(crate) fn has_measured(&self) -> bool {
        let measured = |state| matches!(state, State::Running { .. } | State::Stopped { .. });
        self.list.iter().any(|timer| measured(timer.state))
    }

    /// How many there are, those that [`view`](Self::view) leaves out included.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there may be something to [take](Self::take_losses).
    #[inline]
    pub(crate) fn may_have_lost(&self) -> bool {
        self.may_have_lost
    }

    /// What could not be kept, or is not sent, since this was asked.
    pub(crate) fn take_losses(&mut self) -> Losses {
        self.may_have_lost = false;
        let mut losses = mem::replace(&mut self.losses, Losses::NONE);
        if mem::take(&mut self.has_untagged) {
            let untagged = |timer: &&Timer| {
                let is_sent = matches!(timer.state, State::Running { .. } | State::Stopped { .. });
                is_sent && !timer.has_tags()
            };
            losses.untagged += self.list.iter().filter(untagged).count() as u64;
        }
        losses
    }

    /// Leaves those that have stopped, for a flush to send, and puts aside what goes on after it.
    pub(crate) fn put_aside(&mut self) {
        let aside = &mut self.aside;
        aside.clear();
        self.list.retain(|timer| match timer.state {
            State::Ready { .. } | State::Running { .. } => {
                aside.push(timer.clone());
                false
            }
            State::Stopped { value } => {
                if timer.holder == Holder::Hand {
                    aside.push(Timer { state: State::Ready { last: value }, ..timer.clone() });
                }
                true
            }
            State::Discarded => false,
        });
    }

    /// Ends what [`put_aside`](Self::put_aside) began: those that were left are forgotten.
    pub(crate) fn take_back(&mut self) {
        mem::swap(&mut self.list, &mut self.aside);
        self.aside.clear();
        self.has_untagged = self.list.iter().any(|timer| !timer.has_tags());
        self.may_have_lost |= self.has_untagged;
        self.fold_at = (FOLD_FROM, FOLD_FROM_SIZE);
        if self.list.is_empty() {
            self.pairs.clear();
            self.spare.clear();
            self.cpus.clear();
            self.unused = 0;
            self.shrink();
        } else {
            self.compact();
        }
    }

    /// Takes over those of `other`, and what it has lost.
    pub(crate) fn absorb(&mut self, other: &mut Self, late: Late) {
        *self.lose() += mem::take(&mut other.losses);
        for timer in &other.list {
            match timer.state {
                State::Running { .. } if late == Late::IsLost => self.losses.late += 1,
                State::Stopped { .. } | State::Running { .. } => {
                    let tags = (timer.fixed, &other.pairs, timer.extra.clone());
                    let measured = other.cpus.get(timer.cpu as usize).copied();
                    self.push(tags, timer.state, measured, timer.hit_count, Holder::Nobody);
                }
                State::Ready { .. } | State::Discarded => {}
            }
        }
    }

    /// To count what was lost.
    pub(crate) fn lose(&mut self) -> &mut Losses {
        self.may_have_lost = true;
        &mut self.losses
    }

    /// Forgets all of them. Memory is kept for the next request, but not that of a freak. What was lost was
    /// [taken](Self::take_losses) before.
    #[inline]
    pub(crate) fn clear(&mut self) {
        if self.next != self.first {
            self.clear_all();
        }
    }

    fn clear_all(&mut self) {
        self.list.clear();
        self.shrink();
        self.next = self.first;
        self.pairs.clear();
        self.spare.clear();
        self.cpus.clear();
        self.unused = 0;
        self.fold_at = (FOLD_FROM, FOLD_FROM_SIZE);
        self.refused = 0;
        self.has_untagged = false;
        self.may_have_lost = false;
        self.losses = Losses::NONE;
    }

    fn shrink(&mut self) {
        /// A hundred kilobytes or so; requests have tens of timers.
        const KEPT: usize = 1024;
        self.list.shrink_to(KEPT);
        self.aside.shrink_to(KEPT);
        self.cpus.shrink_to(KEPT);
        self.table.clear();
        self.table.shrink_to(4 * KEPT);
    }

    fn find(&mut self, number: u64) -> Option<&mut Timer> {
        let at = self.position(number)?;
        self.list.get_mut(at)
    }

    fn position(&self, number: u64) -> Option<usize> {
        let search = || self.list.binary_search_by_key(&number, |timer| timer.number).ok();
        self.guess(number).or_else(search)
    }

    /// Where it stands as long as none before it was left out.
    #[inline]
    fn guess(&self, number: u64) -> Option<usize> {
        let first = self.list.first()?.number;
        let guess = usize::try_from(number.checked_sub(first)?).ok()?;
        self.list.get(guess).filter(|timer| timer.number == number)?;
        Some(guess)
    }
}

impl Timer {
    #[inline]
    fn has_tags(&self) -> bool {
        self.fixed.is_some_and(|tags| !tags.pairs().is_empty()) || !self.extra.is_empty()
    }

    #[inline]
    fn tags<'a>(&self, pairs: &'a PairBuffer) -> TagSet<'a> {
        pairs.set_in(self.fixed, self.extra.clone())
    }

    #[inline]
    fn stop(&mut self, at: Tick) {
        if let State::Running { since } = self.state {
            self.state = State::Stopped { value: at.nanos_since(since) };
        }
    }
}

/// At twice as many, so that folding costs a constant for each timer. Where it has made hardly any room, not
/// before some were refused.
fn fold_next(left: usize, from: usize, max: usize) -> usize {
    if left > max / 8 * 7 { usize::MAX } else { (left * 2).clamp(from, max) }
}

fn all_of(buffer: &PairBuffer) -> Range<u32> {
    0..u32::try_from(buffer.len()).unwrap_or(u32::MAX)
}
