//! Timers at some moment: for packets, and for the program that asks.

use std::ops::Range;

use super::{Measured, State, Timers};
use crate::clock::Tick;
use crate::encoder::PacketTimer;
use crate::system::Cpu;
use crate::tags::TagSet;

/// A timer at some moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimerView<'a> {
    pub(crate) hit_count: u32,
    /// Nanoseconds.
    pub(crate) value: u64,
    pub(crate) cpu: Cpu,
    pub(crate) running: bool,
    pub(crate) tags: TagSet<'a>,
}

impl<'a> From<TimerView<'a>> for PacketTimer<'a> {
    #[inline]
    fn from(timer: TimerView<'a>) -> Self {
        Self { hit_count: timer.hit_count, value: timer.value, cpu: timer.cpu, tags: timer.tags }
    }
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
        let measures = !self.cpus.is_empty();
        self.list.get(range).unwrap_or_default().iter().filter_map(move |timer| {
            let tags = timer.tags(&self.pairs);
            let (value, running) = match timer.state {
                State::Running { since } => (now.nanos_since(since), true),
                State::Stopped { value } => (value, false),
                State::Ready { .. } | State::Discarded => return None,
            };
            let cpu = match self.cpus.get(timer.cpu as usize).filter(|_| measures) {
                Some(from) if running => Measured::now(self.rusage).since(*from),
                Some(used) => used.cpu,
                None => Cpu::default(),
            };
            let hit_count = timer.hit_count;
            (tags.len() > 0).then_some(TimerView { hit_count, value, cpu, running, tags })
        })
    }
}
