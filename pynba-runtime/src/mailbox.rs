//! How what is said and measured elsewhere reaches a request.
//!
//! A request is current on one thread at a time, and that thread alone touches it. A `TimerGuard` may be
//! dropped anywhere, though, and a `Handle` measures anywhere: what they have to say is left in the request's
//! mailbox, which the request empties when it ends, and their timers stand there until then. Mailboxes are
//! never freed, only used again, so a guard or a handle refers to one without counting: there are as many as
//! there were requests open at once, and a few for each thread.

use std::sync::PoisonError;
use std::{mem, ptr, thread};

use crate::local;
use crate::request::Request;
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering};
use crate::system::Cpu;
use crate::timers::{Change, Timers};

/// Set in [`Mailbox::state`] when there is mail.
const MAIL: u64 = 1;

/// Set there once handles have measured something.
const JOINED: u64 = 2;

const BITS: u64 = MAIL | JOINED;

/// The number of the first timer of handles. Those of the request itself begin with 0.
const FIRST_JOINED: u64 = 1 << 63;

/// More than the timers of any packet; what comes after is refused.
const MAX_MAIL: usize = 16 * 1024;

/// The same for the ends of timers: twice as many as a request has timers.
const MAX_ENDS: usize = 128 * 1024;

/// Bytes of the tags and texts in the mail: those of some packets.
const MAX_SIZE: usize = 256 * 1024;

/// What a mailbox keeps of its memory.
const USUAL_MAIL: usize = 64;

/// Belongs to one open request at a time.
#[derive(Debug)]
pub(crate) struct Mailbox {
    /// Of the request that has it: its generation, and the [`BITS`]. 0 for none.
    state: AtomicU64,
    shared: Mutex<Shared>,
    generations: AtomicU64,
}

/// Names a request for as long as the process lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestId {
    mailbox: &'static Mailbox,
    generation: u64,
}

/// What came from elsewhere.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The timers of handles.
    pub(crate) timers: Timers,
    /// What the threads used that ran handles, if the request asks for it.
    pub(crate) cpu: Cpu,
    mail: Vec<Mail>,
    /// Bytes of its texts.
    size: usize,
    /// How much more was said than there was room for.
    refused: u64,
}

/// Something to be done by the request.
pub(crate) enum Mail {
    Timer {
        number: u64,
        change: Change,
    },
    /// What was told, and the bytes of its texts.
    Told(usize, Box<dyn FnOnce(&mut Request) + Send>),
}

