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

/// As RFC 3339 has it, with so many digits of the second: `2026-11-23T14:03:07.250Z`. A clock that is absurdly wrong
/// gives the first or the last moment that can be written.
pub(crate) fn rfc3339(time: SystemTime, digits: usize) -> String {
    let end = if time < SystemTime::UNIX_EPOCH { Timestamp::MIN } else { Timestamp::MAX };
    format!("{:.digits$}", Timestamp::try_from(time).unwrap_or(end))
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

    #[test]
    fn no_clock_is_too_wrong() {
        let epoch = SystemTime::UNIX_EPOCH;
        let second = Duration::from_secs(1);
        assert_eq!(rfc3339(epoch + Duration::from_millis(1250), 3), "1970-01-01T00:00:01.250Z");
        assert_eq!(rfc3339(epoch + second, 6), "1970-01-01T00:00:01.000000Z");
        assert_eq!(rfc3339(epoch - second, 3), "1969-12-31T23:59:59.000Z");
        let age = Duration::from_secs(1 << 40);
        assert!(rfc3339(epoch + age, 3).starts_with("9999-12-30T"));
        assert!(rfc3339(epoch - age, 3).starts_with("-009999-01-02T"));
    }
}
