//! The guard of a running timer.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, Instant};

use crate::mailbox::{Mail, RequestId};
use crate::tags::{PairBuffer, Pairs, StaticTags, TagValue, Tags, fill};
use crate::timers::Change;
use crate::{ENABLED, local};

/// A running timer, which stops when dropped. `timer!` gives it.
///
/// It belongs to the request in which it was made, and may be dropped anywhere, also on another thread. The
/// end of its request stops and sends it, too. Outside a request it records nothing.
#[must_use = "a timer stops when its guard is dropped: bind it, `let _timer = timer!(..)`, or write `timer!(.. => expression)`"]
pub struct TimerGuard {
    ticket: Option<Ticket>,
}

/// Where the timer stands.
#[derive(Clone, Copy)]
struct Ticket {
    request: RequestId,
    timer: u32,
    since: Instant,
}

impl TimerGuard {
    /// A guard that records nothing.
    pub(crate) const fn none() -> Self {
        Self { ticket: None }
    }

    #[inline]
    pub(crate) fn start(tags: &'static StaticTags) -> Self {
        if !ENABLED || !local::is_any_open() {
            return Self::none();
        }
        Self { ticket: Ticket::start(tags, &PairBuffer::new()) }
    }

    #[inline]
    pub(crate) fn start_with(
        tags: &'static StaticTags,
        dynamic: impl FnOnce(&mut Pairs<'_>),
    ) -> Self {
        if !ENABLED || !local::is_any_open() || !local::is_recording() {
            return Self::none();
        }
        local::with_scratch(|scratch| {
            fill(scratch, tags.pairs(), dynamic);
            Self { ticket: Ticket::start(tags, scratch) }
        })
    }

    /// Stops the timer and tells its time; zero outside a request.
    #[expect(clippy::must_use_candidate, reason = "stopping is the point, the time an extra")]
    pub fn stop(mut self) -> Duration {
        let Some(ticket) = self.ticket.take() else { return Duration::ZERO };
        let now = Instant::now();
        ticket.change(Change::Stop(now));
        now.saturating_duration_since(ticket.since)
    }

    /// Forgets the timer: it is not sent.
    pub fn discard(mut self) {
        if let Some(ticket) = self.ticket.take() {
            ticket.change(Change::Discard);
        }
    }

    /// The time since the timer's start; zero outside a request.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.ticket.map_or(Duration::ZERO, |ticket| ticket.since.elapsed())
    }

    /// Sets a tag, instead of the values that it had.
    pub fn tag<K>(&self, name: impl Into<Cow<'static, str>>, value: impl TagValue<K>) {
        if let Some(ticket) = self.ticket {
            let name = name.into();
            let tags = Tags::new().with(name.clone(), value);
            ticket.change(Change::Tag { name: name.into_owned(), tags });
        }
    }

    /// Says that the timer's time is that of `hit_count` hits. Servers then count that many, each with its
    /// part of the time. 0 is sent as 1: servers reject it.
    pub fn set_hit_count(&self, hit_count: u32) {
        if let Some(ticket) = self.ticket {
            ticket.change(Change::HitCount(hit_count));
        }
    }
}

impl Ticket {
    fn start(tags: &'static StaticTags, extra: &PairBuffer) -> Option<Self> {
        local::with_current(|request| {
            let request_id = request.id()?;
            let since = Instant::now();
            let timer = request.timers().start(tags.pairs(), extra, since)?;
            Some(Self { request: request_id, timer, since })
        })?
    }

    fn change(self, change: Change) {
        let mut change = Some(change);
        local::with_request(self.request, |request| {
            if let Some(change) = change.take() {
                request.timers().change(self.timer, change);
            }
        });
        if let Some(change) = change {
            // When the request has ended, it has stopped and sent the timer itself.
            let _ = self.request.post(Mail { timer: self.timer, change });
        }
    }
}

impl Drop for TimerGuard {
    #[inline]
    fn drop(&mut self) {
        if ENABLED && let Some(ticket) = self.ticket.take() {
            ticket.change(Change::Stop(Instant::now()));
        }
    }
}

impl fmt::Debug for TimerGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimerGuard")
            .field("recording", &self.ticket.is_some())
            .finish_non_exhaustive()
    }
}
