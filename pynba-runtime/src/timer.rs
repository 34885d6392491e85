//! The timer that the program starts and stops by hand.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::time::Duration;
use std::{error, fmt};

use crate::clock::Tick;
use crate::mailbox::RequestId;
use crate::tags::Tags;
use crate::timer_id::TimerId;
use crate::timers::Change;
use crate::{ENABLED, local};

/// A timer that is started and stopped by hand, as often as the program likes: the last time counts.
///
/// It belongs to the request in which it was made. One that still runs at the end of the request is stopped
/// there and sent, also when it was dropped before; one that was never started is not sent. Outside a request,
/// or when that has ended, it is a stopwatch. On another thread it may be started and stopped as well, but does not
/// learn there that a flush or [`stop_timers`](crate::Current::stop_timers) has stopped it.
///
/// ```
/// use pynba_runtime::{Tags, Timer, TimerError};
///
/// # let reporter = pynba_runtime::Reporter::builder().server("127.0.0.1:30002").build()?;
/// # let _request = reporter.open("test");
/// let timer = Timer::new(Tags::new().with("group", "db"));
/// timer.start()?;
/// assert_eq!(timer.start(), Err(TimerError::AlreadyStarted));
/// timer.stop()?;
/// println!("{:?}", timer.elapsed());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Where a scope is what is measured, [`TimerGuard`](crate::TimerGuard) is the better one: it cannot be forgotten.
pub struct Timer {
    request: Cell<Option<RequestId>>,
    /// `None` where nothing is recorded, or there was no room.
    id: Cell<Option<TimerId>>,
    tags: RefCell<Tags>,
    clock: Cell<Clock>,
    data: Option<Box<dyn Any + Send>>,
}

#[derive(Clone, Copy)]
enum Clock {
    Ready,
    Running(Tick),
    Stopped(Duration),
}

/// A [`Timer`] was started or stopped at the wrong time.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum TimerError {
    /// It runs already.
    AlreadyStarted,
    /// It does not run.
    NotStarted,
}

impl fmt::Display for TimerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyStarted => "the timer runs already",
            Self::NotStarted => "the timer does not run",
        })
    }
}

impl error::Error for TimerError {}

