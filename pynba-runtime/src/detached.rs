//! Requests that are not bound to a thread: those of asynchronous code.

mod futures;
mod lent;

use std::borrow::Cow;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::{fmt, thread};

pub use self::futures::{Around, Looking, Monitored};
use self::lent::Lent;

use crate::current::Current;
use crate::handle::Handle;
use crate::mailbox::RequestId;
use crate::reporter::Reporter;
use crate::request::{End, Request, Script};
use crate::setters::said_by_expansions;
use crate::system::Rusage;
use crate::tags::{Pairs, StaticTags};
use crate::{ENABLED, local, process};

/// An open request that is current only where it is entered, from [`Reporter::detached`].
///
/// This is what middleware needs where a future alone is not the whole request: it may be kept with a
/// response's body, be entered again for each part of it, and be moved between threads. Around one future,
/// [`Reporter::monitor`] is all that is needed.
///
/// ```
/// use pynba_runtime::{Reporter, testing};
///
/// let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
/// let requests = testing::capture(|| {
///     let mut request = reporter.detached("/report");
///     {
///         let entered = request.enter();
///         entered.current().tag("plan", "free");
///     } // no longer current here
///     request.finish();
/// });
/// # if cfg!(feature = "enable") {
/// assert_eq!(requests[0].script_name, "/report");
/// # }
/// # Ok::<(), pynba_runtime::Error>(())
/// ```
///
/// Dropped before [`finish`](Self::finish), it is sent with the status 499 (what nginx calls "client closed
/// request"), or with 500 while a panic unwinds.
#[must_use = "a request ends when it is dropped: keep it, and `finish` it"]
pub struct DetachedRequest {
    /// `None` once it was sent, and where nothing is recorded.
    id: Option<RequestId>,
    /// Lent while it is current on a thread.
    request: Lent<Request, Life>,
}

struct Life {
    stage: Stage,
    /// A panic that began before the request did is not its own.
    was_panicking: bool,
    /// Nothing is recorded, and the request around it gets none of what happens meanwhile.
    is_silent: bool,
}

impl Life {
    const fn new(is_silent: bool) -> Self {
        Self { stage: Stage::Prepared, was_panicking: false, is_silent }
    }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Stage {
    /// It has not begun: dropped, it sends nothing.
    Prepared,
    Begun,
    /// What it is about has come to its end.
    Done,
}

impl DetachedRequest {
    const fn nothing(is_silent: bool) -> Self {
        Self { id: None, request: Lent::nothing(Life::new(is_silent)) }
    }

    pub(crate) const fn disabled() -> Self {
        Self::nothing(false)
    }

    pub(crate) const fn silent() -> Self {
        Self::nothing(ENABLED)
    }

    /// A request whose clock begins with the first poll of what it is [`around`](Self::around).
    pub(crate) fn prepare(reporter: &Reporter, rusage: Option<Rusage>, script: Script) -> Self {
        let Some(mut request) = local::request() else { return Self::disabled() };
        let id = request.prepare(reporter.clone(), rusage, script);
        Self { id: Some(id), request: Lent::new(request, Life::new(false)) }
    }

    /// A request whose clock begins now.
    pub(crate) fn open(reporter: &Reporter, script: Script) -> Self {
        let mut request = Self::prepare(reporter, None, script);
        request.begin();
        request
    }

    fn begin(&mut self) {
        let life = &mut self.request.with;
        life.stage = Stage::Begun;
        life.was_panicking = thread::panicking();
        if let Some(request) = self.request.get_mut() {
            // A test may capture what was prepared outside of it.
            request.capture(local::capture());
            request.begin();
        }
    }

    /// Whether this request is being recorded. `false` once it has been sent, and where `pynba` is switched
    /// off, by the feature or by `PINBA_ENABLED=0`.
    ///
    /// ```
    /// # use pynba_runtime::Reporter;
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let request = reporter.detached("/report");
    /// assert_eq!(request.is_recording(), cfg!(feature = "enable"));
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn is_recording(&self) -> bool {
        ENABLED && self.id.is_some()
    }

    /// Whether its clock runs, or need not.
    fn has_begun(&self) -> bool {
        self.id.is_none() || self.request.with.stage != Stage::Prepared
    }

