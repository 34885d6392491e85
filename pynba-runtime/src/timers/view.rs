//! Timers at some moment: for packets, and for the program that asks.

use std::ops::Range;

use super::{Measured, State, Timer, Timers};
use crate::clock::Tick;
use crate::encoder::PacketTimer;
use crate::system::Cpu;
use crate::tags::{Interned, StaticTags, TagSet};

/// A timer at some moment. What is asked of it is looked up only then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimerView<'a> {
    timers: &'a Timers,
    timer: &'a Timer,
    /// Nanoseconds.
    value: u64,
    running: bool,
}

impl Timers {
    /// The timers of `range` as they stand at that moment, except those that were never started. One whose
    /// tags all came to nothing at run time is left out: no report could show it, and a packet with such
    /// timers only has no dictionary, for which `pinba_engine` refuses it whole.
    #[inline]
    pub(crate) fn view(
        &self,
        range: Range<usize>,
        now: Tick,
    ) -> impl Iterator<Item = TimerView<'_>> {
        self.list.get(range).unwrap_or_default().iter().filter_map(move |timer| {
            let (value, running) = match timer.state {
                State::Running { since } => (now.nanos_since(since), true),
                State::Stopped { value } => (value, false),
                State::Ready { .. } | State::Discarded => return None,
            };
            timer.has_tags().then_some(TimerView { timers: self, timer, value, running })
        })
    }
}

impl TimerView<'_> {
    pub(crate) fn is_running(&self) -> bool {
        self.running
    }
}

impl<'a> PacketTimer<'a> for TimerView<'a> {
    #[inline]
    fn hit_count(&self) -> u32 {
        self.timer.hit_count.max(1)
    }

    #[inline]
    fn value(&self) -> u64 {
        self.value
    }

    fn cpu(&self) -> Cpu {
        match self.timers.cpus.get(self.timer.cpu as usize) {
            Some(from) if self.running => Measured::now(self.timers.rusage).since(*from),
            Some(used) => used.cpu,
            None => Cpu::default(),
        }
    }

    #[inline]
    fn place(&self) -> Option<&'static Interned> {
        self.timer.fixed.filter(|_| self.timer.extra.is_empty()).and_then(StaticTags::interned)
    }

    fn tags(&self) -> TagSet<'a> {
        self.timer.tags(&self.timers.pairs)
    }
}
