//! The time of day.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// In this zone, to the millisecond: `14:03:07.250`.
pub(crate) fn text(time: SystemTime, zone: &TimeZone) -> String {
    Timestamp::try_from(time).map_or_else(
        |_| "?".into(),
        |time| time.to_zoned(zone.clone()).strftime("%H:%M:%S%.3f").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_those_of_the_zone() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(50_587_250);
        assert_eq!(text(time, &TimeZone::UTC), "14:03:07.250");
        assert_eq!(text(time, &TimeZone::fixed(jiff::tz::offset(2))), "16:03:07.250");
    }
}
