//! Times, sizes and counts as arguments have them.

use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;

const TIME: &str = "write seconds such as `0.25`, or with a unit: `250ms`, `1.5s`, `2m 30s`";
const SIZE: &str = "write bytes such as `48000`, or with a unit: `48k`, `1.5MB`, `64KiB`";

/// Seconds, or numbers with units.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if text.starts_with('-') {
        return Err(format!("a time is not negative; {TIME}"));
    }
    match text.parse::<f64>() {
        Ok(seconds) if !seconds.is_finite() => Err(format!("that is no finite number; {TIME}")),
        Ok(seconds) => Duration::try_from_secs_f64(seconds)
            .map_err(|_| format!("that is longer than the universe; {TIME}")),
        Err(_) => humantime::parse_duration(text).map_err(|_| format!("that is no time; {TIME}")),
    }
}

/// Bytes, or a number with a unit.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    if text.starts_with('-') {
        return Err(format!("a size is not negative; {SIZE}"));
    }
    let size: Result<ByteSize, _> = text.parse();
    size.map(|size| size.as_u64()).map_err(|_| format!("that is no size; {SIZE}"))
}

/// How many.
pub(crate) fn count<T: FromStr>(text: &str) -> Result<T, &'static str> {
    text.trim().parse().map_err(|_| "write a whole number, such as `100`")
}

/// How many, if any.
pub(crate) fn some<T: FromStr + Default + PartialEq>(text: &str) -> Result<T, &'static str> {
    let some = Some(count(text)?).filter(|count| *count != T::default());
    some.ok_or("that is nothing; write a number from 1 on, such as `100`")
}

/// How long, if at all.
pub(crate) fn some_time(text: &str) -> Result<Duration, String> {
    let some = Some(time(text)?).filter(|time| !time.is_zero());
    some.ok_or_else(|| "that is no time at all; write more, such as `10s`".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times() {
        for (text, millis) in [
            ("0", 0),
            ("1.5", 1_500),
            (".25", 250),
            ("1e3", 1_000_000),
            ("250ms", 250),
            ("1.5s", 1_500),
            ("1m30s", 90_000),
            ("2h", 7_200_000),
        ] {
            assert_eq!(time(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(time("12us"), Ok(Duration::from_micros(12)));
    }

    #[test]
    fn says_what_is_no_time() {
        for (text, problem) in [
            ("-1", "not negative"),
            ("-250ms", "not negative"),
            ("NaN", "no finite number"),
            ("inf", "no finite number"),
            ("1e300", "longer"),
            ("", "no time"),
            ("soon", "no time"),
            ("1,5", "no time"),
            ("3 apples", "no time"),
        ] {
            let error = time(text).unwrap_err();
            assert!(error.contains(problem) && error.contains("`250ms`"), "{text}: {error}");
        }
    }

    #[test]
    fn reads_sizes() {
        for (text, bytes) in
            [("0", 0), ("48000", 48_000), ("48k", 48_000), ("64KiB", 65_536), ("1.5MB", 1_500_000)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["-1", "", "many", "NaN", "12 parsecs"] {
            let error = size(text).unwrap_err();
            assert!(error.contains("`64KiB`"), "{text}: {error}");
        }
    }
}
