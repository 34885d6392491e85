//! Without the feature `enable` the layer is there, and does nothing.
#![cfg(not(feature = "enable"))]

mod common;

use common::{capture, reporter};
use pynba_tracing::{PinbaLayer, SpanTime};
use tracing::info_span;

#[test]
fn nothing_is_recorded() {
    let reporter = reporter();
    let layer = PinbaLayer::new()
        .with_requests(&reporter, |_| panic!("nobody asks"))
        .with_fields(["field"])
        .with_time(SpanTime::Entered)
        .errors_are_failures(true);
    let requests = capture(layer, || {
        let _request = reporter.open("/test");
        let span = info_span!("a", field = 1).entered();
        span.record("field", 2);
        tracing::error!("not seen");
    });
    assert!(requests.is_empty());
}
