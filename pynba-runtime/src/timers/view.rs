//! Timers at some moment: for packets, and for the program that asks.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::{State, Timers};
use crate::encoder::PacketTimer;
use crate::system::Cpu;
use crate::tags::TagSet;

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

impl Timers {
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
                State::Ready { .. } | State::Discarded => return None,
            };
            let hit_count = timer.hit_count;
            (tags.len() > 0).then_some(TimerView { hit_count, value, cpu, running, tags })
        })
    }
}
