//! A global allocator that gives each request its own heap peak.
//!
//! Without it a request's `memory_peak` is the peak resident set of the whole process, which tells how large
//! the process once was, not which request made it so. With it, it is the most that this request used at
//! once:
//!
//! ```
//! use pynba_runtime::alloc::Tracking;
//! use pynba_runtime::{Reporter, testing};
//!
//! #[global_allocator]
//! static GLOBAL: Tracking = Tracking::new();
//!
//! # fn main() -> Result<(), pynba_runtime::Error> {
//! let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
//! let requests = testing::capture(|| {
//!     let _request = reporter.open("/report");
//!     for page in 1_u8..=3 {
//!         let text = vec![page; 1_000_000]; // each is freed before the next one
//! #       std::hint::black_box(&text);
//!     }
//! });
//! # if cfg!(feature = "enable") {
//! assert_eq!(requests[0].memory_peak / 1_000_000, 1);
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! # What is counted
//!
//! The bytes that the request's thread asks for from the beginning of the request to its end, less those
//! that this thread frees; the number reported is the largest that there was.
//!
//! - It starts at 0, again after a flush or a reset, and is exact as long as the thread frees what it
//!   allocated in this request.
//! - A request inside another one counts from its own start; what it uses is part of the outer one's peak.
//! - Memory from before the request that is freed in it is not part of it: freeing more than the request
//!   has gives 0, never less. Blocks carry no mark of their owner, so until then such a block is taken for one
//!   of the request's own.
//! - Memory that the request's thread gives to another thread counts until the request ends, whoever frees
//!   it. What other threads allocate is not counted.
//! - Bytes are those that were asked for: not what the allocator rounds them up to, and not the copy that it
//!   may make to enlarge a block.
//!
//! A request that ends on another thread than it began on, and the outer ones of more than sixteen inside
//! each other, report the process's peak resident set.
//!
//! # What it costs
//!
//! A nanosecond or so for an allocation and its release together: `cargo bench --bench alloc` tells. Nothing is
//! shared between threads, and the counting needs no memory but half a kilobyte for each thread.
//!
//! Without the feature `enable` it only passes calls on. So it does where thread-local memory is not native
//! (Android, OpenBSD, `windows-gnu`): Rust before 1.93 would allocate for it, and end up here again.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};

use crate::ENABLED;
use crate::mailbox::RequestId;

/// Whether a thread-local without destructor is plain memory here, as `cfg(target_thread_local)`, which is
/// unstable, would tell.
const NATIVE: bool = cfg!(any(
    all(
        target_os = "linux",
        any(target_env = "gnu", target_env = "musl"),
        any(target_pointer_width = "64", not(target_arch = "x86_64")) // x32 has none
    ),
    target_vendor = "apple",
    target_os = "freebsd",
    all(windows, target_env = "msvc", target_vendor = "pc"),
));

const COUNTING: bool = ENABLED && NATIVE && !cfg!(pynba_portable);

/// More requests than these are not open inside each other. The memory is reserved in every thread.
const DEEPEST: usize = 16;

/// [`Heap::high`] of a thread whose allocations are not counted, or that made none yet. The first one always
/// exceeds it.
const NEVER: i64 = i64::MIN;

/// [`Heap::low`] without requests: nothing falls below it.
const NO_FLOOR: i64 = i64::MIN;

/// A global allocator that counts for each request, and leaves the work to `A`.
///
/// [The module](self) tells what is counted. Over another allocator than the system's:
///
/// ```
/// use pynba_runtime::alloc::Tracking;
/// # use std::alloc::System as MiMalloc;
///
/// #[global_allocator]
/// static GLOBAL: Tracking<MiMalloc> = Tracking::over(MiMalloc);
/// # fn main() {}
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Tracking<A = System> {
    inner: A,
}

impl Tracking {
    /// Over the system's allocator.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, testing};
    /// use pynba_runtime::alloc::Tracking;
    ///
    /// #[global_allocator]
    /// static GLOBAL: Tracking = Tracking::new();
    ///
    /// # fn main() -> Result<(), pynba_runtime::Error> {
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let _request = reporter.open("/report");
    ///     let pages = [vec![0_u8; 2_000_000], vec![0_u8; 3_000_000]]; // both at once
    /// #   std::hint::black_box(&pages);
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].memory_peak / 1_000_000, 5);
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self::over(System)
    }
}

