//! What several commands read from their arguments.

use std::time::Duration;

use bytesize::ByteSize;

/// `10s`, `500ms`, `1h 30m`.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| "write a number with its unit, such as `10s`, `500ms` or `15m`".into())
}

/// `256MB`, `1GiB`.
pub(crate) fn memory(text: &str) -> Result<usize, String> {
    /// Less than one burst takes.
    const LEAST: ByteSize = ByteSize::mb(1);
    let size: ByteSize = text.parse().map_err(|_| "write a size, such as `256MB` or `1GiB`")?;
    if size < LEAST {
        return Err("too little to keep requests in; write `1MB` at least".into());
    }
    usize::try_from(size.as_u64()).map_err(|_| "more than this machine can address".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_need_a_unit() {
        assert_eq!(time("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(time("0s"), Ok(Duration::ZERO));
        for wrong in ["", "10", "soon", "-1s", "1.5 parsecs"] {
            assert!(time(wrong).unwrap_err().contains("such as `10s`"), "{wrong}");
        }
    }

    #[test]
    fn memory_is_a_size() {
        assert_eq!(memory("256MB"), Ok(256_000_000));
        assert_eq!(memory("1 GiB"), Ok(1 << 30));
        for (wrong, said) in
            [("", "such as"), ("much", "such as"), ("-1MB", "such as"), ("12", "at least")]
        {
            assert!(memory(wrong).unwrap_err().contains(said), "{wrong}");
        }
    }
}
