//! Names a timer, wherever it is asked for.

use crate::clock::Tick;
use crate::local::{self, Place};
use crate::mailbox::{Mail, RequestId, is_joined};
use crate::request::Request;
use crate::tags::{Fixed, PairBuffer, StaticTags, Tags};
use crate::timers::{Change, Timers};

#[derive(Clone, Copy, Debug)]
pub(crate) struct TimerId {
    request: RequestId,
    number: u64,
}

impl Place<'_> {
    /// Starts a timer; `None` when there is no room for it, or it is too late.
    pub(crate) fn start(self, fixed: Fixed, extra: &PairBuffer) -> Option<(TimerId, Tick)> {
        let (id, since) = self.add(|timers| {
            let since = Tick::now();
            timers.start(fixed, extra, since).map(|number| (number, since))
        })?;
        Some((id, since))
    }

    /// A timer that is not started yet.
    pub(crate) fn ready(self, tags: &Tags) -> Option<TimerId> {
        self.add(|timers| timers.ready(tags).map(|number| (number, ()))).map(|(id, ())| id)
    }

    fn add<T>(self, add: impl FnOnce(&mut Timers) -> Option<(u64, T)>) -> Option<(TimerId, T)> {
        let (request, added) = match self {
            Place::Here(request) => {
                // What ended on other threads makes room.
                request.collect_mail();
                (request.id()?, add(request.timers()))
            }
            Place::Joined(handle) => {
                (handle.id(), handle.measure(|shared| add(&mut shared.timers)).flatten())
            }
        };
        added.map(|(number, more)| (TimerId { request, number }, more))
    }
}

impl TimerId {
    /// A timer of a request that is not at hand, not started yet. `None` when the request has ended.
    pub(crate) fn away(request: RequestId, tags: &Tags) -> Option<Self> {
        let number = request.join(|shared| shared.timers.ready(tags))??;
        Some(Self { request, number })
    }

    /// Acts on the timers of its request, where they are at hand.
    pub(crate) fn with_timers<R>(self, act: impl FnOnce(&mut Timers, u64) -> R) -> Option<R> {
        if is_joined(self.number) {
            return self.request.join(|shared| act(&mut shared.timers, self.number));
        }
        local::with_request(self.request, |request| {
            // What was said elsewhere was said before.
            request.collect_mail();
            act(request.timers(), self.number)
        })
    }

    /// Starts a timer whose tags are all known at compile time, in the way that nearly all can take: `None` when
    /// it takes more than that.
    #[inline]
    pub(crate) fn start_at_once(
        request: &mut Request,
        tags: &'static StaticTags,
    ) -> Option<(Self, Tick)> {
        let id = request.open_id();
        if id.has_mail() {
            return None;
        }
        let (number, since) = request.timers().start_at_once(tags)?;
        Some((Self { request: id, number }, since))
    }

    /// The timer's guard is gone. Gives the time at which it went.
    #[inline(never)]
    pub(crate) fn end(&self) -> Tick {
        match self.end_at_once() {
            Some(at) => at,
            None => self.end_in_any_case(),
        }
    }

    /// Ends it in the way that nearly all can take: `None` when it takes more than that.
    #[inline]
    fn end_at_once(&self) -> Option<Tick> {
        let at = Tick::counted()?;
        let mut request = local::take_innermost()?;
        let is_done = request.is(self.request)
            && !self.request.has_mail()
            && request.timers().end_at_once(self.number, at);
        local::put_back(request);
        is_done.then_some(at)
    }

    #[cold]
    #[inline(never)]
    fn end_in_any_case(&self) -> Tick {
        let at = Tick::now();
        self.change(Change::End(at));
        at
    }

    /// Changes the timer, here or by mail. When its request has ended, that has dealt with the timer itself.
    pub(crate) fn change(self, change: Change) {
        let mut change = Some(change);
        self.with_timers(|timers, number| change.take().map(|it| timers.change(number, it)));
        if let Some(change) = change {
            self.post(change);
        }
    }

    pub(crate) fn post(self, change: Change) {
        if !is_joined(self.number) {
            self.request.post(Mail::Timer { number: self.number, change });
        }
    }
}
