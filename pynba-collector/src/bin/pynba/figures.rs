//! Figures as people read them: three digits, and never wider than their column.

use std::time::Duration;

/// Three digits that matter.
fn three(number: f64) -> String {
    let decimals = usize::from(number < 9.995) + usize::from(number < 99.95);
    format!("{number:.decimals$}")
}

/// With the largest unit of which there is at least one.
fn scaled(number: f64, units: &[(f64, &'static str)]) -> Option<String> {
    // What would be rounded to 1000 is one of the next unit.
    let fits = |(size, _): &&(f64, &str)| number >= size * 0.9995;
    units.iter().find(fits).map(|(size, unit)| format!("{}{unit}", three(number / size)))
}

/// Five characters: `0.017`, `1.23`, `12.3k`.
pub(crate) fn rate(number: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    if let Some(text) = scaled(number, &UNITS) {
        return text;
    }
    match number {
        ..=0.0 => "0".to_owned(),
        ..0.0005 => "<.001".to_owned(),
        ..0.0995 => format!("{number:.3}"),
        _ => three(number),
    }
}

/// Five characters: `9999`, `12.3k`.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) fn count(number: u64) -> String {
    if number < 10_000 { number.to_string() } else { rate(number as f64) }
}

/// Seven characters: `1.23 ms`.
pub(crate) fn time(time: Duration) -> String {
    const UNITS: [(f64, &str); 6] = [
        (86_400.0, " d"),
        (3600.0, " h"),
        (1.0, " s"),
        (1e-3, " ms"),
        (1e-6, " µs"),
        (1e-9, " ns"),
    ];
    match time.as_secs_f64() {
        ..=0.0 => "0".to_owned(),
        // No room for the blank.
        seconds @ 999.5..3598.2 => format!("{:.1}min", seconds / 60.0),
        seconds @ ..863_956_800.0 => scaled(seconds, &UNITS).unwrap_or_default(),
        _ => ">9999 d".to_owned(),
    }
}

/// [`time`] of seconds.
pub(crate) fn seconds(seconds: f64) -> String {
    time(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

/// Seven characters: `1.23 MB`.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [(f64, &str); 6] =
        [(1e18, " EB"), (1e15, " PB"), (1e12, " TB"), (1e9, " GB"), (1e6, " MB"), (1e3, " KB")];
    scaled(number as f64, &UNITS).unwrap_or_else(|| format!("{number} B"))
}

/// Five characters, without the sign: `<0.1`, `12.3`, `1234`.
pub(crate) fn percent(number: f64) -> String {
    match number {
        ..=0.0 => "0".to_owned(),
        ..0.05 => "<0.1".to_owned(),
        ..99.95 => format!("{number:.1}"),
        ..9999.5 => format!("{number:.0}"),
        _ => rate(number),
    }
}

/// How long something has been going on, in whole seconds.
pub(crate) fn so_far(time: Duration) -> String {
    span(Duration::from_secs(time.as_secs()))
}

/// A length of time, in two units: `500ms`, `12s`, `3m 05s`, `2h 30m`.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |large, unit, rest: u64, small| match rest {
        0 => format!("{large}{unit}"),
        rest => format!("{large}{unit} {rest:02}{small}"),
    };
    match seconds {
        0 if time > Duration::ZERO => format!("{}ms", time.as_millis()),
        0..60 => format!("{seconds}s"),
        60..3600 => two(minutes, "m", seconds % 60, "s"),
        3600..86_400 => two(hours, "h", minutes % 60, "m"),
        _ => two(days, "d", hours % 24, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        assert_eq!([0.0, 0.0001, 0.0167, 0.25].map(rate), ["0", "<.001", "0.017", "0.25"]);
        assert_eq!([1.234, 12.34, 123.4].map(rate), ["1.23", "12.3", "123"]);
        assert_eq!([1234.0, 12_345.0, 1.5e6].map(rate), ["1.23k", "12.3k", "1.50M"]);
        assert_eq!([0, 9999, 10_000].map(count), ["0", "9999", "10.0k"]);
        assert_eq!([0.0, 0.01, 0.1, 12.34].map(percent), ["0", "<0.1", "0.1", "12.3"]);
        assert_eq!([100.0, 1234.0, 12_345.0].map(percent), ["100", "1234", "12.3k"]);
        assert_eq!([0, 999, 1500, 256_000_000].map(bytes), ["0 B", "999 B", "1.50 KB", "256 MB"]);
        assert_eq!([0.0, 15e-9, 0.000_123].map(seconds), ["0", "15.0 ns", "123 µs"]);
        assert_eq!([0.001_234, 0.5, 12.0].map(seconds), ["1.23 ms", "500 ms", "12.0 s"]);
        assert_eq!([1500.0, 7200.0, 1e6].map(seconds), ["25.0min", "2.00 h", "11.6 d"]);
    }

    #[test]
    fn nothing_is_rounded_out_of_its_unit() {
        assert_eq!([9.996, 99.96, 999.6, 999_600.0].map(rate), ["10.0", "100", "1.00k", "1.00M"]);
        assert_eq!([0.000_999_6, 0.9996].map(seconds), ["1.00 ms", "1.00 s"]);
        assert_eq!([0.0499, 99.96, 9999.6].map(percent), ["<0.1", "100", "10.0k"]);
    }

    #[test]
    fn nothing_is_wider_than_its_column() {
        let mut number = 1e-13;
        while number < 1e25 {
            for number in [number, number * 0.9996, number * 9.9951] {
                assert!(rate(number).chars().count() <= 5 || number > 9e14, "{}", rate(number));
                assert!(percent(number).chars().count() <= 5 || number > 9e14);
                let time = Duration::try_from_secs_f64(number).map_or(Duration::MAX, |time| time);
                assert!(super::time(time).chars().count() <= 7, "{}", super::time(time));
            }
            number *= 3.7;
        }
        assert!(
            (0..64).all(|bit| bytes(1 << bit).len() <= 7 && count(1 << bit).len() <= 5 || bit > 49)
        );
        assert_eq!(time(Duration::MAX), ">9999 d");
    }

    #[test]
    fn spans_have_two_units() {
        let span = |seconds| span(Duration::from_secs(seconds));
        assert_eq!([0, 12, 60, 185].map(span), ["0s", "12s", "1m", "3m 05s"]);
        assert_eq!([3600, 9000, 100_000].map(span), ["1h", "2h 30m", "1d 03h"]);
        assert_eq!(super::span(Duration::from_millis(500)), "500ms");
    }
}