impl<A> Tracking<A> {
    /// Over this allocator.
    ///
    /// ```
    /// use std::alloc::{GlobalAlloc, Layout, System};
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use pynba_runtime::alloc::Tracking;
    ///
    /// /// Tells whether the program ever asked for a large block.
    /// struct Watched;
    ///
    /// static LARGEST: AtomicUsize = AtomicUsize::new(0);
    ///
    /// // SAFETY: the system's allocator does the work.
    /// unsafe impl GlobalAlloc for Watched {
    ///     unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
    ///         LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
    ///         // SAFETY: passed on.
    ///         unsafe { System.alloc(layout) }
    ///     }
    ///
    ///     unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
    ///         // SAFETY: passed on.
    ///         unsafe { System.dealloc(block, layout) }
    ///     }
    /// }
    ///
    /// #[global_allocator]
    /// static GLOBAL: Tracking<Watched> = Tracking::over(Watched);
    ///
    /// # fn main() {
    /// let block = Vec::<u8>::with_capacity(5_000_000);
    /// # std::hint::black_box(&block);
    /// assert_eq!(LARGEST.load(Ordering::Relaxed), 5_000_000);
    /// # }
    /// ```
    pub const fn over(inner: A) -> Self {
        Self { inner }
    }
}

// SAFETY: each call goes to `inner` as it came, and its answer goes back as it is; `inner` keeps the rules.
// The counting neither allocates nor unwinds.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Tracking<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that `inner` asks for.
        let block = unsafe { self.inner.alloc(layout) };
        if !block.is_null() {
            grow(layout.size());
        }
        block
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        let block = unsafe { self.inner.alloc_zeroed(layout) };
        if !block.is_null() {
            grow(layout.size());
        }
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above, and every block was given by `inner`.
        unsafe { self.inner.dealloc(block, layout) };
        shrink(layout.size());
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above, and every block was given by `inner`.
        let moved = unsafe { self.inner.realloc(block, layout, size) };
        // One that failed has left the block as it was.
        if !moved.is_null() {
            let before = layout.size();
            if size >= before { grow(size - before) } else { shrink(before - size) }
        }
        moved
    }
}

/// What one thread uses. All numbers are relative to an arbitrary zero: what the thread had when it began
/// is unknown, and it may free more than it allocated.
struct Heap {
    /// Allocated less freed.
    live: Cell<i64>,
    /// The largest `live` since the marks were last brought up to date.
    high: Cell<i64>,
    /// When `live` falls below this, a request would use less than nothing.
    low: Cell<i64>,
    marks: RefCell<Marks>,
}

/// The requests of the thread, without gaps, the oldest first.
///
/// A request that goes on elsewhere (a task that is polled by another thread) takes its mark along as two
/// numbers, `live - base` and `peak`, and is given there the `base` that makes them true again; nothing
/// else knows of threads, and marks need not be nested.
type Marks = [Option<Mark>; DEEPEST];

#[derive(Clone, Copy)]
struct Mark {
    request: RequestId,
    /// The `live` at which the request uses nothing.
    base: i64,
    /// The most it used, up to the last update.
    peak: i64,
}

thread_local! {
    /// Without destructor or lazy initialisation: it is there for the thread's first allocation and its last,
    /// and needs none itself.
    static HEAP: Heap = const {
        Heap {
            live: Cell::new(0),
            high: Cell::new(NEVER),
            low: Cell::new(NO_FLOOR),
            marks: RefCell::new([None; DEEPEST]),
        }
    };
}

#[inline]
fn grow(bytes: usize) {
    if !COUNTING {
        return;
    }
    let _ = HEAP.try_with(|heap| {
        let live = heap.live.get().wrapping_add(signed(bytes));
        heap.live.set(live);
        if live > heap.high.get() {
            heap.high.set(live);
        }
    });
}

