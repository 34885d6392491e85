//! Requests that are not bound to a thread: those of asynchronous code.

mod futures;

use std::borrow::Cow;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::{fmt, mem, thread};

pub use self::futures::{Around, Looking, Monitored};

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
    state: State,
    stage: Stage,
    /// A panic that began before the request did is not its own.
    was_panicking: bool,
}

enum State {
    Recording(Box<Request>),
    /// It is current on a thread.
    Entered(RequestId),
    /// Nothing is recorded, and the request around it gets none of what happens meanwhile.
    Silent,
    /// Sent already, or `pynba` is switched off.
    Nothing,
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
    const fn new(state: State) -> Self {
        Self { state, stage: Stage::Prepared, was_panicking: false }
    }

    pub(crate) const fn disabled() -> Self {
        Self::new(State::Nothing)
    }

    pub(crate) const fn silent() -> Self {
        Self::new(if ENABLED { State::Silent } else { State::Nothing })
    }

    /// A request whose clock begins with the first poll of what it is [`around`](Self::around).
    pub(crate) fn prepare(reporter: &Reporter, rusage: Option<Rusage>, script: Script) -> Self {
        let Some(mut request) = local::request() else { return Self::disabled() };
        request.prepare(reporter.clone(), rusage, script);
        Self::new(State::Recording(request))
    }

    /// A request whose clock begins now.
    pub(crate) fn open(reporter: &Reporter, script: Script) -> Self {
        let mut request = Self::prepare(reporter, None, script);
        request.begin();
        request
    }

    fn begin(&mut self) {
        self.stage = Stage::Begun;
        self.was_panicking = thread::panicking();
        if let State::Recording(request) = &mut self.state {
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
        ENABLED && matches!(self.state, State::Recording(_) | State::Entered(_))
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
        self.arrive();
        Entered { was_panicking: thread::panicking(), request: self, not_send: PhantomData }
    }

    fn arrive(&mut self) {
        if ENABLED {
            match mem::replace(&mut self.state, State::Nothing) {
                State::Recording(mut request) => {
                    let id = request.id();
                    self.state = id.map_or(State::Nothing, State::Entered);
                    let is_counted =
                        request.counts_threads() && id.is_some_and(local::is_measuring);
                    request.resume(is_counted);
                    local::push_request(request);
                }
                State::Silent => {
                    self.state = State::Silent;
                    local::push(local::Entry::Silent);
                }
                // An earlier guard was forgotten, and the request is where that left it.
                State::Entered(_) | State::Nothing => {}
            }
        }
    }

    /// Takes it back from the thread.
    fn leave(&mut self) {
        match self.state {
            State::Entered(id) => {
                self.state = local::remove(id).map_or(State::Nothing, |mut request| {
                    request.suspend();
                    State::Recording(request)
                });
            }
            State::Silent => local::remove_silent(),
            State::Recording(_) | State::Nothing => {}
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
    fn poll<F: Future>(
        &mut self,
        future: Pin<&mut Option<F>>,
        context: &mut Context<'_>,
    ) -> Poll<F::Output> {
        let Some(future) = future.as_pin_mut() else { return Poll::Pending };
        if self.stage == Stage::Prepared {
            self.begin();
        }
        let entered = self.enter();
        let result = future.poll(context);
        drop(entered);
        if result.is_ready() {
            self.stage = Stage::Done;
        }
        result
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
        match &self.state {
            State::Recording(request) => request.handle(),
            State::Entered(_) | State::Silent | State::Nothing => None,
        }
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
        self.stage = Stage::Done;
    }

    fn end(&mut self, end: End) {
        if let State::Recording(request) = mem::replace(&mut self.state, State::Nothing) {
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
        if self.stage == Stage::Prepared {
            self.begin();
        }
        self.arrive();
    }

    /// Ends what [`push`](Self::push) began, on the same thread.
    pub fn pop(&mut self) {
        self.leave();
    }

    /// The handle on this request, also where it is not current.
    #[must_use]
    pub fn current(&self) -> Current {
        match &self.state {
            State::Recording(request) => Current::of(request.id()),
            State::Entered(id) => Current::of(Some(*id)),
            State::Silent | State::Nothing => Current::of(None),
        }
    }

    /// [`finish`](Self::finish) after a panic.
    pub fn fail(mut self) {
        self.stage = Stage::Done;
        self.end(End::Panicked);
    }
}

impl Drop for DetachedRequest {
    fn drop(&mut self) {
        if !ENABLED {
            return;
        }
        if let State::Entered(_) = self.state {
            // Its guard was forgotten.
            self.leave();
        }
        let panicking = thread::panicking() && !self.was_panicking;
        self.end(match self.stage {
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
        match self.request.state {
            State::Entered(id) if ENABLED => Current::of(Some(id)),
            _ => Current::of(None),
        }
    }

    said_by_expansions!();
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
