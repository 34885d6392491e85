//! Locks that nobody leaves half done.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// None of our locks is held while foreign code runs, so a poisoned one is as good as any.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
