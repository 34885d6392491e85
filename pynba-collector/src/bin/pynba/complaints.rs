//! What goes wrong while receiving, told while it happens and summed up at the end.

use std::fmt::{self, Write as _};
use std::time::{Duration, Instant};

use pynba_collector::Counts;
use pynba_collector::packet::Invalid;

use crate::counted::{Sent, counted};
use crate::tell::tell;

/// At most so often, however much goes wrong.
const INTERVAL: Duration = Duration::from_secs(1);

/// What was told already.
#[derive(Debug, Default)]
pub(crate) struct Complaints {
    told: Counts,
    missed: u64,
    last: Option<Instant>,
}

impl Complaints {
    /// Whether it is time to look again.
    pub(crate) fn are_due(&self) -> bool {
        self.last.is_none_or(|last| last.elapsed() >= INTERVAL)
    }

    /// Tells what went wrong since the last time.
    pub(crate) fn tell(&mut self, counts: &Counts, missed: u64) {
        self.last = Some(Instant::now());
        if let Some(reasons) = reasons(&self.told, counts) {
            tell(reasons);
        }
        let new = |now: u64, told: u64| Some(now.saturating_sub(told)).filter(|new| *new > 0);
        if let Some(new) = new(counts.lost.unwrap_or(0), self.told.lost.unwrap_or(0)) {
            tell(format_args!(
                "{} lost by the kernel: what comes is not read fast enough",
                counted(new, "packet")
            ));
        }
        if let Some(new) = new(counts.not_forwarded(), self.told.not_forwarded()) {
            let stats = counts.forwarded.unwrap_or_default();
            let new = counted(new, "packet");
            tell(format_args!("{new} not forwarded; so far {}", Sent(stats)));
        }
        if let Some(new) = new(counts.failures, self.told.failures) {
            tell(format_args!("receiving failed, {}", counted(new, "time")));
        }
        if missed > self.missed {
            let new = counted(missed - self.missed, "request");
            tell(format_args!(
                "{new} left before being printed; more `--memory` keeps them longer"
            ));
        }
        (self.told, self.missed) = (*counts, missed);
    }
}

/// Datagrams that were no packets, and why.
fn reasons(before: &Counts, now: &Counts) -> Option<String> {
    let told = |reason: Invalid| {
        before.reasons().find(|(other, _)| *other == reason).map_or(0, |(_, count)| count)
    };
    let mut text = String::new();
    for (reason, count) in now.reasons() {
        let new = count - told(reason);
        if new > 0 {
            let comma = if text.is_empty() { "no packet of Pinba: " } else { ", " };
            let _ = write!(text, "{comma}{new}× {reason}");
        }
    }
    (!text.is_empty()).then_some(text)
}

/// The last line.
pub(crate) struct Summary<'a>(pub(crate) &'a Counts);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(counts) = self;
        let Counts { packets, bytes, requests, lost, forwarded, .. } = counts;
        for (count, what) in [(packets, "packet"), (bytes, "byte"), (requests, "request")] {
            write!(f, "{}, ", counted(*count, what))?;
        }
        write!(f, "{} invalid", counts.invalid())?;
        if let Some(lost) = lost {
            write!(f, ", {lost} lost by the kernel")?;
        }
        if let Some(forwarded) = forwarded {
            write!(f, "; forwarded: {}", Sent(*forwarded))?;
        }
        Ok(())
    }
}
