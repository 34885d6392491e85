//! The time that figures are taken over.

use std::time::Duration;

use crate::figures::{so_far, span};

/// One of some times, of which the longest is the whole window.
#[derive(Clone, Debug)]
pub(crate) struct Period {
    choices: Vec<Duration>,
    chosen: usize,
}

impl Period {
    const USUAL: [Duration; 3] =
        [Duration::from_secs(10), Duration::from_secs(60), Duration::from_secs(300)];

    pub(crate) fn new(first: Duration, window: Duration) -> Self {
        let first = first.min(window);
        let mut choices = Self::USUAL.to_vec();
        choices.retain(|length| *length < window);
        choices.extend([first, window]);
        choices.sort_unstable();
        choices.dedup();
        let chosen = choices.iter().position(|length| *length == first).unwrap_or(0);
        Self { choices, chosen }
    }

    pub(crate) fn get(&self) -> Duration {
        self.choices[self.chosen]
    }

    pub(crate) fn next(&mut self) {
        self.chosen = (self.chosen + 1) % self.choices.len();
    }

    pub(crate) fn previous(&mut self) {
        self.chosen = (self.chosen + self.choices.len() - 1) % self.choices.len();
    }

    /// With the time that there really is, as long as it is shorter.
    pub(crate) fn text(&self, covered: Duration) -> String {
        let length = self.get();
        let what = if self.chosen + 1 == self.choices.len() { "window" } else { "last" };
        let so_far = if covered.saturating_add(Duration::from_secs(1)) < length {
            format!(" ({} so far)", so_far(covered))
        } else {
            String::new()
        };
        format!("{what} {}{so_far}", span(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_round() {
        let seconds = Duration::from_secs;
        let mut period = Period::new(seconds(60), seconds(900));
        let mut seen = vec![period.get().as_secs()];
        for _ in 0..4 {
            period.next();
            seen.push(period.get().as_secs());
        }
        assert_eq!(seen, [60, 300, 900, 10, 60]);
        period.previous();
        assert_eq!(period.text(seconds(20)), "last 10s");
        period.previous();
        assert_eq!(period.text(seconds(20)), "window 15m (20s so far)");
        assert_eq!(Period::new(seconds(7), seconds(8)).choices, [seconds(7), seconds(8)]);
        assert_eq!(Period::new(seconds(60), seconds(5)).choices, [seconds(5)]);
    }
}
