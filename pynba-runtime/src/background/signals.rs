//! The program's signal handlers run on its own threads.

#![allow(unsafe_code)]

/// Runs it with every signal blocked that can wait; a thread that is started meanwhile keeps it that way.
#[cfg(all(unix, not(pynba_portable)))]
pub(super) fn blocked<R>(act: impl FnOnce() -> R) -> R {
    use std::mem::MaybeUninit;
    use std::ptr;

    /// Those by which the processor answers what the thread itself does.
    const OWN: [libc::c_int; 7] = [
        libc::SIGABRT,
        libc::SIGBUS,
        libc::SIGFPE,
        libc::SIGILL,
        libc::SIGSEGV,
        libc::SIGSYS,
        libc::SIGTRAP,
    ];

    struct Restore(libc::sigset_t);

    impl Drop for Restore {
        fn drop(&mut self) {
            // SAFETY: the set was written by `pthread_sigmask`; it is only read.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
        }
    }

    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `sigfillset` writes a whole set to the pointer, which is valid for that; `sigdelset` and
    // `pthread_sigmask` read it after that, and the latter writes a whole set to `before`.
    let done = unsafe {
        libc::sigfillset(all.as_mut_ptr());
        for signal in OWN {
            libc::sigdelset(all.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr())
    };
    // SAFETY: the call succeeded, so it has written the set.
    let _restore = (done == 0).then(|| Restore(unsafe { before.assume_init() }));
    act()
}

#[cfg(any(not(unix), pynba_portable))]
pub(super) fn blocked<R>(act: impl FnOnce() -> R) -> R {
    act()
}
