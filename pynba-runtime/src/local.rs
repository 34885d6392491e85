//! What belongs to a thread: the requests that are open on it, and memory to be used again.
//!
//! Others call the functions below, which never run the program's code while they hold the borrow:
//! formatting a tag or sending a packet may come back here.

mod hot;

use std::cell::{Cell, RefCell};
use std::hash::{BuildHasher, RandomState};
use std::mem;

use self::hot::{CAPTURING, Hot, QUIET, READY, clear, count_opened, has, hot, open_requests, set};
pub(crate) use self::hot::{count_closed, is_any_open, is_capturing, is_only, is_plain, is_quiet};
use crate::encoder::Encoder;
use crate::handle::Handle;
use crate::mailbox::RequestId;
use crate::request::Request;
use crate::tags::PairBuffer;
use crate::testing::Capture;

/// Requests are nested a few levels deep at most; more memory than that is given back.
const SPARE_REQUESTS: usize = 8;

struct Local {
    /// The innermost one last, but for that in [`Hot::innermost`].
    open: Vec<Entry>,
    /// More of them, of requests inside each other.
    #[expect(
        clippy::vec_box,
        reason = "a request is a few hundred bytes, and opening it moves it"
    )]
    spare: Vec<Box<Request>>,
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
        clear(READY);
        let Hot { innermost, spare, encoder, scratch, .. } = hot();
        drop((innermost.take(), spare.take(), encoder.take(), scratch.take()));
    }
}

thread_local! {
    static LOCAL: RefCell<Local> = const {
        RefCell::new(Local { open: Vec::new(), spare: Vec::new(), capture: None })
    };

    /// Of [`random`]; 0 before its first use.
    static RANDOM: Cell<u64> = const { Cell::new(0) };
}

/// `false` while the thread is being torn down.
#[inline]
fn is_ready() -> bool {
    has(READY) || get_ready()
}

#[cold]
fn get_ready() -> bool {
    let is_there = LOCAL.try_with(|_| ()).is_ok();
    if is_there {
        set(READY);
    }
    is_there
}

/// `None` while the thread is being torn down, or when an allocator that measures itself comes back
/// here from within.
fn with<R>(act: impl FnOnce(&mut Local) -> R) -> Option<R> {
    LOCAL.try_with(|local| local.try_borrow_mut().ok().map(|mut local| act(&mut local))).ok()?
}

/// The innermost request, when it is current here. It has to be [put back](put_innermost).
#[inline]
pub(crate) fn take_innermost() -> Option<Box<Request>> {
    hot().innermost.take()
}

/// Puts it back where nothing has run since it was taken: no foreign code, and no allocator.
#[inline]
pub(crate) fn put_back(request: Box<Request>) {
    hot().innermost.put(request);
}

#[inline]
pub(crate) fn put_innermost(request: Box<Request>) {
    if let Some(other) = hot().innermost.replace(request) {
        put_among_others(other);
    }
}

/// Also what became innermost while the innermost one was taken: an allocator may open requests, too.
#[cold]
fn put_among_others(request: Box<Request>) {
    with(|local| local.open.push(Entry::Here(request)));
}

/// Puts the innermost one among the others; `false` when it is there, or there is none.
#[inline]
fn bury() -> bool {
    let innermost = take_innermost();
    let buried = innermost.is_some();
    if let Some(request) = innermost {
        put_among_others(request);
    }
    buried
}

/// Takes the innermost one from among the others, unless all are to stay there while a packet is sent.
#[cold]
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
        let is_taken = open_requests() > local.open.len();
        local.open.last_mut().filter(|_| !is_taken)?.place().map(act)
    })?
}

