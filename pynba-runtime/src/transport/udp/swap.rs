//! A value that many threads use at any time and one replaces now and then.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

/// Empty at first. Replacing goes to the slot that is not in use, so no user waits for it, and one that takes
/// long or uses the value again meanwhile, as the program's logger may, stops nobody. With a single lock a
/// replacement that waits for one user would make all others wait, and the second use would never end.
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
        let slot = &self.slots[usize::from(second)];
        *slot.write().unwrap_or_else(PoisonError::into_inner) = Some(value);
        self.second.store(second, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
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
}
