//! What a thread takes and puts back for each request and each timer.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ptr;

use crate::encoder::Encoder;
use crate::request::Request;
use crate::tags::PairBuffer;

/// What is taken and put back for each request and each timer. By itself, because that is a few instructions: without
/// a destructor, which would be asked for each time. That of [`Local`](super::Local) empties it.
pub(super) struct Hot {
    /// The innermost request, when it is one that is current here.
    pub(super) innermost: Slot<Request>,
    /// Memory for the next request.
    pub(super) spare: Slot<Request>,
    pub(super) encoder: Slot<Encoder>,
    pub(super) scratch: Slot<PairBuffer>,
    /// How many requests are open, times [`ONE`], and the bits below it. In one number, so that one look tells that
    /// all is as usual.
    pub(super) state: Cell<usize>,
}

/// In [`Hot::state`]: there is a [`Local`](super::Local), whose destructor drops what stands in [`Hot`] when the
/// thread ends.
pub(super) const READY: usize = 1;

/// A packet is being sent.
pub(super) const QUIET: usize = 2;

/// Packets are kept instead of sent.
pub(super) const CAPTURING: usize = 4;

/// An open request.
pub(super) const ONE: usize = 8;

/// A box that is taken, used and put back.
pub(super) struct Slot<T>(Cell<Option<ManuallyDrop<Box<T>>>>);

impl<T> Slot<T> {
    const fn empty() -> Self {
        Self(Cell::new(None))
    }

    #[inline]
    pub(super) fn take(&self) -> Option<Box<T>> {
        self.0.take().map(ManuallyDrop::into_inner)
    }

    /// Whatever was there is forgotten: nothing, where nobody can have put anything since it was taken.
    #[inline]
    pub(super) fn put(&self, value: Box<T>) {
        self.0.set(Some(ManuallyDrop::new(value)));
    }

    #[inline]
    pub(super) fn replace(&self, value: Box<T>) -> Option<Box<T>> {
        self.0.replace(Some(ManuallyDrop::new(value))).map(ManuallyDrop::into_inner)
    }
}

thread_local! {
    static HOT: Hot = const {
        Hot {
            innermost: Slot::empty(),
            spare: Slot::empty(),
            encoder: Slot::empty(),
            scratch: Slot::empty(),
            state: Cell::new(0),
        }
    };
}

/// That of this thread. By closures each use would be a call or not, as the compiler likes, which makes a tenth of a
/// request.
#[inline]
pub(super) fn hot() -> &'static Hot {
    // SAFETY: it has no destructor of ours, so it is there as long as its thread runs: where the system keeps it in a
    // box, until the thread is being torn down, and nobody keeps a reference until then. No other thread gets it:
    // references to cells are not `Send`.
    unsafe { &*HOT.with(ptr::from_ref) }
}

#[inline]
fn state() -> usize {
    hot().state.get()
}

#[inline]
pub(super) fn set(bit: usize) {
    hot().state.set(state() | bit);
}

#[inline]
pub(super) fn clear(bit: usize) {
    hot().state.set(state() & !bit);
}

/// Whether there is a request on this thread, recorded or not. A nanosecond: that is what a timer outside any
/// request costs.
#[inline]
pub(crate) fn is_any_open() -> bool {
    state() >= ONE
}

pub(super) fn open_requests() -> usize {
    state() / ONE
}

#[inline]
pub(super) fn count_opened() {
    hot().state.set(state() + ONE);
}

#[inline]
pub(crate) fn count_closed() {
    debug_assert!(is_any_open());
    hot().state.set(state().wrapping_sub(ONE));
}

/// Whether what it stands for is so.
#[inline]
pub(super) fn has(bit: usize) -> bool {
    state() & bit != 0
}

#[inline]
pub(crate) fn is_quiet() -> bool {
    has(QUIET)
}

#[inline]
pub(crate) fn is_capturing() -> bool {
    has(CAPTURING)
}

/// Whether no request is open on this thread, and nothing else is going on.
#[inline]
pub(crate) fn is_plain() -> bool {
    state() == READY
}

/// The same but for one request.
#[inline]
pub(crate) fn is_only() -> bool {
    state() == READY + ONE
}
