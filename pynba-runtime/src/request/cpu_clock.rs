//! The processor time of a request.

use std::thread::{self, ThreadId};

use crate::system::{Cpu, Rusage, Usage};

/// Counts the processor time.
#[derive(Debug, Default)]
pub(super) struct CpuClock {
    /// Where it is counted from, and for [`Rusage::Thread`] on which thread.
    at_start: Usage,
    pub(super) thread: Option<ThreadId>,
    /// Whether the thread's time is counted by somebody else for this request.
    pub(super) is_counted: bool,
    /// What was used before that, and by handles.
    pub(super) used: Cpu,
}

impl CpuClock {
    pub(super) fn begin(&mut self, rusage: Rusage) {
        *self = Self::default();
        if rusage == Rusage::Process {
            self.at_start = rusage.now();
        }
    }

    /// From now on this thread's time counts, unless it does already.
    pub(super) fn resume(&mut self, is_counted: bool) {
        self.is_counted = is_counted;
        if !is_counted {
            self.thread = Some(thread::current().id());
            self.at_start = Rusage::Thread.now();
        }
    }

    pub(super) fn suspend(&mut self) {
        self.used = self.read(Rusage::Thread).0;
        self.thread = None;
    }

    /// What was used until now, and the process's largest resident set.
    #[inline(never)]
    pub(super) fn read(&self, rusage: Rusage) -> (Cpu, u64) {
        if rusage == Rusage::Off {
            return (Cpu::default(), 0);
        }
        // One thread's clock tells nothing about another: a `ScriptMonitor` may have moved.
        let is_here = rusage == Rusage::Process || self.thread == Some(thread::current().id());
        let now = rusage.now();
        let used = if is_here { self.used.plus(now.since(self.at_start)) } else { self.used };
        (used, now.memory_peak)
    }
}
