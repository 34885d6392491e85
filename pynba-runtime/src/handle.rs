//! Carries a request to other threads and tasks.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::{self, ThreadId};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::local;
use crate::losses::Losses;
use crate::mailbox::{RequestId, Shared};
use crate::reporter::Reporter;
use crate::system::{Cpu, Rusage};
use crate::tags::Tags;

/// Carries a request to other threads and tasks: what is measured there joins it.
///
/// [`Current::handle`](crate::Current::handle) gives it. It is cheap to clone, and does not keep its request
/// open: that ends where it began. What is measured through a handle and ends after that is dropped, and
/// counted in [`Stats::late_timers`](crate::Stats::late_timers).
///
/// ```
/// use std::thread;
/// use pynba_runtime::{Reporter, current, testing};
///
/// let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
/// let requests = testing::capture(|| {
///     let _request = reporter.open("/report");
///     if let Some(request) = current().handle() {
///         thread::scope(|scope| {
///             for part in ["head", "body"] {
///                 let request = request.clone();
///                 scope.spawn(move || request.run(|| current().tag(part, "done")));
///             }
///         });
///     }
/// });
/// # if cfg!(feature = "enable") {
/// assert_eq!(requests[0].tags().len(), 2);
/// # }
/// # Ok::<(), pynba_runtime::Error>(())
/// ```
///
/// Inside, [`current()`](crate::current()) is the request: what is said of it (status, tags, names) reaches it
/// before it is sent. Only the request's own thread or task can be asked what it has so far, or flush it: there
/// [`tags`](crate::Current::tags), [`info`](crate::Current::info), [`elapsed`](crate::Current::elapsed) and
/// [`packet`](crate::Current::packet) give nothing, and `flush` and `reset` do nothing.
///
/// Measuring through a handle takes a lock that belongs to the request, twice for each timer.
#[derive(Clone)]
pub struct Handle {
    request: RequestId,
    reporter: Reporter,
    rusage: Rusage,
    /// Whose processor time the request counts anyway, though it is not current there.
    counted: Option<ThreadId>,
}

impl Handle {
    pub(crate) fn new(request: RequestId, reporter: Reporter, rusage: Rusage) -> Self {
        Self { request, reporter, rusage, counted: None }
    }

    /// The request counts this thread's processor time itself.
    pub(crate) fn counted_on(self, thread: Option<ThreadId>) -> Self {
        Self { counted: thread, ..self }
    }

    pub(crate) fn id(&self) -> RequestId {
        self.request
    }

    /// Whether the request is still open.
    ///
    /// ```
    /// # use pynba_runtime::Reporter;
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let request = reporter.open("/report");
    /// if let Some(handle) = request.current().handle() {
    ///     assert!(handle.is_open());
    ///     drop(request);
    ///     assert!(!handle.is_open());
    /// }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.request.is_open()
    }

    /// Runs `act` as part of the request, on this thread.
    ///
    /// ```
    /// # use std::thread;
    /// # use pynba_runtime::{Reporter, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let _request = reporter.open("/report");
    ///     if let Some(handle) = pynba_runtime::current().handle() {
    ///         let work = move || handle.run(|| pynba_runtime::current().set_status(202));
    ///         thread::spawn(work).join().expect("it does not panic");
    ///     }
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].status, Some(202));
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn run<R>(&self, act: impl FnOnce() -> R) -> R {
        let _joined = self.join();
        act()
    }

    /// Makes everything that `future` does part of the request, wherever it is polled: for a task that is
    /// spawned.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, testing};
    /// # fn spawn(task: impl Future + Send + 'static) {
    /// #     std::thread::spawn(move || {
    /// #         let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// #         let _ = std::pin::pin!(task).poll(&mut context);
    /// #     }).join().unwrap();
    /// # }
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let _request = reporter.open("/report");
    ///     if let Some(handle) = pynba_runtime::current().handle() {
    ///         spawn(handle.instrument(async { pynba_runtime::current().tag("queue", "mail") }));
    ///     }
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].tags(), [("queue".to_owned(), "mail".to_owned())]);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn instrument<F: Future>(&self, future: F) -> Instrumented<F> {
        Instrumented { handle: self.clone(), future: Some(future) }
    }

    /// Makes the request current until the guard is dropped.
    pub(crate) fn join(&self) -> Joined {
        let from = self.arrive();
        Joined { request: self.request, rusage: self.rusage, from, not_send: PhantomData }
    }

    /// Makes the request current. Gives what the thread had used before, if that counts.
    fn arrive(&self) -> Option<Cpu> {
        // A thread that is measured for the request already is not counted twice.
        let counts = self.rusage == Rusage::Thread
            && !local::is_measuring(self.request)
            && self.counted != Some(thread::current().id());
        local::push(local::Entry::Joined(self.clone()));
        counts.then(|| self.rusage.now().cpu)
    }

    /// [`run`](Self::run) without a closure, for `pynba-tracing`, whose spans are entered and left by separate
    /// calls: gives what [`pop`](Self::pop) has to know. Not for anybody else.
    #[doc(hidden)]
    #[must_use]
    pub fn push(&self) -> Option<[Duration; 2]> {
        self.arrive().map(|Cpu { user, system }| [user, system])
    }

    /// Ends what [`push`](Self::push) began, on the same thread.
    #[doc(hidden)]
    pub fn pop(&self, pushed: Option<[Duration; 2]>) {
        let from = pushed.map(|[user, system]| Cpu { user, system });
        depart(self.request, self.rusage, from);
    }

    /// Measures through the handle; `None` when it is too late, which is counted.
    pub(crate) fn measure<R>(&self, act: impl FnOnce(&mut Shared) -> R) -> Option<R> {
        let of_timers = if self.reporter.timer_rusage() { self.rusage } else { Rusage::Off };
        let done = self.request.join(|shared| {
            shared.timers.measure(of_timers);
            act(shared)
        });
        if done.is_none() {
            self.reporter.counters().left_out(Losses { late: 1, ..Losses::NONE });
        }
        done
    }

    pub(crate) fn add_timer(&self, tags: &Tags, value: Duration, hit_count: u32) {
        self.measure(|shared| shared.timers.add(tags, value, hit_count));
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("open", &self.is_open()).finish_non_exhaustive()
    }
}

/// The request is current on this thread.
#[derive(Debug)]
pub(crate) struct Joined {
    request: RequestId,
    rusage: Rusage,
    /// What the thread had used before, if that counts.
    from: Option<Cpu>,
    /// It goes where it came from.
    not_send: PhantomData<*const ()>,
}

impl Drop for Joined {
    fn drop(&mut self) {
        depart(self.request, self.rusage, self.from);
    }
}

/// Ends what [`Handle::arrive`] began.
fn depart(request: RequestId, rusage: Rusage, from: Option<Cpu>) {
    if let Some(from) = from {
        let used = rusage.now().cpu.since(from);
        request.join(|shared| shared.cpu += used);
    }
    drop(local::remove_joined(request));
}

pin_project! {
    /// A future that is part of a request, from [`Handle::instrument`].
    #[must_use = "a future does nothing unless it is awaited or spawned"]
    #[derive(Debug)]
    pub struct Instrumented<F> {
        handle: Handle,
        // `None` only once it has been dropped, which is part of the request, too.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Instrumented<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _joined = this.handle.join();
            this.future.set(None);
        }
    }
}

impl<F: Future> Future for Instrumented<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _joined = this.handle.join();
        match this.future.as_pin_mut() {
            Some(future) => future.poll(context),
            None => Poll::Pending,
        }
    }
}