    /// Makes it [`current`](crate::current()) on this thread until the guard is dropped.
    ///
    /// A panic meanwhile ends the request, with the status 500.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, Tags, Timer, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let mut request = reporter.detached("/report");
    ///     for part in ["head", "body"] {
    ///         let _entered = request.enter();
    ///         pynba_runtime::current().tag(part, "sent");
    ///     }
    ///     request.finish();
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].tags().len(), 2);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn enter(&mut self) -> Entered<'_> {
        if !self.arrive_at_once() {
            self.arrive_in_any_case();
        }
        Entered { was_panicking: thread::panicking(), request: self, not_send: PhantomData }
    }

    /// Arrives in the way that nearly all polls can take: its clock runs, there is nothing to note about this thread,
    /// and nothing else is open here. `false` when it takes more than that.
    #[inline]
    fn arrive_at_once(&mut self) -> bool {
        local::is_plain() && self.request.lend_at_once().map(local::put_only).is_some()
    }

    /// Arrives as the request's work, with which its clock begins. Called cold, so that the other way is the straight one.
    #[cold]
    #[inline(never)]
    fn arrive_to_work(&mut self) {
        if self.request.with.stage == Stage::Prepared {
            self.begin();
        }
        self.arrive_in_any_case();
    }

    fn arrive_in_any_case(&mut self) {
        if !ENABLED {
            return;
        }
        if self.request.with.is_silent {
            local::push(local::Entry::Silent);
        } else if let Some(mut request) = self.request.lend() {
            // Else an earlier guard was forgotten, and the request is where that left it.
            let is_counted = request.counts_threads() && self.id.is_some_and(local::is_measuring);
            request.resume(is_counted);
            local::push_request(request);
        }
    }

    /// Takes it back after [`arrive_at_once`](Self::arrive_at_once) in the same call, so that it cannot have gone from
    /// this thread, nor another one have come to its address: it need not be asked for its name. `false` when it takes
    /// more than that.
    #[inline]
    fn leave_at_once(&mut self) -> bool {
        let is_it = |request: &Request| self.request.is(request) && request.is_light();
        if local::is_only()
            && let Some(request) = local::take_innermost_if(is_it)
        {
            self.request.take_back(request, true);
            local::count_closed();
            return true;
        }
        false
    }

    /// Takes it back from the thread.
    #[inline(never)]
    fn leave(&mut self) {
        if !ENABLED {
            return;
        }
        if self.request.with.is_silent {
            local::remove_silent();
        } else if self.request.is_away() {
            if let Some(mut request) = self.id.and_then(local::remove) {
                request.suspend();
                let at_once = self.has_begun() && request.is_light();
                self.request.take_back(request, at_once);
            } else {
                // The thread to which it went has ended, and the request with it.
                self.id = None;
                self.request.take();
            }
        }
    }

    /// The future, as the work of this request: current whenever it is polled. Its end is not yet that of the
    /// request, which may still be told what became of it; but dropped then, it is no longer a request that was
    /// given up.
    ///
    /// ```
    /// # use std::pin::pin;
    /// # use std::task::{Context, Waker};
    /// # use pynba_runtime::{Reporter, testing};
    /// # fn block_on<R>(future: impl Future<Output = R>) {
    /// #     let _ = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    /// # }
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     block_on(async {
    ///         let mut request = reporter.detached("/report");
    ///         let size = request.around(async { 42 }).await;
    ///         request.enter().current().set_document_size(size);
    ///         request.finish();
    ///     });
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].document_size, 42);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn around<R, F: Future<Output = R>>(&mut self, future: F) -> Around<'_, F> {
        Around::new(self, future)
    }

    /// Polls the future as the request's work. Pending for ever once it has been dropped.
    #[inline]
    fn poll<F: Future>(
        &mut self,
        future: Pin<&mut Option<F>>,
        context: &mut Context<'_>,
    ) -> Poll<F::Output> {
        let Some(future) = future.as_pin_mut() else { return Poll::Pending };
        let at_once = self.arrive_at_once();
        if !at_once {
            self.arrive_to_work();
        }
        let entered = Unwinding(self);
        let result = future.poll(context);
        let Unwinding(this) = &mut *ManuallyDrop::new(entered);
        if !(at_once && this.leave_at_once()) {
            this.leave();
        }
        if result.is_ready() {
            this.request.with.stage = Stage::Done;
        }
        result
    }

    #[cold]
    #[inline(never)]
    fn unwind(&mut self) {
        self.leave();
        self.end(End::Panicked);
    }

    /// The future as this whole request, for which `look` sees what comes out.
    #[doc(hidden)]
    pub fn looking<R, F, L>(self, future: F, look: L) -> Looking<F, L>
    where
        F: Future<Output = R>,
        L: FnOnce(&Entered<'_>, &R),
    {
        Looking::new(self, future, look)
    }

    /// Carries the request to other threads and tasks.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let mut request = reporter.detached("/report");
    ///     if let Some(handle) = request.handle() {
    ///         handle.run(|| pynba_runtime::current().set_status(202));
    ///     }
    ///     request.finish();
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].status, Some(202));
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn handle(&self) -> Option<Handle> {
        self.request.get()?.handle()
    }

    /// Ends the request and sends it.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     reporter.detached("/done").finish();
    ///     drop(reporter.detached("/given-up"));
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!((requests[0].status, requests[1].status), (Some(200), Some(499)));
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn finish(mut self) {
        self.request.with.stage = Stage::Done;
    }

    fn end(&mut self, end: End) {
        self.id = None;
        self.request.with.is_silent = false;
        if let Some(request) = self.request.take() {
            local::close(request, |request, encoder| request.end_in_any_case(end, encoder));
        }
    }
}

