//! The guard of a running timer.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::clock::Tick;
use crate::local::Place;
use crate::mailbox::RequestId;
use crate::request::Request;
use crate::tags::{PairBuffer, Pairs, StaticTags, TagValue, Tags, fill, fill_in_any_order};
use crate::timer_id::TimerId;
use crate::timers::Change;
use crate::{ENABLED, local};

/// A running timer, which stops when dropped. `timer!` gives it.
///
/// It belongs to the request in which it was made, and may be dropped anywhere, also on another thread. The
/// end of its request stops and sends it, too. Outside a request it records nothing.
#[must_use = "a timer stops when its guard is dropped: bind it, `let _timer = timer!(..)`, or write `timer!(.. => expression)`"]
pub struct TimerGuard {
    /// `false` where no request is open: as a flag of its own, which the compiler follows from where the guard is made
    /// to where it is dropped, so that there is nothing else to be done.
    may_run: bool,
    ticket: Ticket,
}

/// `None` when there was no room for the timer, or it was too late.
type Ticket = Option<(TimerId, Tick)>;

impl TimerGuard {
    /// A guard that records nothing.
    pub(crate) const fn none() -> Self {
        Self { may_run: false, ticket: None }
    }

    #[inline]
    const fn with(ticket: Ticket) -> Self {
        Self { may_run: true, ticket }
    }

    #[inline]
    pub(crate) fn start(tags: &'static StaticTags) -> Self {
        if !ENABLED || !local::is_any_open() {
            return Self::none();
        }
        Self::with(Self::start_static(tags))
    }

    /// Not inlined: that would be some hundred bytes of code for each `timer!`. Called cold, so that the way past it,
    /// where no request is open, goes straight on: nothing else is to be done there.
    #[cold]
    #[inline(never)]
    fn start_static(tags: &'static StaticTags) -> Ticket {
        if let Some(mut request) = local::take_innermost() {
            let ticket = TimerId::start_at_once(&mut request, tags);
            local::put_back(request);
            if ticket.is_some() {
                return ticket;
            }
        }
        Self::start_in_any_case(tags)
    }

    #[cold]
    #[inline(never)]
    fn start_in_any_case(tags: &'static StaticTags) -> Ticket {
        let start = |place: Place<'_>| place.start(Some(tags), &PairBuffer::new());
        local::with_innermost(start).flatten()
    }

    #[inline]
    pub(crate) fn start_with(
        tags: &'static StaticTags,
        dynamic: impl FnOnce(&mut Pairs<'_>),
    ) -> Self {
        if !ENABLED || !local::is_any_open() {
            return Self::none();
        }
        // Asked for first: what makes the tags may open a request of its own.
        let Some(request) = local::current_id() else { return Self::none() };
        local::with_scratch(|scratch| {
            fill_in_any_order(scratch, Some(tags), dynamic);
            Self::with(Self::start_filled(request, tags, scratch))
        })
    }

    /// Not inlined, like [`start_static`](Self::start_static).
    #[inline(never)]
    fn start_filled(id: RequestId, tags: &'static StaticTags, extra: &mut PairBuffer) -> Ticket {
        let known = tags.with(extra);
        if let Some(known) = known
            && let Some(mut request) = local::take_innermost()
        {
            let is_its = request.is(id);
            let ticket = is_its.then(|| TimerId::start_at_once(&mut request, known)).flatten();
            local::put_back(request);
            if ticket.is_some() {
                return ticket;
            }
        }
        if known.is_some() {
            extra.clear();
        } else {
            extra.normalize(tags.pairs());
        }
        let start = |place: Place<'_>| place.start(Some(known.unwrap_or(tags)), extra);
        local::with_place(id, start).flatten()
    }

    /// A timer with tags that were made before.
    pub(crate) fn start_made(tags: &Tags) -> Self {
        if !ENABLED || !local::is_any_open() {
            return Self::none();
        }
        let (fixed, extra) = tags.parts();
        Self::with(local::with_innermost(|place| place.start(fixed, extra)).flatten())
    }

    /// A timer of a request that is not the thread's.
    pub(crate) fn of(request: &mut Request, tags: &Tags) -> Self {
        let (fixed, extra) = tags.parts();
        Self::with(Place::Here(request).start(fixed, extra))
    }

    /// Stops the timer and tells its time; zero where nothing is recorded.
    ///
    /// ```
    /// # use std::{thread, time::Duration};
    /// # use pynba_runtime::{Reporter, ScriptMonitor, Tags, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let monitor = ScriptMonitor::with_reporter(&reporter);
    ///     let timer = monitor.timer(Tags::new().with("group", "db"));
    ///     thread::sleep(Duration::from_millis(5));
    ///     let time = timer.stop();
    /// # if cfg!(feature = "enable") {
    ///     assert!(time >= Duration::from_millis(5));
    /// # }
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert!(requests[0].timers()[0].value >= 0.005);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[expect(clippy::must_use_candidate, reason = "stopping is the point, the time an extra")]
    pub fn stop(mut self) -> Duration {
        let Some((timer, since)) = self.ticket.take() else { return Duration::ZERO };
        timer.end().since(since)
    }

    /// Forgets the timer: it is not sent.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, ScriptMonitor, Tags, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let monitor = ScriptMonitor::with_reporter(&reporter);
    ///     let timer = monitor.timer(Tags::new().with("group", "db"));
    ///     timer.discard(); // the answer came from the cache
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert!(requests[0].timers().is_empty());
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn discard(mut self) {
        if let Some((timer, _)) = self.ticket.take() {
            timer.change(Change::Discard);
        }
    }

    /// The time since the timer's start; zero where nothing is recorded.
    ///
    /// ```
    /// # use std::{thread, time::Duration};
    /// # use pynba_runtime::{Reporter, ScriptMonitor, Tags};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// # let monitor = ScriptMonitor::with_reporter(&reporter);
    /// let timer = monitor.timer(Tags::new().with("group", "db"));
    /// thread::sleep(Duration::from_millis(5));
    /// # if cfg!(feature = "enable") {
    /// assert!(timer.elapsed() >= Duration::from_millis(5)); // and it goes on
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.ticket.map_or(Duration::ZERO, |(_, since)| since.elapsed())
    }

