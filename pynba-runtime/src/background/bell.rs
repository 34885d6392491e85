//! How a thread that has nothing to do is woken.

use std::sync::OnceLock;
use std::time::Duration;

use crate::sync::{AtomicBool, Ordering, fence, thread};

/// One thread sleeps, any other may wake it.
#[derive(Default)]
pub(super) struct Bell {
    /// Whether it sleeps until it is woken. Swapped, never stored: of swaps `loom` knows that they have one order.
    is_asleep: AtomicBool,
    sleeper: OnceLock<thread::Thread>,
}

impl Bell {
    /// The thread that calls this is the one that sleeps.
    pub(super) fn belongs_here(&self) {
        let _ = self.sleeper.set(thread::current());
    }

    pub(super) fn is_here(&self) -> bool {
        self.sleeper.get().is_some_and(|sleeper| sleeper.id() == thread::current().id())
    }

    /// Sleeps that long, or shorter.
    pub(super) fn doze(time: Duration) {
        #[cfg(not(pynba_loom))]
        thread::park_timeout(time);
        #[cfg(pynba_loom)]
        {
            // There is no time in `loom`.
            let _ = time;
            thread::yield_now();
        }
    }

    /// Sleeps until it is woken, if there is nothing to do.
    ///
    /// Either the sleeper sees what another thread has done, or that one sees that it sleeps: each writes, passes a
    /// fence, and then reads what the other one writes.
    pub(super) fn sleep(&self, is_idle: impl Fn() -> bool) {
        self.is_asleep.swap(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if is_idle() {
            while self.is_asleep.load(Ordering::Relaxed) {
                thread::park();
            }
        }
        self.is_asleep.swap(false, Ordering::Relaxed);
    }

    #[cfg(test)]
    pub(super) fn is_asleep(&self) -> bool {
        self.is_asleep.load(Ordering::Relaxed)
    }

    /// Wakes it if it sleeps until then, after something was done that it should see. One of many does the waking.
    #[inline]
    pub(super) fn ring(&self) {
        fence(Ordering::SeqCst);
        if self.is_asleep.load(Ordering::Relaxed) {
            self.wake();
        }
    }

    #[cold]
    fn wake(&self) {
        if self.is_asleep.swap(false, Ordering::Relaxed) {
            self.nudge();
        }
    }

    /// Wakes it also if it only dozes.
    #[cold]
    pub(super) fn nudge(&self) {
        if let Some(sleeper) = self.sleeper.get() {
            sleeper.unpark();
        }
    }
}
