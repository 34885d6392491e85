//! A request as text, for `--dry-run`.

use std::fmt;

use pynba_runtime::testing::Captured;

use crate::harmless;

/// One line for each field that says something, and for each timer.
pub(super) struct Shown<'a>(pub(super) &'a Captured);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(request) = self;
        let schema = request.schema.as_deref().unwrap_or_default();
        for (name, text) in [
            ("hostname", &*request.hostname),
            ("server_name", &*request.server_name),
            ("script_name", &*request.script_name),
            ("schema", schema),
        ] {
            if !text.is_empty() {
                writeln!(f, "{name:<16} {}", harmless::text(text))?;
            }
        }
        writeln!(f, "{:<16} {}", "status", request.status.unwrap_or_default())?;
        writeln!(f, "{:<16} {} s", "request_time", request.request_time)?;
        for (name, seconds) in [("ru_utime", request.ru_utime), ("ru_stime", request.ru_stime)] {
            if seconds > 0.0 {
                writeln!(f, "{name:<16} {seconds} s")?;
            }
        }
        for (name, bytes) in [
            ("document_size", request.document_size),
            ("memory_peak", request.memory_peak),
            ("memory_footprint", request.memory_footprint.unwrap_or_default()),
        ] {
            if bytes > 0 {
                writeln!(f, "{name:<16} {bytes} bytes")?;
            }
        }
        for pair in request.tags() {
            writeln!(f, "{:<16} {}", "tag", of_pair(&pair))?;
        }
        for timer in request.timers() {
            write!(f, "{:<16} {} s ×{}", "timer", timer.value, timer.hit_count)?;
            timer.tags.iter().try_for_each(|pair| write!(f, " {}", of_pair(pair)))?;
            writeln!(f)?;
        }
        Ok(())
    }
}

fn of_pair((name, value): &(String, String)) -> String {
    harmless::text(&format!("{name}={value}")).into_owned()
}