#[inline]
fn shrink(bytes: usize) {
    if !COUNTING {
        return;
    }
    let _ = HEAP.try_with(|heap| {
        let live = heap.live.get().wrapping_sub(signed(bytes));
        heap.live.set(live);
        if live < heap.low.get() {
            heap.sink();
        }
    });
}

/// A block is never larger than `isize::MAX`.
#[inline]
fn signed(bytes: usize) -> i64 {
    (bytes as u64).cast_signed()
}

impl Heap {
    /// Memory from before a request, or from elsewhere, was freed in it: it starts from here then.
    #[cold]
    #[inline(never)]
    fn sink(&self) {
        if self.high.get() != NEVER {
            self.with_marks(|_, _| ());
        }
    }

    /// Acts on the marks, which are up to date, and the `live` of this moment. `None` where nothing is
    /// counted.
    #[inline(never)]
    fn with_marks<R>(&self, act: impl FnOnce(&mut Marks, i64) -> R) -> Option<R> {
        let mut marks = self.marks.try_borrow_mut().ok()?;
        let live = self.live.get();
        let high = self.high.replace(live);
        for mark in marks.iter_mut().map_while(Option::as_mut) {
            mark.peak = mark.peak.max(high.saturating_sub(mark.base));
            mark.base = mark.base.min(live);
        }
        let result = act(&mut marks, live);
        let bases = marks.iter().map_while(Option::as_ref).map(|mark| mark.base);
        self.low.set(bases.max().unwrap_or(NO_FLOOR));
        Some(result)
    }
}

#[inline]
fn with_marks<R>(act: impl FnOnce(&mut Marks, i64) -> R) -> Option<R> {
    if !is_counting() {
        return None;
    }
    HEAP.try_with(|heap| heap.with_marks(act)).ok()?
}

/// What a request has, while no thread counts for it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Share {
    used: i64,
    peak: i64,
}

impl Share {
    /// That of a request that begins. `None` where nothing is counted.
    #[inline]
    pub(crate) fn first() -> Option<Self> {
        is_counting().then(Self::default)
    }

    /// The most that the request used at once so far. `None` where nothing is counted.
    pub(crate) fn peak(self) -> Option<u64> {
        u64::try_from(self.peak).ok()
    }
}

/// Whether the allocator is installed. It shows in the thread having allocated anything through it, which it
/// has: a request's own memory, for one.
#[inline]
fn is_counting() -> bool {
    COUNTING && HEAP.try_with(|heap| heap.high.get() != NEVER).unwrap_or(false)
}

/// From now on this thread counts for the request; also for one that it counted for before.
#[inline]
pub(crate) fn resume(request: RequestId, share: Share) {
    with_marks(|marks, live| {
        let base = live.saturating_sub(share.used);
        let mark = Some(Mark { request, base, peak: share.peak });
        let usable = |mark: &&mut Option<Mark>| mark.is_none_or(|mark| mark.request == request);
        if let Some(place) = marks.iter_mut().find(usable) {
            *place = mark;
        } else {
            // The oldest may well be one that was forgotten.
            marks.rotate_left(1);
            marks[DEEPEST - 1] = mark;
        }
    });
}

/// This thread no longer counts for the request. `None` when it did not.
#[inline]
pub(crate) fn suspend(request: RequestId) -> Option<Share> {
    with_marks(|marks, live| {
        let mark = take(marks, request)?;
        Some(Share { used: live.saturating_sub(mark.base), peak: mark.peak })
    })?
}

/// The most that the request used at once so far. `None` where it is not counted.
#[inline]
pub(crate) fn peak(request: RequestId) -> Option<u64> {
    with_marks(|marks, _| {
        let mark = marks.iter().map_while(Option::as_ref).find(|mark| mark.request == request)?;
        u64::try_from(mark.peak).ok()
    })?
}

/// The request has ended.
#[inline]
pub(crate) fn end(request: RequestId) {
    with_marks(|marks, _| take(marks, request));
}

fn take(marks: &mut Marks, request: RequestId) -> Option<Mark> {
    let found = |mark: &Option<Mark>| mark.is_some_and(|mark| mark.request == request);
    let at = marks.iter().position(found)?;
    let mark = marks[at].take();
    marks[at..].rotate_left(1);
    mark
}

#[cfg(test)]
mod tests;