impl Mailbox {
    /// A mailbox that no request has.
    pub(crate) fn obtain() -> &'static Self {
        // Not under the lock: the allocator may open a request of its own.
        let free = with_spare(Vec::pop).flatten();
        free.unwrap_or_else(|| {
            Box::leak(Box::new(Self {
                state: AtomicU64::new(0),
                shared: Mutex::new(Shared::new()),
                generations: AtomicU64::new(0),
            }))
        })
    }

    pub(crate) fn release(&'static self) {
        // It is never freed; its memory is. The lock is held by nobody for long: the request has ended.
        let before = mem::replace(&mut *self.lock(), Shared::new());
        drop(before);
        // What this allocates is nobody's.
        let _quiet = local::Quiet::begin();
        for _ in 0..TRIES {
            if with_spare(|spare| spare.push(self)).is_some() {
                return;
            }
            thread::yield_now();
        }
    }

    /// Names no request.
    pub(crate) fn closed(&'static self) -> RequestId {
        RequestId { mailbox: self, generation: 0 }
    }

    /// A request takes the mailbox.
    #[cfg(test)]
    pub(crate) fn open(&'static self) -> RequestId {
        let mut id = self.closed();
        id.open();
        id
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lock of the spare ones is held for an instant; but a forked process may have it from a thread that it has not.
/// Then a mailbox is not used again.
const TRIES: usize = 1000;

/// Acts on the mailboxes that no request has; `None` while others do.
#[cfg(not(pynba_loom))]
fn with_spare<R>(act: impl FnOnce(&mut Vec<&'static Mailbox>) -> R) -> Option<R> {
    static SPARE: std::sync::Mutex<Vec<&Mailbox>> = std::sync::Mutex::new(Vec::new());
    crate::lock::try_lock(&SPARE).map(|mut spare| act(&mut spare))
}

/// `loom` knows only what was made in the run that it tries.
#[cfg(pynba_loom)]
fn with_spare<R>(act: impl FnOnce(&mut Vec<&'static Mailbox>) -> R) -> Option<R> {
    Some(act(&mut Vec::new()))
}

/// Whether the timer was made by a handle: it stands in [`Shared::timers`].
pub(crate) fn is_joined(timer: u64) -> bool {
    timer >= FIRST_JOINED
}

impl RequestId {
    /// Names the next request that has the mailbox.
    #[inline]
    pub(crate) fn open(&mut self) {
        // The steps leave the lowest bits to `BITS`; 0 is never a generation.
        let step = BITS + 1;
        // Only one request has it at a time.
        self.generation = self.mailbox.generations.load(Ordering::Relaxed) + step;
        self.mailbox.generations.store(self.generation, Ordering::Relaxed);
        self.mailbox.state.store(self.generation, Ordering::Release);
    }

    /// Names no request any more.
    #[inline]
    pub(crate) fn forget(&mut self) {
        self.generation = 0;
    }

    /// The mailbox is free for others.
    pub(crate) fn release(self) {
        self.mailbox.release();
    }

    pub(crate) fn is_open(self) -> bool {
        self.mailbox.state.load(Ordering::Acquire) & !BITS == self.generation
    }

    /// Leaves mail for the request. `false` when it has ended.
    pub(crate) fn post(self, mail: Mail) -> bool {
        self.with(MAIL, |shared| shared.put(mail)).is_some()
    }

    /// Acts on what handles have measured. `None` when the request has ended.
    pub(crate) fn join<R>(self, act: impl FnOnce(&mut Shared) -> R) -> Option<R> {
        self.with(JOINED, act)
    }

    fn with<R>(self, bit: u64, act: impl FnOnce(&mut Shared) -> R) -> Option<R> {
        // The lock is taken first: when `close` sees the bit, it waits here until this is done.
        let mut shared = self.mailbox.lock();
        let open = self.mailbox.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| {
            (state & !BITS == self.generation).then_some(state | bit)
        });
        open.ok().map(|_| act(&mut shared))
    }

    /// Whether anybody has left anything.
    #[inline]
    pub(crate) fn has_mail(self) -> bool {
        self.mailbox.state.load(Ordering::Acquire) & MAIL != 0
    }

    /// What has come so far, while the request goes on.
    #[inline]
    pub(crate) fn collect(self, act: impl FnOnce(&mut Shared)) {
        if self.has_mail() {
            self.collect_now(act);
        }
    }

    #[cold]
    fn collect_now(self, act: impl FnOnce(&mut Shared)) {
        let mut shared = self.mailbox.lock();
        self.mailbox.state.fetch_and(!MAIL, Ordering::AcqRel);
        act(&mut shared);
    }

    /// What handles have measured so far, while the request goes on.
    pub(crate) fn joined(self, act: impl FnOnce(&mut Shared)) {
        if self.mailbox.state.load(Ordering::Acquire) & JOINED != 0 {
            let mut shared = self.mailbox.lock();
            act(&mut shared);
            if shared.timers.len() == 0 && shared.cpu == Cpu::default() {
                self.mailbox.state.fetch_and(!JOINED, Ordering::AcqRel);
            }
        }
    }

    /// The request ends: what has come, and nothing comes after that.
    #[inline]
    pub(crate) fn close(self, act: impl FnOnce(&mut Shared)) {
        if self.mailbox.state.swap(0, Ordering::AcqRel) & BITS != 0 {
            self.close_used(act);
        }
    }

    #[cold]
    fn close_used(self, act: impl FnOnce(&mut Shared)) {
        let mut shared = self.mailbox.lock();
        act(&mut shared);
        shared.clear();
    }
}

impl Shared {
    fn new() -> Self {
        Self {
            timers: Timers::from(FIRST_JOINED),
            cpu: Cpu::default(),
            mail: Vec::new(),
            size: 0,
            refused: 0,
        }
    }

    fn put(&mut self, mail: Mail) {
        // The end of a timer comes once for each, and without it the timer would run on.
        let limit = if mail.is_end() { MAX_ENDS } else { MAX_MAIL };
        let size = mail.size();
        if self.mail.len() < limit && self.size + size <= MAX_SIZE {
            self.mail.push(mail);
            self.size += size;
        } else {
            self.refused += 1;
        }
    }

    /// The mail, and how much more there was than there was room for.
    pub(crate) fn take_mail(&mut self) -> (impl Iterator<Item = Mail>, u64) {
        self.size = 0;
        (self.mail.drain(..), mem::take(&mut self.refused))
    }

    fn clear(&mut self) {
        let Self { timers, cpu, mail, size, refused } = self;
        timers.take_losses();
        timers.clear();
        *cpu = Cpu::default();
        mail.clear();
        mail.shrink_to(USUAL_MAIL);
        (*size, *refused) = (0, 0);
    }
}

impl Mail {
    fn is_end(&self) -> bool {
        use Change::{Discard, End, Release, Stop};
        matches!(self, Self::Timer { change: Stop(_) | End(_) | Discard | Release, .. })
    }

    fn size(&self) -> usize {
        match self {
            Self::Timer { change: Change::Tag { name, tags }, .. } => name.len() + tags.size(),
            Self::Timer { change: Change::Tags(tags), .. } => tags.size(),
            Self::Timer { .. } => 0,
            Self::Told(size, _) => *size,
        }
    }
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Timer { number, change } => write!(f, "timer {number}: {change:?}"),
            Self::Told(size, _) => write!(f, "{size} bytes for the request"),
        }
    }
}

impl PartialEq for RequestId {
    fn eq(&self, other: &Self) -> bool {
        self.generation == other.generation && ptr::eq(self.mailbox, other.mailbox)
    }
}

#[cfg(all(test, not(pynba_loom)))]
mod tests;

#[cfg(all(test, pynba_loom))]
mod loom;
