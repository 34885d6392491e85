//! Timers whose time is known when their span has ended.

use std::mem;
use std::time::{Duration, Instant};

use pynba_runtime::{Current, Tags};

/// A span's time, added to its request at its end: that of the span's entries, or of a span that was created
/// where its request is not current.
#[derive(Debug)]
pub(crate) struct Measured {
    request: Current,
    tags: Tags,
    clock: Clock,
}

#[derive(Debug)]
enum Clock {
    Open { since: Instant },
    Entered(Entered),
}

/// The time during which a span is entered, on one thread or on several.
#[derive(Debug, Default)]
struct Entered {
    entries: u32,
    /// Since the first one of those.
    since: Option<Instant>,
    /// `None` until it was entered for the first time.
    before: Option<Duration>,
}

impl Measured {
    /// From now on.
    pub(crate) fn open(request: Current, tags: Tags) -> Self {
        Self { request, tags, clock: Clock::Open { since: Instant::now() } }
    }

    /// While the span is entered.
    pub(crate) fn entered(request: Current, tags: Tags) -> Self {
        Self { request, tags, clock: Clock::Entered(Entered::default()) }
    }

    pub(crate) fn request(&self) -> Current {
        self.request
    }

    pub(crate) fn enter(&mut self) {
        if let Clock::Entered(entered) = &mut self.clock {
            entered.enter(Instant::now());
        }
    }

    pub(crate) fn exit(&mut self) {
        if let Clock::Entered(entered) = &mut self.clock {
            entered.exit(Instant::now());
        }
    }

    /// Sets a tag, instead of the values that it had.
    pub(crate) fn tag(&mut self, name: &'static str, value: &str) {
        let others = self.tags.iter().filter(|(other, _)| *other != name);
        let others: Tags = others.map(|(name, value)| (name.to_owned(), value)).collect();
        self.tags = others.with(name, value);
    }
}

/// A span that was never entered (a future that was never polled) has no time of that kind, and is not sent.
impl Drop for Measured {
    fn drop(&mut self) {
        let time = match &self.clock {
            Clock::Open { since } => Some(since.elapsed()),
            Clock::Entered(entered) => entered.time(Instant::now()),
        };
        if let Some(time) = time {
            self.request.add_timer(mem::take(&mut self.tags), time, 1);
        }
    }
}

impl Entered {
    fn enter(&mut self, now: Instant) {
        self.entries += 1;
        self.since.get_or_insert(now);
        self.before.get_or_insert_default();
    }

    fn exit(&mut self, now: Instant) {
        self.entries = self.entries.saturating_sub(1);
        if self.entries == 0 {
            self.before = self.time(now);
            self.since = None;
        }
    }

    fn time(&self, now: Instant) -> Option<Duration> {
        let since = self.since.map(|since| now.saturating_duration_since(since));
        Some(self.before? + since.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entered_time_counts_once_however_many_are_inside() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut entered = Entered::default();
        assert_eq!(entered.time(at(1)), None);
        entered.enter(at(1));
        entered.enter(at(2)); // on another thread, or again on this one
        entered.exit(at(3));
        entered.exit(at(5));
        assert_eq!(entered.time(at(9)), Some(Duration::from_secs(4)));
        entered.enter(at(10));
        assert_eq!(entered.time(at(11)), Some(Duration::from_secs(5)));
        entered.exit(at(12));
        assert_eq!(entered.time(at(20)), Some(Duration::from_secs(6)));
    }

    #[test]
    fn an_exit_too_many_does_no_harm() {
        let mut entered = Entered::default();
        entered.exit(Instant::now());
        assert_eq!(entered.time(Instant::now()), None);
    }
}
