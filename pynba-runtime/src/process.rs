//! What holds for the whole process: the switch and the reporter.

use std::env;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{PoisonError, RwLock};

use once_cell::sync::OnceCell;

use crate::reporter::Reporter;
use crate::{ENABLED, Error, diagnostics, local};

static REPORTER: RwLock<Option<Reporter>> = RwLock::new(None);

/// Sets the reporter for every `#[monitor]` without a server. The one set last holds for the requests that
/// begin after it.
///
/// Where none is set, one is made from the environment variable `PINBA_SERVER` (`host:port`, several
/// separated by commas) when the first such request begins. With neither, nothing is recorded.
///
/// ```
/// # use pynba_runtime::{Reporter, set_reporter};
/// let reporter = Reporter::builder().server("127.0.0.1:30002").prefix("shop:").build()?;
/// set_reporter(reporter.clone());
/// // Run the program, and at its end tell what became of it.
/// println!("{}", reporter.stats());
/// # Ok::<(), pynba_runtime::Error>(())
/// ```
pub fn set_reporter(reporter: Reporter) {
    let before = REPORTER.write().unwrap_or_else(PoisonError::into_inner).replace(reporter);
    // Not under the lock: with the last reporter goes its transport, which is foreign code.
    drop(before);
}

/// The process's reporter.
pub(crate) fn reporter() -> Option<Reporter> {
    static FROM_ENVIRONMENT: OnceCell<Option<Reporter>> = OnceCell::new();
    let set = REPORTER.read().unwrap_or_else(PoisonError::into_inner).clone();
    set.or_else(|| {
        let mut complaint = None;
        let made = FROM_ENVIRONMENT
            .get_or_init(|| from_environment()?.map_err(|error| complaint = Some(error)).ok())
            .clone();
        // Only now: the logger may come back here.
        if let Some(error) = complaint {
            diagnostics::misconfigured("PINBA_SERVER", &error);
        }
        made
    })
}

fn from_environment() -> Option<Result<Reporter, Error>> {
    let servers = env::var("PINBA_SERVER").ok().filter(|servers| !servers.trim().is_empty())?;
    Some(Reporter::builder().servers(servers).build())
}

/// Whether a request may be opened. `PINBA_ENABLED=0` says no, but not to a test that captures what it
/// measures: nothing is sent there anyway. Nor is what sends a packet measured itself.
#[inline]
pub(crate) fn is_on() -> bool {
    ENABLED && !local::is_quiet() && (is_enabled() || local::is_capturing())
}

/// What `PINBA_ENABLED` says.
#[inline]
pub(crate) fn is_enabled() -> bool {
    /// Each request looks at it, for which a cell that is filled once takes twice as long.
    static SWITCH: AtomicU8 = AtomicU8::new(UNKNOWN);
    match SWITCH.load(Ordering::Relaxed) {
        UNKNOWN => read_switch(&SWITCH) == ON,
        known => known == ON,
    }
}

const UNKNOWN: u8 = 0;
const ON: u8 = 1;
const OFF: u8 = 2;

#[cold]
fn read_switch(switch: &AtomicU8) -> u8 {
    let is_off = env::var("PINBA_ENABLED").is_ok_and(|value| is_no(&value));
    // Nobody sees it change: another thread may only read the same.
    let read = if is_off { OFF } else { ON };
    match switch.compare_exchange(UNKNOWN, read, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => read,
        Err(before) => before,
    }
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
