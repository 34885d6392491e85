//! A program that knows `pynba` only as `renamed`, or through its own re-export.
#![deny(warnings, clippy::pedantic, clippy::nursery)]

/// What a framework would do that brings `pynba` along.
pub mod metrics {
    pub use renamed as reexported;
}

use std::future::Future;
use std::pin::Pin;

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

/// An asynchronous function of every option, in the edition before the last.
///
/// # Errors
///
/// When told to.
#[monitor(
    crate = ::renamed,
    prefix = "renamed:",
    tags(fails, plan = "gold"),
    document_size = |result| u64::from(result.is_ok()),
    enabled = true,
)]
pub async fn async_handler(fails: bool) -> Result<String, String> {
    let _timer = timer!(crate = ::renamed, group = "db");
    let lock = std::sync::Mutex::new(async_helper(String::from("told")).await);
    if fails {
        return Err(lock.lock().map_or_else(|_| String::new(), |text| text.clone()));
    }
    boxed_helper("to").await
}

#[timed(crate = ::renamed, group = "helper", text)]
fn async_helper(text: String) -> impl Future<Output = String> + Send {
    let told = text.repeat(2);
    drop(text);
    async move { told }
}

#[monitor(crate = crate::metrics::reexported)]
fn boxed_helper(text: &str) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + '_>> {
    Box::pin(async move { std::future::ready(Ok(text.parse().map_err(|_| "never")?)).await })
}

/// Never comes back, which this edition takes for a `()` where nothing says otherwise.
#[monitor(crate = ::renamed)]
pub async fn async_never() -> ! {
    loop {
        std::future::pending::<()>().await;
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
