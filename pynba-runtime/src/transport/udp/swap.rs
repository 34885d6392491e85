//! A value that many threads use at any time and one replaces now and then.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockWriteGuard, TryLockError};

/// Empty at first. Replacing goes to the slot that is not in use, so no user waits for it, and one that takes
/// long or uses the value again meanwhile stops nobody. With a single lock a replacement that waits for one
/// user would make all others wait, and the second use would never end.
///
/// What was replaced is dropped at the next replacement.
pub(super) struct Swap<T> {
    slots: [RwLock<Option<T>>; 2],
    /// Which of the slots is in use.
    second: AtomicBool,
}

impl<T> Swap<T> {
    pub(super) fn empty() -> Self {
        Self { slots: [RwLock::new(None), RwLock::new(None)], second: AtomicBool::new(false) }
    }

    /// `None` if there is no value yet.
    pub(super) fn with<R>(&self, with: impl FnOnce(&T) -> R) -> Option<R> {
        let slot = &self.slots[usize::from(self.second.load(Ordering::Acquire))];
        slot.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(with)
    }

    /// Waits for those who still use the value before the last; not for two threads at a time.
    pub(super) fn replace(&self, value: T) {
        let second = !self.second.load(Ordering::Acquire);
        let slot = self.slots[usize::from(second)].write();
        self.put(slot.unwrap_or_else(PoisonError::into_inner), value, second);
    }

    /// Does not wait: `false` where [`replace`](Self::replace) would. Not for two threads at a time either.
    pub(super) fn try_replace(&self, value: T) -> bool {
        let second = !self.second.load(Ordering::Acquire);
        let slot = match self.slots[usize::from(second)].try_write() {
            Ok(slot) => slot,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return false,
        };
        self.put(slot, value, second);
        true
    }

    fn put(&self, mut slot: RwLockWriteGuard<'_, Option<T>>, value: T, second: bool) {
        *slot = Some(value);
        drop(slot);
        self.second.store(second, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn is_replaced_and_used_again_while_in_use() {
        let swap = Swap::empty();
        assert_eq!(swap.with(|value: &u32| *value), None);
        swap.replace(1);
        let seen = swap.with(|old| {
            swap.replace(2);
            (*old, swap.with(|new| *new))
        });
        assert_eq!(seen, Some((1, Some(2))));
        swap.replace(3);
        assert_eq!(swap.with(|value| *value), Some(3));
    }

    #[test]
    fn is_replaced_at_once_or_not_at_all() {
        let swap = Swap::empty();
        assert!(swap.try_replace(1));
        let (done, returned) = mpsc::channel();
        thread::scope(|scope| {
            swap.with(|first: &u32| {
                assert!(swap.try_replace(2));
                // The first one is still in use, and its place is needed.
                scope.spawn(|| done.send(swap.try_replace(3)));
                let replaced = returned.recv_timeout(Duration::from_secs(10));
                assert!(!replaced.expect("it does not wait"));
                assert_eq!((*first, swap.with(|value| *value)), (1, Some(2)));
            });
        });
        assert!(swap.try_replace(4));
        assert_eq!(swap.with(|value| *value), Some(4));
    }
}
