//! The guard of an open request.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::thread;

use crate::current::Current;
use crate::mailbox::RequestId;
use crate::reporter::Reporter;
use crate::request::{End, Script};
use crate::setters::said_by_expansions;
use crate::system::Rusage;
use crate::tags::{Pairs, StaticTags};
use crate::{ENABLED, local, process};

/// An open request, sent when dropped.
///
/// [`Reporter::open`] gives it; `#[monitor]` makes one around a function's body. It belongs to the thread
/// that made it, so it is not `Send`: in asynchronous code the request would otherwise be current for
/// whatever else its thread runs meanwhile.
#[must_use = "a request ends when its guard is dropped: bind it, `let _request = reporter.open(..)`"]
#[derive(Debug)]
pub struct RequestGuard {
    state: State,
    /// A panic that began before the request did is not the request's.
    was_panicking: bool,
    not_send: PhantomData<*const ()>,
}

#[derive(Debug)]
enum State {
    Recording(RequestId),
    /// Nothing is recorded, and the request around it gets none of what happens meanwhile.
    Silent,
    Disabled,
}

impl RequestGuard {
    /// Nothing happens: `pynba` is switched off.
    #[inline]
    pub(crate) const fn disabled() -> Self {
        Self::new(State::Disabled, false)
    }

    const fn new(state: State, was_panicking: bool) -> Self {
        Self { state, was_panicking, not_send: PhantomData }
    }

    pub(crate) fn silent() -> Self {
        if !ENABLED {
            return Self::disabled();
        }
        local::push(local::Entry::Silent);
        Self::new(State::Silent, false)
    }

    #[inline]
    pub(crate) fn open(
        reporter: &Reporter,
        rusage: Option<Rusage>,
        script: impl FnOnce() -> Script,
    ) -> Self {
        let is_plain = local::is_plain() && process::is_enabled();
        if !is_plain && !process::is_on() {
            return Self::disabled();
        }
        let Some(mut request) = local::request() else { return Self::disabled() };
        let id = request.prepare(reporter.clone(), rusage, script());
        if is_plain && request.begin_plain() {
            local::put_only(request);
        } else {
            request.capture(local::capture());
            request.begin();
            request.resume(false);
            local::push_request(request);
        }
        Self::new(State::Recording(id), thread::panicking())
    }

    /// Whether this request is being recorded. `false` where `pynba` is switched off, by the feature or by
    /// `PINBA_ENABLED=0`.
    ///
    /// ```
    /// # use pynba_runtime::Reporter;
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let request = reporter.open("/report");
    /// assert_eq!(request.is_recording(), cfg!(feature = "enable"));
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn is_recording(&self) -> bool {
        ENABLED && matches!(self.state, State::Recording(_))
    }

    /// The handle on this request, also where another one has been opened inside it.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let outer = reporter.open("/report");
    ///     let _inner = reporter.open("/report/chart");
    ///     outer.current().tag("plan", "free");
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].tags(), []); // the inner one
    /// assert_eq!(requests[1].tags(), [("plan".to_owned(), "free".to_owned())]);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn current(&self) -> Current {
        match self.state {
            State::Recording(id) if ENABLED => Current::of(Some(id)),
            _ => Current::of(None),
        }
    }

    /// Not inlined, like what opens it.
    #[inline(never)]
    fn close(&self) {
        match self.state {
            State::Recording(id) => {
                let panicking = thread::panicking() && !self.was_panicking;
                let end = if panicking { End::Panicked } else { End::Returned };
                if let Some(request) = local::take_innermost_of(id) {
                    local::close_innermost(request, |request, encoder| {
                        request.end(id, end, encoder);
                    });
                } else if let Some(request) = local::remove(id) {
                    local::close(request, |request, encoder| request.end_in_any_case(end, encoder));
                }
            }
            State::Silent => local::remove_silent(),
            State::Disabled => {}
        }
    }

    said_by_expansions!();
}

impl Drop for RequestGuard {
    #[inline]
    fn drop(&mut self) {
        if ENABLED {
            self.close();
        }
    }
}
