//! What belongs to a thread: the requests that are open on it, and memory to be used again.
//!
//! Others call the functions below, which never run the program's code while they hold the borrow:
//! formatting a tag or sending a packet may come back here.

use std::cell::{Cell, RefCell};
use std::hash::{BuildHasher, RandomState};
use std::mem::{self, ManuallyDrop};

use crate::encoder::Encoder;
use crate::handle::Handle;
use crate::mailbox::RequestId;
use crate::request::Request;
use crate::tags::PairBuffer;
use crate::testing::Capture;

/// Requests are nested a few levels deep at most; more memory than that is given back.
const SPARE_REQUESTS: usize = 8;

struct Local {
    /// The innermost one last, but for that in [`INNERMOST`].
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

    fn is_here(&self, id: RequestId) -> bool {
        matches!(self, Self::Here(request) if request.is(id))
    }

    fn is_joined(&self, id: RequestId) -> bool {
        matches!(self, Self::Joined(handle) if handle.id() == id)
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        drop(take_innermost());
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

    /// The innermost request, when it is one that is current here. By itself, because taking it and putting it
    /// back is a few instructions, and every timer does that twice; without a destructor, which would be asked
    /// for each time: that of [`Local`] drops it.
    static INNERMOST: Cell<Option<ManuallyDrop<Box<Request>>>> = const { Cell::new(None) };

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

fn count(opened: isize) {
    let _ = OPEN.try_with(|open| open.set(open.get().saturating_add_signed(opened)));
}

/// `None` while the thread is being torn down, or when an allocator that measures itself comes back
/// here from within.
fn with<R>(act: impl FnOnce(&mut Local) -> R) -> Option<R> {
    LOCAL.try_with(|local| local.try_borrow_mut().ok().map(|mut local| act(&mut local))).ok()?
}

/// The innermost request, when it is current here. It has to be [put back](put_innermost).
#[inline]
pub(crate) fn take_innermost() -> Option<Box<Request>> {
    INNERMOST.try_with(Cell::take).ok()?.map(ManuallyDrop::into_inner)
}

#[inline]
pub(crate) fn put_innermost(request: Box<Request>) {
    let request = Some(ManuallyDrop::new(request));
    if let Ok(Some(other)) = INNERMOST.try_with(|innermost| innermost.replace(request)) {
        put_among_others(ManuallyDrop::into_inner(other));
    }
}

/// Also what became innermost while the innermost one was taken: an allocator may open requests, too.
#[cold]
fn put_among_others(request: Box<Request>) {
    with(|local| local.open.push(Entry::Here(request)));
}

/// Puts the innermost one among the others; `false` when it is there, or there is none.
fn bury() -> bool {
    let innermost = take_innermost();
    let buried = innermost.is_some();
    if let Some(request) = innermost {
        with(|local| local.open.push(Entry::Here(request)));
    }
    buried
}

/// Takes the innermost one from among the others, unless all are to stay there while a packet is sent.
fn unearth() {
    if is_quiet() {
        return;
    }
    let last = with(|local| match local.open.pop() {
        Some(Entry::Here(request)) => Some(request),
        other => {
            local.open.extend(other);
            None
        }
    });
    if let Some(request) = last.flatten() {
        put_innermost(request);
    }
}

/// Acts where what is measured now goes, if it is recorded.
#[inline]
pub(crate) fn with_innermost<R>(act: impl FnOnce(Place<'_>) -> R) -> Option<R> {
    if let Some(mut request) = take_innermost() {
        let result = act(Place::Here(&mut request));
        put_innermost(request);
        return Some(result);
    }
    if is_quiet() {
        return None;
    }
    with(|local| {
        // One more is open than there are: it is taken, and an allocator that measures came back here.
        let is_taken = OPEN.try_with(Cell::get).is_ok_and(|open| open > local.open.len());
        local.open.last_mut().filter(|_| !is_taken)?.place().map(act)
    })?
}

/// Acts on a request that is current on this thread.
#[inline]
pub(crate) fn with_request<R>(id: RequestId, act: impl FnOnce(&mut Request) -> R) -> Option<R> {
    if let Some(mut request) = take_innermost() {
        if request.is(id) {
            let result = act(&mut request);
            put_innermost(request);
            return Some(result);
        }
        put_innermost(request);
    }
    with_outer(id, act)
}

#[cold]
fn with_outer<R>(id: RequestId, act: impl FnOnce(&mut Request) -> R) -> Option<R> {
    with(|local| match local.open.iter_mut().rfind(|entry| entry.is_here(id))?.place()? {
        Place::Here(request) => Some(act(request)),
        Place::Joined(_) => None,
    })?
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
    let mut act = Some(act);
    let here = with_request(id, |request| act.take().map(|act| act(Place::Here(request))));
    if let Some(act) = act {
        let joined = with(|local| {
            let entry = local.open.iter_mut().rfind(|entry| entry.is_joined(id));
            entry.and_then(Entry::place).map(act)
        });
        return joined?;
    }
    here?
}

/// Whether this thread measures for the request, itself or through a handle.
pub(crate) fn is_measuring(id: RequestId) -> bool {
    with_place(id, |_| ()).is_some()
}

/// Runs what sends a packet: transports and loggers may be monitored themselves, and would otherwise
/// measure into whatever request is open around, or send packets about sending packets for ever.
pub(crate) fn quietly<R>(act: impl FnOnce() -> R) -> R {
    let before = QUIET.try_with(|quiet| quiet.replace(true)).unwrap_or(true);
    let buried = bury();
    let result = act();
    let _ = QUIET.try_with(|quiet| quiet.set(before));
    if buried {
        unearth();
    }
    result
}

#[inline]
pub(crate) fn is_quiet() -> bool {
    QUIET.try_with(Cell::get).unwrap_or(true)
}

/// Makes it the innermost one.
pub(crate) fn push(entry: Entry) {
    bury();
    match entry {
        Entry::Here(request) if !is_quiet() => {
            // Sees to it that there is a destructor, which drops what is still open when the thread ends.
            if LOCAL.try_with(|_| ()).is_err() {
                return;
            }
            put_innermost(request);
        }
        entry => {
            with(|local| local.open.push(entry));
        }
    }
    count(1);
}

/// Opens a request: `begin` is given one whose memory is used again, and where its packets are kept, if that is
/// somewhere.
pub(crate) fn open(begin: impl FnOnce(&mut Request, Option<Capture>)) -> Option<Box<Request>> {
    let (request, capture) = with(|local| (local.spare.pop(), local.capture.clone()))?;
    let mut request = request.unwrap_or_else(|| Box::new(Request::new()));
    begin(&mut request, capture);
    Some(request)
}

/// Lets go of a request, which is no longer among the open ones: `end` sends it. Its memory is kept.
pub(crate) fn close(mut request: Box<Request>, end: impl FnOnce(&mut Request, &mut Encoder)) {
    let mut encoder = with(|local| local.encoder.take()).flatten().unwrap_or_default();
    end(&mut request, &mut encoder);
    let left_over = with(|local| {
        local.encoder = Some(encoder);
        if local.spare.len() < SPARE_REQUESTS {
            local.spare.push(request);
            None
        } else {
            Some(request)
        }
    });
    drop(left_over);
}

/// Takes the request from among the open ones, wherever it is.
pub(crate) fn remove(id: RequestId) -> Option<Box<Request>> {
    if let Some(request) = take_innermost() {
        if request.is(id) {
            count(-1);
            if is_any_open() {
                unearth();
            }
            return Some(request);
        }
        put_innermost(request);
    }
    match take(|entry| entry.is_here(id))? {
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
    match take(|entry| entry.is_joined(id))? {
        Entry::Joined(handle) => Some(handle),
        Entry::Here(_) | Entry::Silent => None,
    }
}

fn take(which: impl Fn(&Entry) -> bool) -> Option<Entry> {
    let entry = with(|local| {
        let at = local.open.iter().rposition(which)?;
        Some(local.open.remove(at))
    })??;
    count(-1);
    // What is innermost now may have been below it.
    if let Some(request) = take_innermost() {
        put_innermost(request);
    } else {
        unearth();
    }
    Some(entry)
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
    bury();
    let lent = with(|local| {
        let at = local.open.iter().rposition(|entry| entry.is_here(id))?;
        match mem::replace(&mut local.open[at], Entry::Silent) {
            Entry::Here(request) => Some((at, request)),
            Entry::Joined(_) | Entry::Silent => None,
        }
    });
    let result = lent.flatten().map(|(at, mut request)| {
        let result = act(&mut request);
        bury();
        with(|local| {
            let entry = Entry::Here(request);
            match local.open.get_mut(at) {
                Some(place @ Entry::Silent) => *place = entry,
                _ => local.open.insert(at.min(local.open.len()), entry),
            }
        });
        result
    });
    unearth();
    result
}
