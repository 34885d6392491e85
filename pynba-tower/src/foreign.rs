//! Code that is not ours: the program's closures.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs it; `None` when it panicked. Whether a request is answered is not decided by what measures it. The panic
/// hook has told about it.
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
