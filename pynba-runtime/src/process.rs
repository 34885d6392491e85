//! What holds for the whole process: the switch and the reporter.

use std::env;
use std::sync::{PoisonError, RwLock};

use once_cell::sync::OnceCell;

use crate::reporter::Reporter;
use crate::{ENABLED, diagnostics, local};

static REPORTER: RwLock<Option<Reporter>> = RwLock::new(None);

/// Sets the reporter for every `#[monitor]` without a server. The one set last holds for the requests that
/// begin after it.
///
/// Where none is set, one is made from the environment variable `PINBA_SERVER` (`host:port`, several
/// separated by commas) when the first such request begins. With neither, nothing is recorded.
pub fn set_reporter(reporter: Reporter) {
    *REPORTER.write().unwrap_or_else(PoisonError::into_inner) = Some(reporter);
}

/// The process's reporter.
pub(crate) fn reporter() -> Option<Reporter> {
    static FROM_ENVIRONMENT: OnceCell<Option<Reporter>> = OnceCell::new();
    let set = REPORTER.read().unwrap_or_else(PoisonError::into_inner).clone();
    set.or_else(|| FROM_ENVIRONMENT.get_or_init(from_environment).clone())
}

fn from_environment() -> Option<Reporter> {
    let servers = env::var("PINBA_SERVER").ok()?;
    let built = Reporter::builder().servers(servers).build();
    built.inspect_err(|error| diagnostics::misconfigured("PINBA_SERVER", error)).ok()
}

/// Whether requests are recorded at all. `PINBA_ENABLED=0` says no, but not to a test that captures what
/// it measures: nothing is sent there anyway.
pub(crate) fn is_recording() -> bool {
    ENABLED && (is_enabled() || local::is_capturing())
}

fn is_enabled() -> bool {
    static SWITCH: OnceCell<bool> = OnceCell::new();
    *SWITCH.get_or_init(|| env::var("PINBA_ENABLED").map_or(true, |value| !is_no(&value)))
}

fn is_no(value: &str) -> bool {
    ["0", "false", "no", "off"].iter().any(|no| value.trim().eq_ignore_ascii_case(no))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_switch() {
        for no in ["0", "false", "FALSE", "off", "no", " 0 "] {
            assert!(is_no(no), "{no}");
        }
        for yes in ["1", "true", "", "on"] {
            assert!(!is_no(yes), "{yes}");
        }
    }
}
