//! A box that is given away and comes back, again and again.
//!
//! A request goes to its thread for each poll, and from there back to where it waits. Were its pointer written to
//! both places each time, the processor would wait for the one write before the other, twice for each poll, which
//! takes longer than all the rest. So it is kept here meanwhile, and nobody looks at what it points to.

#![allow(unsafe_code)]

use std::ptr::NonNull;

#[derive(Debug)]
pub(super) struct Lent<T, W> {
    /// Dangling when it is gone for good.
    pointer: NonNull<T>,
    place: Place,
    /// What belongs to it, here because it takes no more memory here.
    pub(super) with: W,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    /// Here, and may be [lent at once](Lent::lend_at_once): one look tells all that its borrower wants to know.
    AtHand,
    Here,
    Away,
    /// For good.
    Gone,
}

// SAFETY: it is the box, or nothing: while that is away the pointer is not followed.
unsafe impl<T: Send, W: Send> Send for Lent<T, W> {}

// SAFETY: as above.
unsafe impl<T: Sync, W: Sync> Sync for Lent<T, W> {}

impl<T, W> Lent<T, W> {
    pub(super) const fn nothing(with: W) -> Self {
        Self { pointer: NonNull::dangling(), place: Place::Gone, with }
    }

    pub(super) fn new(value: Box<T>, with: W) -> Self {
        Self { pointer: NonNull::from(Box::leak(value)), place: Place::Here, with }
    }

    /// Gives it away. `None` unless it is here.
    #[inline]
    pub(super) fn lend(&mut self) -> Option<Box<T>> {
        if !self.is_here() {
            return None;
        }
        self.place = Place::Away;
        // SAFETY: it came from a box, which nobody else has: it was here.
        Some(unsafe { Box::from_raw(self.pointer.as_ptr()) })
    }

    /// The same, if that was allowed when it was taken back and it has not been changed since.
    #[inline]
    pub(super) fn lend_at_once(&mut self) -> Option<Box<T>> {
        if self.place == Place::AtHand { self.lend() } else { None }
    }

    /// Whether it is this.
    #[inline]
    pub(super) fn is(&self, value: &T) -> bool {
        self.pointer == NonNull::from(value)
    }

    /// Takes back what was lent, and whether it may be lent at once the next time. It is the caller's to know that it
    /// is that: any other one is lost.
    #[inline]
    pub(super) fn take_back(&mut self, value: Box<T>, at_once: bool) {
        let value = Box::leak(value);
        debug_assert!(self.is_away() && self.is(value), "it was lent");
        if self.is(value) {
            self.place = if at_once { Place::AtHand } else { Place::Here };
        }
    }

    /// Gives it away for good, if it is here, and forgets it.
    pub(super) fn take(&mut self) -> Option<Box<T>> {
        let taken = self.lend();
        (self.pointer, self.place) = (NonNull::dangling(), Place::Gone);
        taken
    }

    #[inline]
    pub(super) fn is_away(&self) -> bool {
        self.place == Place::Away
    }

    #[inline]
    fn is_here(&self) -> bool {
        matches!(self.place, Place::AtHand | Place::Here)
    }

    /// Itself, if it is here.
    #[inline]
    pub(super) fn get(&self) -> Option<&T> {
        // SAFETY: it is ours, and borrowed as long as `self` is.
        if self.is_here() { Some(unsafe { self.pointer.as_ref() }) } else { None }
    }

    /// To change it. From then on it is not lent at once.
    #[inline]
    pub(super) fn get_mut(&mut self) -> Option<&mut T> {
        if !self.is_here() {
            return None;
        }
        self.place = Place::Here;
        // SAFETY: as above.
        Some(unsafe { self.pointer.as_mut() })
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
    fn is_lent_at_once_where_that_was_allowed_and_it_is_as_it_was() {
        let mut lent = Lent::new(Box::new(1), ());
        assert!(lent.lend_at_once().is_none(), "nobody has allowed it");
        for at_once in [false, true] {
            let away = lent.lend().expect("it is here");
            assert!(lent.lend_at_once().is_none(), "it is away");
            lent.take_back(away, at_once);
            if !at_once {
                assert!(lent.lend_at_once().is_none(), "it was not allowed");
            }
        }
        let away = lent.lend_at_once().expect("it was allowed");
        assert!(lent.lend_at_once().is_none(), "it is away");
        lent.take_back(away, true);
        *lent.get_mut().expect("it is here") = 2;
        assert!(lent.lend_at_once().is_none(), "it has been changed");
        assert_eq!(lent.take().as_deref(), Some(&2));
        assert!(lent.lend_at_once().is_none(), "it is gone");
    }

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
                assert!(lent.is(&away) && !lent.is(&Rc::clone(&value)));
                lent.take_back(away, false);
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
