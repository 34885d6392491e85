//! What the macros' expansions call. Not for anybody else: it changes without notice.

use std::borrow::Cow;

use once_cell::sync::OnceCell;

pub use crate::current::Current;
pub use crate::detached::{DetachedRequest, Looking};
pub use crate::guard::RequestGuard;
pub use crate::outcome::{Probe, ProbeAny, ProbeResponse, ProbeResult};
pub use crate::reporter::Reporter;
use crate::request::Script;
pub use crate::status_of;
pub use crate::system::Rusage;
pub use crate::tags::{Pairs, StaticTags, TagValue, Tags};
use crate::text::Text;
pub use crate::timed::Timed;
pub use crate::timer_guard::TimerGuard;
use crate::{local, process};

/// `false` in a build without the feature `enable`.
pub const ENABLED: bool = cfg!(feature = "enable");

/// Starts a timer whose tags are all known at compile time.
#[inline]
pub fn timer(tags: &'static StaticTags) -> TimerGuard {
    TimerGuard::start(tags)
}

/// Starts a timer with tags that are known only now. `dynamic` is called only when something records.
#[inline]
pub fn timer_with(tags: &'static StaticTags, dynamic: impl FnOnce(&mut Pairs<'_>)) -> TimerGuard {
    TimerGuard::start_with(tags, dynamic)
}

/// A guard that records nothing.
#[inline]
pub const fn no_timer() -> TimerGuard {
    TimerGuard::none()
}

/// Starts a timer with tags that were made earlier.
pub fn timer_of(tags: &Tags) -> TimerGuard {
    TimerGuard::start_made(tags)
}

/// Times a future from its first poll on.
pub fn timed<F: Future, S: FnOnce() -> TimerGuard>(start: S, future: F) -> Timed<F, S> {
    Timed::new(start, future)
}

/// Tags that are all known at compile time.
#[must_use]
pub const fn tags(tags: &'static StaticTags) -> Tags {
    Tags::fixed(tags)
}

/// Tags some of which are known only now.
#[must_use]
pub fn tags_with(tags: &'static StaticTags, dynamic: impl FnOnce(&mut Pairs<'_>)) -> Tags {
    Tags::written(tags, dynamic)
}

/// One place with `#[monitor]`.
#[derive(Debug)]
pub struct Site {
    script_name: &'static str,
    servers: Option<&'static [&'static str]>,
    rusage: Option<Rusage>,
    reporter: OnceCell<Option<Reporter>>,
    /// What most packets of the place begin with, and of which names: those of the first reporter. With another one
    /// they take a little longer.
    beginning: OnceCell<(u64, Vec<u8>)>,
}

impl Site {
    #[must_use]
    pub const fn new(script_name: &'static str) -> Self {
        Self {
            script_name,
            servers: None,
            rusage: None,
            reporter: OnceCell::new(),
            beginning: OnceCell::new(),
        }
    }

    /// The servers that `#[monitor]` names, checked by it.
    #[must_use]
    pub const fn servers(mut self, servers: &'static [&'static str]) -> Self {
        self.servers = Some(servers);
        self
    }

    #[must_use]
    pub const fn rusage(mut self, rusage: Rusage) -> Self {
        self.rusage = Some(rusage);
        self
    }

    /// Opens a request at the named servers, or else at the process's reporter.
    #[inline]
    pub fn enter(&'static self) -> RequestGuard {
        if ENABLED { self.open_default() } else { RequestGuard::disabled() }
    }

    /// Opens a request at this reporter.
    #[inline]
    pub fn enter_with(&'static self, reporter: &Reporter) -> RequestGuard {
        if ENABLED { self.open(reporter) } else { RequestGuard::disabled() }
    }

    /// The same for asynchronous code.
    #[inline]
    pub fn detached(&'static self) -> DetachedRequest {
        if ENABLED { self.detach_default() } else { DetachedRequest::disabled() }
    }

    #[inline]
    pub fn detached_with(&'static self, reporter: &Reporter) -> DetachedRequest {
        if process::is_on() { self.detach(reporter) } else { DetachedRequest::disabled() }
    }

    fn open_default(&'static self) -> RequestGuard {
        if !process::is_on() {
            return RequestGuard::disabled();
        }
        self.reporter().map_or_else(RequestGuard::silent, |reporter| self.open(&reporter))
    }

    fn detach_default(&'static self) -> DetachedRequest {
        if !process::is_on() {
            return DetachedRequest::disabled();
        }
        self.reporter().map_or_else(DetachedRequest::silent, |reporter| self.detach(&reporter))
    }

    /// Not inlined: that would be some kilobytes of code in each monitored function.
    #[inline(never)]
    fn open(&'static self, reporter: &Reporter) -> RequestGuard {
        RequestGuard::open(reporter, self.rusage, || self.script(reporter))
    }

    fn detach(&'static self, reporter: &Reporter) -> DetachedRequest {
        DetachedRequest::prepare(reporter, self.rusage, self.script(reporter))
    }

    #[inline]
    fn script(&'static self, reporter: &Reporter) -> Script {
        let beginning = match self.beginning.get() {
            Some((number, beginning)) if *number == reporter.names().number() => Some(&**beginning),
            Some(_) => None,
            None => self.first_beginning(reporter),
        };
        Script { name: Text::literal(self.script_name), beginning }
    }

    #[cold]
    #[inline(never)]
    fn first_beginning(&'static self, reporter: &Reporter) -> Option<&'static [u8]> {
        if local::is_capturing() {
            // A test's reporter may be none at all.
            return None;
        }
        let names = reporter.names();
        let beginning = (names.number(), names.beginning(self.script_name));
        // Where another thread was faster, it will do the next time.
        let _ = self.beginning.set(beginning);
        None
    }

    fn reporter(&'static self) -> Option<Cow<'static, Reporter>> {
        match self.servers {
            Some(servers) => {
                let reporter = self.reporter.get_or_init(|| Reporter::of_literals(servers));
                reporter.as_ref().map(Cow::Borrowed)
            }
            None => process::reporter()
                .or_else(|| local::is_capturing().then(Reporter::nowhere))
                .map(Cow::Owned),
        }
    }
}

/// For `enabled = false`: nothing is recorded until the guard is dropped.
pub fn silent() -> RequestGuard {
    RequestGuard::silent()
}

/// The same for asynchronous code.
pub const fn silent_detached() -> DetachedRequest {
    DetachedRequest::silent()
}

/// Runs a function's body as a closure, so that `return` and `?` in it end here.
#[inline]
pub fn call<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// Gives `|returned| …` its parameter's type.
#[inline]
pub fn look<R: ?Sized, T>(returned: &R, at: impl FnOnce(&R) -> T) -> T {
    at(returned)
}