/// Acts on a request that is current on this thread.
#[inline]
pub(crate) fn with_request<R>(id: RequestId, act: impl FnOnce(&mut Request) -> R) -> Option<R> {
    let Some(mut request) = take_innermost_of(id) else { return with_outer(id, act) };
    let result = act(&mut request);
    put_innermost(request);
    Some(result)
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

/// While a packet is sent: transports and loggers may be monitored themselves, and would otherwise
/// measure into whatever request is open around, or send packets about sending packets for ever.
pub(crate) struct Quiet {
    was_quiet: bool,
    buried: bool,
}

impl Quiet {
    #[inline]
    pub(crate) fn begin() -> Self {
        let was_quiet = is_quiet();
        set(QUIET);
        Self { was_quiet, buried: bury() }
    }
}

impl Drop for Quiet {
    #[inline]
    fn drop(&mut self) {
        if !self.was_quiet {
            clear(QUIET);
        }
        if self.buried {
            unearth();
        }
    }
}

/// Makes it the innermost one.
pub(crate) fn push(entry: Entry) {
    match entry {
        Entry::Here(request) => push_request(request),
        entry => {
            bury();
            with(|local| local.open.push(entry));
            count_opened();
        }
    }
}

/// Makes it the innermost one.
#[inline]
pub(crate) fn push_request(request: Box<Request>) {
    if is_plain() {
        put_only(request);
    } else {
        push_among_others(request);
    }
}

/// The same where [all is plain](is_plain).
#[inline]
pub(crate) fn put_only(request: Box<Request>) {
    put_back(request);
    count_opened();
}

#[cold]
fn push_among_others(request: Box<Request>) {
    // Otherwise nobody would drop what is still open when the thread ends.
    if !is_ready() {
        return drop(request);
    }
    bury();
    if is_quiet() {
        with(|local| local.open.push(Entry::Here(request)));
    } else {
        put_innermost(request);
    }
    count_opened();
}

/// One to be opened, whose memory may have been used before. `None` while the thread is being torn down.
#[inline]
pub(crate) fn request() -> Option<Box<Request>> {
    hot().spare.take().or_else(another)
}

#[cold]
fn another() -> Option<Box<Request>> {
    let spare = with(|local| local.spare.pop())?;
    Some(spare.unwrap_or_else(|| Box::new(Request::new())))
}

/// Lets go of a request, which is no longer among the open ones: `end` sends it. Its memory is kept.
#[inline]
pub(crate) fn close(mut request: Box<Request>, end: impl FnOnce(&mut Request, &mut Encoder)) {
    with_encoder(|encoder| {
        let _quiet = Quiet::begin();
        end(&mut request, encoder);
    });
    keep(request);
}

/// [`close`] for a request that is the innermost one, and taken. It is among the open ones until it is sent.
#[inline]
pub(crate) fn close_innermost(
    mut request: Box<Request>,
    end: impl FnOnce(&mut Request, &mut Encoder),
) {
    // It would not be the innermost one while another packet is being sent, nor when the thread is torn down.
    set(QUIET);
    let mut encoder = hot().encoder.take().unwrap_or_default();
    end(&mut request, &mut encoder);
    if let Some(other) = hot().encoder.replace(encoder) {
        too_many(other);
    }
    clear(QUIET);
    innermost_closed();
    if let Some(other) = hot().spare.replace(request) {
        spare(other);
    }
}

/// What was below the innermost one takes its place.
#[inline]
fn innermost_closed() {
    count_closed();
    if is_any_open() {
        unearth();
    }
}

#[inline]
fn keep(request: Box<Request>) {
    if is_ready()
        && let Some(other) = hot().spare.replace(request)
    {
        spare(other);
    }
}

#[cold]
fn spare(request: Box<Request>) {
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

/// The request, if it is the innermost one. It has to be put back or [closed](close_innermost).
#[inline]
pub(crate) fn take_innermost_of(id: RequestId) -> Option<Box<Request>> {
    take_innermost_if(|request| request.is(id))
}

/// The innermost request, if it is this, which is to be seen without foreign code. As [above](take_innermost_of).
#[inline]
pub(crate) fn take_innermost_if(is_it: impl FnOnce(&Request) -> bool) -> Option<Box<Request>> {
    let request = take_innermost()?;
    if is_it(&request) {
        return Some(request);
    }
    put_back(request);
    None
}

/// Takes the request from among the open ones, wherever it is.
pub(crate) fn remove(id: RequestId) -> Option<Box<Request>> {
    let Some(request) = take_innermost_of(id) else { return remove_outer(id) };
    innermost_closed();
    Some(request)
}

#[cold]
fn remove_outer(id: RequestId) -> Option<Box<Request>> {
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
    count_closed();
    // What is innermost now may have been below it.
    if let Some(request) = take_innermost() {
        put_innermost(request);
    } else {
        unearth();
    }
    Some(entry)
}

/// While one was lent, another one was made.
#[cold]
fn too_many<T>(other: Box<T>) {
    drop(other);
}

/// Lends the thread's encoder, or a new one to whoever comes while it is lent.
#[inline]
pub(crate) fn with_encoder<R>(act: impl FnOnce(&mut Encoder) -> R) -> R {
    let mut encoder = hot().encoder.take().unwrap_or_default();
    let result = act(&mut encoder);
    if is_ready()
        && let Some(other) = hot().encoder.replace(encoder)
    {
        too_many(other);
    }
    result
}

/// Lends an empty buffer in the same way.
#[inline]
pub(crate) fn with_scratch<R>(act: impl FnOnce(&mut PairBuffer) -> R) -> R {
    let mut scratch = hot().scratch.take().unwrap_or_default();
    let result = act(&mut scratch);
    scratch.clear();
    if is_ready()
        && let Some(other) = hot().scratch.replace(scratch)
    {
        too_many(other);
    }
    result
}

/// Sets where the packets of this thread's requests are kept, and gives what was set before.
pub(crate) fn replace_capture(capture: Option<Capture>) -> Option<Capture> {
    let is_capturing = capture.is_some();
    let before = with(|local| mem::replace(&mut local.capture, capture))?;
    if is_capturing {
        set(CAPTURING);
    } else {
        clear(CAPTURING);
    }
    before
}

/// Where the packets of this thread's requests are kept.
#[inline]
pub(crate) fn capture() -> Option<Capture> {
    if is_capturing() { with(|local| local.capture.clone()).flatten() } else { None }
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
