//! An option cannot wait: the request is open on the thread while it is computed.

use pynba::monitor;
use std::future::ready;

#[monitor(
    prefix = ready("a").await,
    script_name = format!("/users/{}", ready(1).await),
    tags(kind = "user", plan = [ready("free").await], later = || async { ready(1).await }),
    enabled = ready(true).await,
)]
async fn handler() {}

#[monitor(schema = ready("https").await)]
fn no_async_fn() -> impl Future<Output = ()> {
    ready(())
}

fn main() {}
