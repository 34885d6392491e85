//! Tasks of tokio whose work is part of the request that spawned them.
//!
//! Outside a request these are tokio's own functions.

use std::future::Future;

use tokio::task::JoinHandle;

use crate::current;

/// [`tokio::spawn`], and what the task measures joins the current request.
///
/// ```
/// # use pynba_runtime::{Reporter, testing};
/// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// let requests = runtime.block_on(testing::capture_async(reporter.monitor("/report", async {
///     let task = pynba_runtime::task::spawn(async {
///         pynba_runtime::current().tag("plan", "free");
///     });
///     task.await.expect("it does not panic");
/// })));
/// # if cfg!(feature = "enable") {
/// assert_eq!(requests[0].tags(), [("plan".to_owned(), "free".to_owned())]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
///
/// Outside of a tokio runtime, as [`tokio::spawn`].
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    match current().handle() {
        Some(handle) => tokio::spawn(handle.instrument(future)),
        None => tokio::spawn(future),
    }
}

/// [`tokio::task::spawn_blocking`], and what the function measures joins the current request.
///
/// ```
/// # use pynba_runtime::{Reporter, testing};
/// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// let requests = runtime.block_on(testing::capture_async(reporter.monitor("/report", async {
///     let task = pynba_runtime::task::spawn_blocking(|| pynba_runtime::current().set_status(202));
///     task.await.expect("it does not panic");
/// })));
/// # if cfg!(feature = "enable") {
/// assert_eq!(requests[0].status, Some(202));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
///
/// Outside of a tokio runtime, as [`tokio::task::spawn_blocking`].
#[track_caller]
pub fn spawn_blocking<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> JoinHandle<R> {
    match current().handle() {
        Some(handle) => tokio::task::spawn_blocking(move || handle.run(work)),
        None => tokio::task::spawn_blocking(work),
    }
}