impl Timer {
    /// A timer of the current request, not started.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, Tags, Timer, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    /// # let _request = reporter.open("/report");
    ///     let timer = Timer::new(Tags::new().with("group", "db"));
    ///     timer.start().expect("it does not run");
    ///     let _never_started = timer.clone();
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].timers().len(), 1);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn new(tags: Tags) -> Self {
        let request = if ENABLED { local::current_id() } else { None };
        Self::of(request, tags)
    }

    pub(crate) fn of(request: Option<RequestId>, tags: Tags) -> Self {
        let timer = Self {
            request: Cell::new(request),
            id: Cell::new(None),
            tags: RefCell::new(tags),
            clock: Cell::new(Clock::Ready),
            data: None,
        };
        timer.register();
        timer
    }

    /// Starts it, also when it has stopped before: the new time replaces the old one.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, Tags, Timer, TimerError};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// # let _request = reporter.open("/report");
    /// let timer = Timer::new(Tags::new().with("group", "db"));
    /// timer.start()?;
    /// assert_eq!(timer.start(), Err(TimerError::AlreadyStarted));
    /// timer.stop()?;
    /// timer.start()?; // from zero again
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TimerError::AlreadyStarted`] when it runs.
    pub fn start(&self) -> Result<(), TimerError> {
        if self.is_started() {
            return Err(TimerError::AlreadyStarted);
        }
        let now = Tick::now();
        self.clock.set(Clock::Running(now));
        if self.request.get().is_some_and(|request| !request.is_open()) {
            self.request.set(None);
        } else if self.id.get().is_none() {
            // There was no room for it; a flush may have made some.
            self.register();
        }
        self.change(Change::Start(now));
        Ok(())
    }

    /// Stops it.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, Tags, Timer, TimerError};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// # let _request = reporter.open("/report");
    /// let timer = Timer::new(Tags::new().with("group", "db"));
    /// assert_eq!(timer.stop(), Err(TimerError::NotStarted));
    /// timer.start()?;
    /// timer.stop()?;
    /// assert!(!timer.is_started());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TimerError::NotStarted`] when it does not run, because it was never started, has been stopped, or was
    /// stopped by [`stop_timers`](crate::Current::stop_timers) or a flush.
    pub fn stop(&self) -> Result<(), TimerError> {
        let Clock::Running(since) = self.clock() else { return Err(TimerError::NotStarted) };
        let now = Tick::now();
        self.clock.set(Clock::Stopped(now.since(since)));
        self.change(Change::Stop(now));
        Ok(())
    }

    /// Whether it runs.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, Tags, Timer};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// # let _request = reporter.open("/report");
    /// let timer = Timer::new(Tags::new().with("group", "db"));
    /// assert!(!timer.is_started());
    /// timer.start()?;
    /// assert!(timer.is_started());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_started(&self) -> bool {
        matches!(self.clock(), Clock::Running(_))
    }

    /// Its time: that of the last run, or of the present one until now; zero before the first start.
    ///
    /// ```
    /// # use std::{thread, time::Duration};
    /// # use pynba_runtime::{Reporter, Tags, Timer};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// # let _request = reporter.open("/report");
    /// let timer = Timer::new(Tags::new().with("group", "db"));
    /// assert_eq!(timer.elapsed(), Duration::ZERO);
    /// timer.start()?;
    /// thread::sleep(Duration::from_millis(5));
    /// timer.stop()?;
    /// assert!(timer.elapsed() >= Duration::from_millis(5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        match self.clock() {
            Clock::Ready => Duration::ZERO,
            Clock::Running(since) => since.elapsed(),
            Clock::Stopped(time) => time,
        }
    }

    /// Its tags.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, Tags, Timer};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// # let _request = reporter.open("/report");
    /// let timer = Timer::new(Tags::new().with("group", "db"));
    /// assert_eq!(timer.tags(), Tags::new().with("group", "db"));
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn tags(&self) -> Tags {
        self.tags.borrow().clone()
    }

    /// Sets these tags, instead of the values that the tags of the same names had.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, Tags, Timer};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// # let _request = reporter.open("/report");
    /// let timer = Timer::new(Tags::new().with("group", "db").with("op", "select"));
    /// timer.merge_tags(Tags::new().with("op", "insert"));
    /// assert_eq!(timer.tags(), Tags::new().with("group", "db").with("op", "insert"));
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "tags are made where they are used")]
    pub fn merge_tags(&self, tags: Tags) {
        let merged = self.tags.borrow().merged(&tags);
        self.replace_tags(merged);
    }

    /// Sets these tags, instead of all that it had.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, Tags, Timer, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    /// # let _request = reporter.open("/report");
    ///     let timer = Timer::new(Tags::new().with("group", "db"));
    ///     timer.start().expect("it does not run");
    ///     timer.replace_tags(Tags::new().with("job", "import"));
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].timers()[0].tags, [("job".to_owned(), "import".to_owned())]);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn replace_tags(&self, tags: Tags) {
        self.change(Change::Tags(tags.clone()));
        self.tags.replace(tags);
    }

    /// What [`set_data`](Self::set_data) has put there, if it is of that type.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, Tags, Timer};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// # let _request = reporter.open("/report");
    /// let mut timer = Timer::new(Tags::new().with("group", "db"));
    /// assert_eq!(timer.data::<u64>(), None);
    /// timer.set_data(7_u64);
    /// assert_eq!(timer.data::<u64>(), Some(&7));
    /// assert_eq!(timer.data::<String>(), None);
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn data<T: Any>(&self) -> Option<&T> {
        self.data.as_deref()?.downcast_ref()
    }

    /// Keeps a value with the timer. It is never sent.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, Tags, Timer};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// # let _request = reporter.open("/report");
    /// let mut timer = Timer::new(Tags::new().with("group", "db"));
    /// timer.set_data("select * from users".to_owned());
    /// assert_eq!(timer.data::<String>().map(String::as_str), Some("select * from users"));
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn set_data(&mut self, data: impl Any + Send) {
        self.data = Some(Box::new(data));
    }

    /// Forgets the timer: it is not sent.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, Tags, Timer, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    /// # let _request = reporter.open("/report");
    ///     let timer = Timer::new(Tags::new().with("group", "db"));
    ///     timer.start().expect("it does not run");
    ///     timer.delete();
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert!(requests[0].timers().is_empty());
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn delete(self) {
        self.change(Change::Discard);
    }

    /// Says that its time is that of `hit_count` hits. Servers then count that many, each with its part of the
    /// time. 0 is sent as 1: servers reject it.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, Tags, Timer, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    /// # let _request = reporter.open("/report");
    ///     let timer = Timer::new(Tags::new().with("group", "db"));
    ///     timer.start().expect("it does not run");
    ///     timer.set_hit_count(10); // ten queries in one round trip
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].timers()[0].hit_count, 10);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn set_hit_count(&self, hit_count: u32) {
        self.change(Change::HitCount(hit_count));
    }

    /// The clock, which the request may have stopped meanwhile.
    fn clock(&self) -> Clock {
        if let (Clock::Running(since), Some(request)) = (self.clock.get(), self.request.get()) {
            let asked = self.id.get().and_then(|id| {
                id.with_timers(|timers, it| (!timers.is_running(it)).then(|| timers.value(it)))
            });
            let stopped = match asked {
                Some(stopped) => stopped,
                // It runs elsewhere, or its request has stopped and sent it.
                None => (!request.is_open()).then_some(None),
            };
            if let Some(time) = stopped {
                self.clock.set(Clock::Stopped(time.unwrap_or_else(|| since.elapsed())));
            }
        }
        self.clock.get()
    }

    fn register(&self) {
        let Some(request) = self.request.get() else { return };
        let tags = self.tags.borrow();
        let ready = local::with_place(request, |place| place.ready(&tags));
        self.id.set(ready.unwrap_or_else(|| TimerId::away(request, &tags)));
    }

    fn change(&self, change: Change) {
        if let Some(id) = self.id.get() {
            id.change(change);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.change(Change::Release);
    }
}

/// Another timer of the same tags in the same request, not started. What [`set_data`](Timer::set_data) has put
/// there stays with the first one.
impl Clone for Timer {
    fn clone(&self) -> Self {
        Self::of(self.request.get(), self.tags())
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer")
            .field("tags", &self.tags.borrow())
            .field("started", &self.is_started())
            .field("elapsed", &self.elapsed())
            .finish_non_exhaustive()
    }
}
