//! A program that knows `pynba` only as `renamed`, or through its own re-export.
#![deny(warnings, clippy::pedantic, clippy::nursery)]

/// What a framework would do that brings `pynba` along.
pub mod metrics {
    pub use renamed as reexported;
}

use renamed::{monitor, tags, timed, timer, Reporter, Tags, TimerGuard};

/// Hides the name of the crate, as the macro of a framework would.
#[macro_export]
macro_rules! measure {
    ($name:ident => $work:expr) => {
        $crate::metrics::reexported::timer!(
            crate = $crate::metrics::reexported, $name = "measured", kind = $name => $work
        )
    };
}

/// Every option at once.
///
/// # Errors
///
/// When told to.
#[monitor(
    "127.0.0.1:30002",
    crate = ::renamed,
    prefix = "renamed:",
    tags(fails, plan = "gold"),
    status = |result| result.as_ref().map_or(503, |()| 200),
    document_size = |_result| 1,
    rusage = "off",
    enabled = true,
)]
pub fn handler(fails: bool) -> Result<(), String> {
    let kind = 1;
    let _timer = timer!(crate = ::renamed, group = "db", kind);
    timer!(crate = crate::metrics::reexported, group = "one" => helper(kind));
    if fails {
        return Err(String::from("told to"));
    }
    Ok(())
}

/// With a reporter, and the default status.
///
/// # Errors
///
/// Never.
#[monitor(reporter, crate = crate::metrics::reexported)]
pub fn reported(reporter: &Reporter) -> Result<(), String> {
    Ok(())
}

#[timed(crate = ::renamed, group = "helper", depth)]
fn helper(depth: u8) {
    if depth > 0 {
        helper(depth - 1);
    }
}

/// Tags of both kinds.
#[must_use]
pub fn both(dynamic: &str) -> (Tags, Tags) {
    (tags!(crate = ::renamed, a = 1), tags!(crate = ::renamed, a = 1, dynamic))
}

/// A guard as the tail of a function, where this edition drops temporaries last.
pub fn tail() -> TimerGuard {
    let name = String::from("x");
    timer!(crate = ::renamed, name = name.as_str(), upper = name.to_uppercase())
}

/// What the work borrows from lives as long as without the macro.
#[must_use]
pub fn temporaries(lock: &std::sync::Mutex<String>) -> usize {
    timer!(crate = ::renamed, a = "b" => lock.lock().map_or(0, |text| text.len()))
}
