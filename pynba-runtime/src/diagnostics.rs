//! What a monitor has to say, to the `log` facade and at most once a minute for each kind.

use std::error::Error as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use once_cell::sync::OnceCell;

use crate::stats::Kind;
use crate::{Error, foreign};

/// A dead server would otherwise fill a log with one line for each request.
const INTERVAL: Duration = Duration::from_secs(60);

/// Says that a packet was lost.
pub(crate) fn lost(kind: Kind, error: &Error) {
    static GATES: [Gate; Kind::COUNT] = [const { Gate::new() }; Kind::COUNT];
    if GATES[kind as usize].opens(now()) {
        foreign::run(|| match error.source() {
            Some(source) => log::warn!(target: "pynba", "{error}: {source}"),
            None => log::warn!(target: "pynba", "{error}"),
        });
    }
}

/// Says that there is no reporter, and why.
pub(crate) fn misconfigured(what: &str, error: &Error) {
    foreign::run(|| log::error!(target: "pynba", "{what}: {error}; nothing is recorded"));
}

/// Lets one through in each [`INTERVAL`].
struct Gate {
    /// Milliseconds of [`now`] at which it opens again.
    closed_until: AtomicU64,
}

impl Gate {
    const fn new() -> Self {
        Self { closed_until: AtomicU64::new(0) }
    }

    fn opens(&self, now: Duration) -> bool {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let closed_until = self.closed_until.load(Ordering::Relaxed);
        millis(now) >= closed_until
            && self
                .closed_until
                .compare_exchange(
                    closed_until,
                    millis(now + INTERVAL),
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                )
                .is_ok()
    }
}

fn now() -> Duration {
    static START: OnceCell<Instant> = OnceCell::new();
    START.get_or_init(Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_each_kind_once_a_minute() {
        let gate = Gate::new();
        let at = Duration::from_secs;
        let said: Vec<u64> = (0..180).filter(|&second| gate.opens(at(second))).collect();
        assert_eq!(said, [0, 60, 120]);
    }
}