    /// Sets a tag, instead of the values that it and the tags below it (`name.key`) had.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, ScriptMonitor, Tags, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let monitor = ScriptMonitor::with_reporter(&reporter);
    ///     let timer = monitor.timer(Tags::new().with("group", "db"));
    ///     timer.tag("rows", 3);
    /// });
    /// # if cfg!(feature = "enable") {
    /// let tags = [("group", "db"), ("rows", "3")];
    /// assert_eq!(requests[0].timers()[0].tags, tags.map(|(name, value)| (name.to_owned(), value.to_owned())));
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "so that it may be written without `&`")]
    pub fn tag<K>(&self, name: impl Into<Cow<'static, str>>, value: impl TagValue<K>) {
        let Some((timer, _)) = self.ticket else { return };
        let name = name.into();
        local::with_scratch(|scratch| {
            fill(scratch, None, |pairs| pairs.add_named(&name, &value));
            let here = timer.with_timers(|timers, number| timers.tag(number, &name, scratch));
            if here.is_none() {
                let (name, tags) = (name.clone().into_owned(), Tags::of(scratch.clone()));
                timer.post(Change::Tag { name, tags });
            }
        });
    }

    /// Says that the timer's time is that of `hit_count` hits. Servers then count that many, each with its
    /// part of the time. 0 is sent as 1: servers reject it.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, ScriptMonitor, Tags, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let monitor = ScriptMonitor::with_reporter(&reporter);
    ///     let timer = monitor.timer(Tags::new().with("group", "db"));
    ///     timer.set_hit_count(10); // ten queries in one round trip
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].timers()[0].hit_count, 10);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn set_hit_count(&self, hit_count: u32) {
        if let Some((timer, _)) = self.ticket {
            timer.change(Change::HitCount(hit_count));
        }
    }
}

impl Drop for TimerGuard {
    #[inline]
    fn drop(&mut self) {
        if ENABLED && self.may_run {
            end(&self.ticket);
        }
    }
}

/// Not inlined, so that the ticket is read where it lies. To read it at once, to move it, the processor would have to
/// wait until all that was just written has arrived.
#[inline(never)]
fn end(ticket: &Ticket) {
    if let Some((timer, _)) = ticket {
        timer.end();
    }
}

impl fmt::Debug for TimerGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimerGuard")
            .field("recording", &self.ticket.is_some())
            .finish_non_exhaustive()
    }
}
