//! Which of its ancestors' processes this one is not: threads do not follow through a `fork`.

#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering};

/// How many forks lie between this process and the one in which [`watch`] was called first.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Another number in each process that descends from this one.
#[inline]
pub(super) fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// From now on forks are noticed. Without the calls of Unix there are none.
pub(super) fn watch() {
    #[cfg(all(unix, not(pynba_portable)))]
    {
        extern "C" fn in_the_child() {
            // The one thread of the new process runs this, and it may do hardly anything.
            GENERATION.fetch_add(1, Ordering::Relaxed);
        }

        static WATCH: std::sync::Once = std::sync::Once::new();
        WATCH.call_once(|| {
            // SAFETY: the handler lives as long as the process, and does nothing but add to an atomic number. It
            // fails only where no memory is left to remember the handler.
            unsafe { libc::pthread_atfork(None, None, Some(in_the_child)) };
        });
    }
}
