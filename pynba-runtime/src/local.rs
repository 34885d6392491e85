//! What belongs to a thread: the requests that are open on it, and memory to be used again.
//!
//! Others call the functions below, which never run the program's code while they hold the borrow:
//! formatting a tag or sending a packet may come back here.

use std::cell::{Cell, RefCell};
use std::hash::{BuildHasher, RandomState};
use std::mem;

use crate::encoder::Encoder;
use crate::handle::Handle;
use crate::mailbox::RequestId;
use crate::request::Request;
use crate::tags::PairBuffer;
use crate::testing::Capture;

/// Requests are nested a few levels deep at most; more memory than that is given back.
const SPARE_REQUESTS: usize = 8;

struct Local {
    /// The innermost request last.
    open: Vec<Entry>,
    #[expect(
        clippy::vec_box,
        reason = "a request is a few hundred bytes, and opening it moves it"
    )]
    spare: Vec<Box<Request>>,
    encoder: Option<Box<Encoder>>,
    scratch: Option<Box<PairBuffer>>,
    capture: Option<Capture>,
}

/// A request that is current on this thread, or was before another one inside of it.
#[derive(Debug)]
pub(crate) enum Entry {
    Here(Box<Request>),
    /// What is measured joins a request that may be current on another thread, or on none.
    Joined(Handle),
    /// Nothing is recorded: a timer in it must not land in the request around it.
    Silent,
}

/// Where what is measured goes.
pub(crate) enum Place<'a> {
    Here(&'a mut Request),
    Joined(&'a Handle),
}

impl Entry {
    fn place(&mut self) -> Option<Place<'_>> {
        match self {
            Self::Here(request) => Some(Place::Here(request)),
            Self::Joined(handle) => Some(Place::Joined(handle)),
            Self::Silent => None,
        }
    }

    fn here(&mut self, id: RequestId) -> Option<&mut Request> {
        match self {
            Self::Here(request) if request.is(id) => Some(request),
            _ => None,
        }
    }

    fn is_of(&self, id: RequestId) -> bool {
        match self {
            Self::Here(request) => request.is(id),
            Self::Joined(handle) => handle.id() == id,
            Self::Silent => false,
        }
    }
}

impl Local {
    fn count(&self) {
        let _ = OPEN.try_with(|open| open.set(self.open.len()));
    }
}

