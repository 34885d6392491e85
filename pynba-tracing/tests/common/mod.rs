//! What the tests share.
#![allow(dead_code, unreachable_pub, reason = "not every test uses all of it")]

use std::future::Future;
use std::time::Duration;

use pynba::Reporter;
use pynba::testing::Captured;
use pynba_tracing::PinbaLayer;
use tracing_subscriber::prelude::*;

/// Longer than any test takes.
pub const LONG: Duration = Duration::from_secs(30);

/// Its requests are captured, so nothing listens there.
pub fn reporter() -> Reporter {
    Reporter::builder().server("127.0.0.1:9").build().expect("an address")
}

/// Captures the requests of `act` on this thread, where the layer sees the spans.
pub fn capture<R>(layer: PinbaLayer, act: impl FnOnce() -> R) -> Vec<Captured> {
    let _guard = tracing_subscriber::registry().with(layer).set_default();
    pynba::testing::capture(act)
}

/// The same inside one request.
pub fn capture_one<R>(layer: PinbaLayer, act: impl FnOnce() -> R) -> Captured {
    let reporter = reporter();
    let mut requests = capture(layer, || {
        let _request = reporter.open("/test");
        act()
    });
    assert_eq!(requests.len(), 1, "{requests:#?}");
    requests.remove(0)
}

/// Runs the future on a runtime of one thread, not for ever.
pub fn block_on<R>(future: impl Future<Output = R>) -> R {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let future = async { tokio::time::timeout(LONG, future).await.expect("in time") };
    runtime.expect("a runtime").block_on(future)
}

/// The tags of each timer, `name=value name=value`, sorted.
pub fn timers(request: &Captured) -> Vec<String> {
    let mut timers: Vec<_> = request.timers().iter().map(|timer| pairs(&timer.tags)).collect();
    timers.sort();
    timers
}

pub fn tags(request: &Captured) -> String {
    pairs(&request.tags())
}

fn pairs(tags: &[(String, String)]) -> String {
    let pairs: Vec<_> = tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join(" ")
}

/// The time of the timer of this span, in seconds.
pub fn time(request: &Captured, span: &str) -> f32 {
    let tag = ("span".to_owned(), span.to_owned());
    let timer = request.timers().into_iter().find(|timer| timer.tags.contains(&tag));
    timer.unwrap_or_else(|| panic!("no timer of {span}: {:?}", request.timers())).value
}
