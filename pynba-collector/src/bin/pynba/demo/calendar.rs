//! The shop's day in fast motion.

use std::f64::consts::TAU;
use std::ops::Range;
use std::time::Duration;

/// When the shop is looked at first: there is enough to see, and more is to come.
const BEGINS_AT: f64 = 10.0;

/// Visits at night, compared to noon.
const NIGHT: f64 = 0.12;

/// The hour and the strength of the rush, compared to noon.
const RUSH: (f64, f64) = (19.0, 1.2);

/// A release that makes the search slow is out.
const BAD_RELEASE: Range<f64> = 14.0..18.0;

/// The payment provider does not answer.
const PAYMENTS_DOWN: Range<f64> = 20.0..21.0;

/// What time it is in the shop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calendar {
    pub(super) day: Duration,
}

/// An hour of the day, from 0 to 24.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hour(pub(super) f64);

impl Calendar {
    pub(super) fn hour(self, since_beginning: f64) -> Hour {
        Hour((BEGINS_AT + 24.0 * since_beginning / self.day.as_secs_f64()).rem_euclid(24.0))
    }
}

impl Hour {
    /// Visits compared to noon, when they are 1.
    pub(super) fn traffic(self) -> f64 {
        let daylight = 0.5 - 0.5 * (TAU * self.0 / 24.0).cos();
        let (rush, strength) = RUSH;
        NIGHT + (1.0 - NIGHT) * daylight + strength * (-(self.0 - rush).powi(2) / 2.0).exp()
    }

    /// Above all that [`traffic`](Self::traffic) gives.
    pub(super) const MOST_TRAFFIC: f64 = 2.0;

    pub(super) fn has_bad_release(self) -> bool {
        BAD_RELEASE.contains(&self.0)
    }

    pub(super) fn has_payments_down(self) -> bool {
        PAYMENTS_DOWN.contains(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_a_noon_a_rush_hour_and_a_night() {
        let traffic = |hour| Hour(hour).traffic();
        assert!((traffic(12.0) - 1.0).abs() < 1e-6);
        assert!(traffic(19.0) > 1.2 && traffic(3.0) < 0.3);
        assert!((0..240).all(|tenth| traffic(f64::from(tenth) / 10.0) < Hour::MOST_TRAFFIC));
    }

    #[test]
    fn days_repeat() {
        let calendar = Calendar { day: Duration::from_secs(60) };
        let hour = |second| calendar.hour(second).0;
        assert!((hour(0.0) - 10.0).abs() < 1e-9);
        assert!((hour(5.0) - 12.0).abs() < 1e-9);
        assert!((hour(125.0) - 12.0).abs() < 1e-9);
    }
}