/// For `pynba-tracing`, whose spans are entered and left by separate calls. Not for anybody else.
#[doc(hidden)]
impl DetachedRequest {
    /// Whether there is a request on this thread, recorded or not.
    #[inline]
    #[must_use]
    pub fn is_any_here() -> bool {
        ENABLED && local::is_any_open()
    }

    /// A request that begins when it is [`push`](Self::push)ed for the first time.
    pub fn prepared(reporter: &Reporter, script_name: &'static str) -> Self {
        if process::is_on() {
            Self::prepare(reporter, None, Script::from(Cow::Borrowed(script_name)))
        } else {
            Self::disabled()
        }
    }

    /// [`enter`](Self::enter) without a guard.
    pub fn push(&mut self) {
        if !self.arrive_at_once() {
            self.arrive_to_work();
        }
    }

    /// Ends what [`push`](Self::push) began, on the same thread.
    pub fn pop(&mut self) {
        self.leave();
    }

    /// The handle on this request, also where it is not current.
    #[must_use]
    pub fn current(&self) -> Current {
        Current::of(self.id)
    }

    /// [`finish`](Self::finish) after a panic.
    pub fn fail(mut self) {
        self.request.with.stage = Stage::Done;
        self.end(End::Panicked);
    }
}

impl Drop for DetachedRequest {
    fn drop(&mut self) {
        if !ENABLED {
            return;
        }
        if self.request.is_away() {
            // Its guard was forgotten.
            self.leave();
        }
        let panicking = thread::panicking() && !self.request.with.was_panicking;
        self.end(match self.request.with.stage {
            Stage::Prepared => End::Unborn,
            Stage::Begun | Stage::Done if panicking => End::Panicked,
            Stage::Begun => End::GivenUp,
            Stage::Done => End::Returned,
        });
    }
}

impl fmt::Debug for DetachedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DetachedRequest")
            .field("recording", &self.is_recording())
            .finish_non_exhaustive()
    }
}

/// Makes a [`DetachedRequest`] current on this thread, until dropped.
///
/// It is not `Send`: kept across an `.await`, it would make the request current for whatever else its thread
/// runs meanwhile.
#[must_use = "the request is current until the guard is dropped: bind it, `let _entered = request.enter()`"]
#[derive(Debug)]
pub struct Entered<'a> {
    request: &'a mut DetachedRequest,
    was_panicking: bool,
    not_send: PhantomData<*const ()>,
}

impl Entered<'_> {
    /// The handle on this request, also where another one has been opened inside it.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let mut request = reporter.detached("/report");
    ///     request.enter().current().set_status(404);
    ///     request.finish();
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].status, Some(404));
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn current(&self) -> Current {
        Current::of(self.request.id.filter(|_| ENABLED))
    }

    said_by_expansions!();
}

/// A poll of the request's work, dropped only when that panics.
struct Unwinding<'a>(&'a mut DetachedRequest);

impl Drop for Unwinding<'_> {
    // Inlined, so that the reference itself need not be in memory.
    #[inline]
    fn drop(&mut self) {
        self.0.unwind();
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if ENABLED {
            self.request.leave();
            if thread::panicking() && !self.was_panicking {
                self.request.end(End::Panicked);
            }
        }
    }
}
