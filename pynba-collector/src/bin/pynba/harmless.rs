//! Numbers and texts as people read them.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Three digits that count: `1.50`, `12.3`, `250`. Larger numbers have as many as they need.
fn three_digits(number: f64) -> String {
    // From where a fraction with one digit more would be rounded up to four digits.
    let decimals = match number.abs() {
        small if small < 9.995 => 2,
        medium if medium < 99.95 => 1,
        _ => 0,
    };
    format!("{number:.decimals$}")
}

/// A time: `0`, `950 ns`, `1.50 ms`, `12.3 s`, `2.50 min`.
pub(crate) fn seconds(seconds: f64) -> String {
    /// The unit, its seconds, and up to how many seconds it is used.
    const UNITS: [(&str, f64, f64); 6] = [
        ("ns", 1e-9, 999.5e-9),
        ("µs", 1e-6, 999.5e-6),
        ("ms", 1e-3, 999.5e-3),
        ("s", 1.0, 99.95),
        ("min", 60.0, 99.95 * 60.0),
        ("h", 3600.0, 99.95 * 3600.0),
    ];
    if seconds == 0.0 {
        return "0".into();
    }
    let unit = UNITS.iter().find(|(.., below)| seconds.abs() < *below);
    let (unit, size, _) = unit.unwrap_or(&("d", 86_400.0, 0.0));
    format!("{} {unit}", three_digits(seconds / size))
}

/// A number of bytes: `0`, `512 B`, `12.3 KB`, in thousands as filters have them.
pub(crate) fn bytes(bytes: f64) -> String {
    const UNITS: [(&str, f64); 4] = [("B", 1.0), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9)];
    if bytes == 0.0 {
        return "0".into();
    }
    let unit = UNITS.iter().find(|(_, size)| bytes < size * 999.5);
    match unit.unwrap_or(&("TB", 1e12)) {
        ("B", _) if bytes >= 1.0 => format!("{bytes:.0} B"),
        (unit, size) => format!("{} {unit}", three_digits(bytes / size)),
    }
}

/// How many: exactly up to a million.
pub(crate) fn count(count: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits of it are shown")]
    let float = count as f64;
    match count {
        0..1_000_000 => count.to_string(),
        1_000_000..999_500_000 => format!("{} M", three_digits(float / 1e6)),
        _ => format!("{} G", three_digits(float / 1e9)),
    }
}

/// How many in a second, and other numbers with a fraction.
pub(crate) fn rate(rate: f64) -> String {
    match rate {
        0.0 => "0".into(),
        small if small < 0.005 => "<0.01".into(),
        rate if rate < 999_500.0 => three_digits(rate),
        rate => format!("{} M", three_digits(rate / 1e6)),
    }
}

pub(crate) fn percent(percent: f64) -> String {
    match percent {
        0.0 => "0".into(),
        small if small < 0.05 => "<0.1".into(),
        percent => format!("{percent:.1}"),
    }
}

/// The text without anything that drives a terminal: who sends packets must not move the cursor, change colours, or
/// turn the direction of what is written behind. Empty text is `-`.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    if text.is_empty() {
        return "-".into();
    }
    if !text.contains(drives_a_terminal) {
        return text.into();
    }
    let mut harmless = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        if drives_a_terminal(char) {
            let _ = write!(harmless, "{}", char.escape_default());
        } else {
            harmless.push(char);
        }
    }
    harmless.into()
}

/// Control characters of ASCII and of Unicode, separators of lines, and what turns the direction of writing.
pub(crate) fn drives_a_terminal(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{061c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        for (given, shown) in [
            (0.0, "0"),
            (2e-9, "2.00 ns"),
            (999.4e-9, "999 ns"),
            (999.6e-9, "1.00 µs"),
            (12.34e-6, "12.3 µs"),
            (0.0015, "1.50 ms"),
            (0.25, "250 ms"),
            (0.999_4, "999 ms"),
            (0.999_6, "1.00 s"),
            (9.996, "10.0 s"),
            (99.9, "99.9 s"),
            (100.0, "1.67 min"),
            (7200.0, "2.00 h"),
            (864_000.0, "10.0 d"),
        ] {
            assert_eq!(seconds(given), shown, "{given}");
        }
        let longest = (0..1_000_000).map(|step| seconds(f64::from(step) * 0.001).len()).max();
        assert_eq!(longest, Some("1.67 min".len()));
    }

    #[test]
    fn sizes_go_by_thousands() {
        for (given, shown) in [
            (0.0, "0"),
            (0.5, "0.50 B"),
            (512.0, "512 B"),
            (999.4, "999 B"),
            (999.6, "1.00 KB"),
            (12_345.0, "12.3 KB"),
            (2_097_152.0, "2.10 MB"),
            (4e9, "4.00 GB"),
            (5e15, "5000 TB"),
        ] {
            assert_eq!(bytes(given), shown, "{given}");
        }
    }

    #[test]
    fn numbers_stay_short() {
        assert_eq!([0, 999_999, 1_000_000].map(count), ["0", "999999", "1.00 M"]);
        assert_eq!([999_499_999, 999_500_000].map(count), ["999 M", "1.00 G"]);
        assert_eq!(
            [0.0, 0.001, 0.1, 12.34, 1234.5].map(rate),
            ["0", "<0.01", "0.10", "12.3", "1234"]
        );
        assert_eq!(rate(2e6), "2.00 M");
        assert_eq!([0.0, 0.01, 12.34, 100.0].map(percent), ["0", "<0.1", "12.3", "100.0"]);
    }

    #[test]
    fn texts_cannot_drive_the_terminal() {
        assert!(matches!(text("/größe/👩‍💻?q=\\"), Cow::Borrowed("/größe/👩‍💻?q=\\")));
        assert_eq!(text(""), "-");
        assert_eq!(text("a\x1b[2Jb\r\n\x07\x7f"), "a\\u{1b}[2Jb\\r\\n\\u{7}\\u{7f}");
        assert_eq!(text("\u{9b}31m\u{202e}txt"), "\\u{9b}31m\\u{202e}txt");
    }
}
