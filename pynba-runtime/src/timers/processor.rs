//! The processor time of timers, which few requests measure.

use std::thread::{self, ThreadId};

use super::{Change, State, Timers};
use crate::system::{Cpu, Rusage};

/// For a timer whose processor time is not measured.
pub(super) const NO_CPU: u32 = u32::MAX;

/// The processor time that a timer has used; that at its start, while it runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    pub(super) cpu: Cpu,
    /// Whose clock that is, if it is one thread's: it tells nothing about another.
    thread: Option<ThreadId>,
}

impl Timers {
    pub(super) fn measure_now(&self) -> Option<Measured> {
        (self.rusage != Rusage::Off).then(|| Measured::now(self.rusage))
    }

    pub(super) fn keep_cpu(&mut self, measured: Measured) -> u32 {
        self.cpus.push(measured);
        u32::try_from(self.cpus.len() - 1).unwrap_or(NO_CPU)
    }

    /// [`change`](Self::change) by mail, which was written on another thread a while ago: a thread's clock does not
    /// tell what the timer has used until then.
    pub(crate) fn change_from_elsewhere(&mut self, number: u64, change: Change) -> bool {
        if self.rusage == Rusage::Thread
            && let Some(at) = self.position(number)
            && let Some(measured) = self.cpus.get_mut(self.list[at].cpu as usize)
            && let Change::Stop(_) | Change::End(_) = change
        {
            measured.thread = None;
        }
        self.change(number, change)
    }

    /// Before the timer starts, or stops if it runs: notes the processor time, if that is measured, which may be
    /// known already.
    pub(super) fn note_cpu(&mut self, at: usize, starts: bool, now: Option<Measured>) {
        let timer = &self.list[at];
        if let Some(measured) = self.cpus.get_mut(timer.cpu as usize) {
            let now = now.unwrap_or_else(|| Measured::now(self.rusage));
            match timer.state {
                _ if starts => *measured = now,
                State::Running { .. } => measured.cpu = now.since(*measured),
                State::Ready { .. } | State::Stopped { .. } | State::Discarded => {}
            }
        }
    }
}

impl Measured {
    pub(super) fn now(rusage: Rusage) -> Self {
        let thread = (rusage == Rusage::Thread).then(|| thread::current().id());
        Self { cpu: rusage.now().cpu, thread }
    }

    /// Nothing when it is another thread's.
    pub(super) fn since(self, from: Self) -> Cpu {
        if self.thread == from.thread { self.cpu.since(from.cpu) } else { Cpu::default() }
    }
}