thread_local! {
    static LOCAL: RefCell<Local> = const {
        RefCell::new(Local {
            open: Vec::new(),
            spare: Vec::new(),
            encoder: None,
            scratch: None,
            capture: None,
        })
    };

    /// How many are open. By itself, because without a destructor it is read in a nanosecond: that is what a
    /// timer outside any request costs.
    static OPEN: Cell<usize> = const { Cell::new(0) };

    /// Of [`random`]; 0 before its first use.
    static RANDOM: Cell<u64> = const { Cell::new(0) };

    /// Whether a packet is being sent.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Whether there is a request on this thread, recorded or not.
#[inline]
pub(crate) fn is_any_open() -> bool {
    OPEN.try_with(Cell::get).is_ok_and(|open| open > 0)
}

/// `None` while the thread is being torn down, or when an allocator that measures itself comes back
/// here from within.
fn with<R>(act: impl FnOnce(&mut Local) -> R) -> Option<R> {
    LOCAL.try_with(|local| local.try_borrow_mut().ok().map(|mut local| act(&mut local))).ok()?
}

/// Acts where what is measured now goes, if it is recorded.
pub(crate) fn with_innermost<R>(act: impl FnOnce(Place<'_>) -> R) -> Option<R> {
    with(|local| local.open.last_mut()?.place().map(act))?
}

/// The innermost request, if it is recorded.
pub(crate) fn current_id() -> Option<RequestId> {
    with_innermost(|place| match place {
        Place::Here(request) => request.id(),
        Place::Joined(handle) => Some(handle.id()),
    })?
}

/// Acts where this thread measures for the request, preferably on the request itself.
pub(crate) fn with_place<R>(id: RequestId, act: impl FnOnce(Place<'_>) -> R) -> Option<R> {
    with(|local| {
        let open = &mut local.open;
        let here = |entry: &Entry| matches!(entry, Entry::Here(request) if request.is(id));
        let joined = || open.iter().rposition(|entry| entry.is_of(id));
        let at = open.iter().rposition(here).or_else(joined)?;
        open[at].place().map(act)
    })?
}

/// Whether this thread measures for the request, itself or through a handle.
pub(crate) fn is_measuring(id: RequestId) -> bool {
    with(|local| local.open.iter().any(|entry| entry.is_of(id))).unwrap_or(false)
}

/// Runs what sends a packet: transports and loggers may be monitored themselves, and would otherwise
/// measure into whatever request is open around, or send packets about sending packets for ever.
pub(crate) fn quietly<R>(act: impl FnOnce() -> R) -> R {
    let before = QUIET.try_with(|quiet| quiet.replace(true)).unwrap_or(true);
    push(Entry::Silent);
    let result = act();
    remove_silent();
    let _ = QUIET.try_with(|quiet| quiet.set(before));
    result
}

pub(crate) fn is_quiet() -> bool {
    QUIET.try_with(Cell::get).unwrap_or(true)
}

/// Acts on a request that is current on this thread.
pub(crate) fn with_request<R>(id: RequestId, act: impl FnOnce(&mut Request) -> R) -> Option<R> {
    with(|local| local.open.iter_mut().rev().find_map(|entry| entry.here(id)).map(act))?
}

/// A request to be opened.
pub(crate) fn spare_request() -> Option<Box<Request>> {
    with(|local| local.spare.pop().unwrap_or_else(|| Box::new(Request::new())))
}

/// Makes it the innermost one.
pub(crate) fn push(entry: Entry) {
    with(|local| {
        local.open.push(entry);
        local.count();
    });
}

/// Takes the request from among the open ones, wherever it is.
pub(crate) fn remove(id: RequestId) -> Option<Box<Request>> {
    match take(|entry| matches!(entry, Entry::Here(request) if request.is(id)))? {
        Entry::Here(request) => Some(request),
        Entry::Joined(_) | Entry::Silent => None,
    }
}

/// Takes away the innermost mark of a request that is not recorded.
pub(crate) fn remove_silent() {
    take(|entry| matches!(entry, Entry::Silent));
}

/// Takes away the innermost handle of the request.
pub(crate) fn remove_joined(id: RequestId) -> Option<Handle> {
    match take(|entry| matches!(entry, Entry::Joined(handle) if handle.id() == id))? {
        Entry::Joined(handle) => Some(handle),
        Entry::Here(_) | Entry::Silent => None,
    }
}

fn take(which: impl Fn(&Entry) -> bool) -> Option<Entry> {
    with(|local| {
        let at = local.open.iter().rposition(which)?;
        let entry = local.open.remove(at);
        local.count();
        Some(entry)
    })?
}

/// Keeps an ended request's memory for the next one.
pub(crate) fn recycle(request: Box<Request>) {
    let left_over = with(|local| {
        if local.spare.len() < SPARE_REQUESTS {
            local.spare.push(request);
            None
        } else {
            Some(request)
        }
    });
    drop(left_over);
}

/// Lends the thread's encoder, or a new one to whoever comes while it is lent.
pub(crate) fn with_encoder<R>(act: impl FnOnce(&mut Encoder) -> R) -> R {
    let mut encoder = with(|local| local.encoder.take()).flatten().unwrap_or_default();
    let result = act(&mut encoder);
    with(|local| local.encoder = Some(encoder));
    result
}

/// Lends an empty buffer in the same way.
pub(crate) fn with_scratch<R>(act: impl FnOnce(&mut PairBuffer) -> R) -> R {
    let mut scratch = with(|local| local.scratch.take()).flatten().unwrap_or_default();
    let result = act(&mut scratch);
    scratch.clear();
    with(|local| local.scratch = Some(scratch));
    result
}

/// Sets where the packets of this thread's requests are kept, and gives what was set before.
pub(crate) fn replace_capture(capture: Option<Capture>) -> Option<Capture> {
    with(|local| mem::replace(&mut local.capture, capture)).flatten()
}

/// Where the packets of this thread's requests are kept.
pub(crate) fn capture() -> Option<Capture> {
    with(|local| local.capture.clone()).flatten()
}

pub(crate) fn is_capturing() -> bool {
    with(|local| local.capture.is_some()).unwrap_or(false)
}

/// A number from 0 to 1, 1 excluded, good enough to take a sample: xorshift64 (Marsaglia 2003).
pub(crate) fn random() -> f64 {
    let next = RANDOM.try_with(|state| {
        let mut bits = match state.get() {
            0 => RandomState::new().hash_one(0) | 1,
            bits => bits,
        };
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        state.set(bits);
        bits
    });
    // The upper bits are the better ones.
    let upper = u32::try_from(next.unwrap_or(0) >> 32).unwrap_or(0);
    f64::from(upper) / (f64::from(u32::MAX) + 1.0)
}

/// Takes a request out of its place while it is sent, and puts it back.
pub(crate) fn lend<R>(id: RequestId, act: impl FnOnce(&mut Request) -> R) -> Option<R> {
    let (at, mut request) = with(|local| {
        let at = local.open.iter_mut().rposition(|entry| entry.here(id).is_some())?;
        match mem::replace(&mut local.open[at], Entry::Silent) {
            Entry::Here(request) => Some((at, request)),
            Entry::Joined(_) | Entry::Silent => None,
        }
    })??;
    let result = act(&mut request);
    with(|local| {
        let entry = Entry::Here(request);
        if let Some(place @ Entry::Silent) = local.open.get_mut(at) {
            *place = entry;
        } else {
            local.open.insert(at.min(local.open.len()), entry);
            local.count();
        }
    });
    Some(result)
}
