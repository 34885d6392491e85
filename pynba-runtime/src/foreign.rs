//! Code that is not ours: the program's closures, its logger, its transports.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs it; `None` when it panicked. The panic stops here: whether a request succeeds is not decided by
/// what measures it, and where a request's guard is dropped, a second panic would end the program. The
/// panic hook has told about it.
#[inline]
pub(crate) fn run<R>(foreign: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(foreign)) {
        Ok(result) => Some(result),
        Err(payload) => {
            // Dropping it may panic again.
            mem::forget(payload);
            None
        }
    }
}
