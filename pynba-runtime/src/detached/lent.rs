//! A box that is given away and comes back, again and again.
//!
//! A request goes to its thread for each poll, and from there back to where it waits. Were its pointer written to
//! both places each time, the processor would wait for the one write before the other, twice for each poll, which
//! takes longer than all the rest. So it is kept here meanwhile, and nobody looks at what it points to.

#![allow(unsafe_code)]

use std::ptr::NonNull;

#[derive(Debug)]
pub(super) struct Lent<T, W> {
    /// `None` when it is gone for good.
    pointer: Option<NonNull<T>>,
    is_away: bool,
    /// What belongs to it, here because it takes no more memory here.
    pub(super) with: W,
}

// SAFETY: it is the box, or nothing: while that is away the pointer is not followed.
unsafe impl<T: Send, W: Send> Send for Lent<T, W> {}

// SAFETY: as above.
unsafe impl<T: Sync, W: Sync> Sync for Lent<T, W> {}

impl<T, W> Lent<T, W> {
    pub(super) const fn nothing(with: W) -> Self {
        Self { pointer: None, is_away: false, with }
    }

    pub(super) fn new(value: Box<T>, with: W) -> Self {
        Self { pointer: Some(NonNull::from(Box::leak(value))), is_away: false, with }
    }

    /// Gives it away. `None` while it is away.
    #[inline]
    pub(super) fn lend(&mut self) -> Option<Box<T>> {
        let pointer = self.here()?;
        self.is_away = true;
        // SAFETY: it came from a box, which nobody else has: it was not away.
        Some(unsafe { Box::from_raw(pointer.as_ptr()) })
    }

    /// Takes back what was lent. It is the caller's to know that it is that: any other one is lost.
    #[inline]
    pub(super) fn take_back(&mut self, value: Box<T>) {
        let value = NonNull::from(Box::leak(value));
        debug_assert!(self.is_away && self.pointer == Some(value), "it was lent");
        if self.pointer == Some(value) {
            self.is_away = false;
        }
    }

    /// Gives it away for good, if it is here, and forgets it.
    pub(super) fn take(&mut self) -> Option<Box<T>> {
        let taken = self.lend();
        (self.pointer, self.is_away) = (None, false);
        taken
    }

    #[inline]
    pub(super) fn is_away(&self) -> bool {
        self.is_away
    }

    #[inline]
    fn here(&self) -> Option<NonNull<T>> {
        if self.is_away { None } else { self.pointer }
    }

    /// Itself, unless it is away.
    #[inline]
    pub(super) fn get(&self) -> Option<&T> {
        // SAFETY: it is ours, and borrowed as long as `self` is.
        self.here().map(|pointer| unsafe { pointer.as_ref() })
    }

    #[inline]
    pub(super) fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: as above.
        self.here().map(|mut pointer| unsafe { pointer.as_mut() })
    }
}

impl<T, W> Drop for Lent<T, W> {
    fn drop(&mut self) {
        drop(self.lend());
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    #[test]
    fn is_in_one_place_at_a_time_and_dropped_once() {
        let value = Rc::new(1);
        for is_away in [false, true] {
            let mut lent = Lent::new(Box::new(Rc::clone(&value)), ());
            let away = lent.lend().expect("it is here");
            assert!(lent.lend().is_none() && lent.get().is_none() && lent.get_mut().is_none());
            assert!(lent.is_away());
            if is_away {
                drop(lent);
                assert_eq!(Rc::strong_count(&value), 2);
                drop(away);
            } else {
                lent.take_back(away);
                assert_eq!(lent.get().map(|value| **value), Some(1));
                drop(lent);
            }
            assert_eq!(Rc::strong_count(&value), 1);
        }
        let mut lent = Lent::new(Box::new(Rc::clone(&value)), ());
        drop(lent.take());
        assert!(lent.lend().is_none() && lent.get().is_none() && !lent.is_away());
        assert_eq!(Rc::strong_count(&value), 1);
        let mut lent = Lent::new(Box::new(Rc::clone(&value)), ());
        let away = lent.lend().expect("it is here");
        assert!(lent.take().is_none() && !lent.is_away());
        drop((lent, away));
        assert_eq!(Rc::strong_count(&value), 1);
    }
}
