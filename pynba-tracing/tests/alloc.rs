//! What spans cost on the heap, once it is warm.
#![cfg(feature = "enable")]

mod common;

use allocation_counter::measure;
use common::reporter;
use pynba::{Reporter, Transport};
use pynba_tracing::{PinbaLayer, SpanTime};
use tracing::info_span;
use tracing_subscriber::prelude::*;

/// Allocations of what is done for the hundredth time.
fn warm(act: impl Fn()) -> u64 {
    for _ in 0..100 {
        act();
    }
    measure(act).count_total
}

fn spans() {
    info_span!("a", table = "users").in_scope(|| info_span!("b", rows = 3).in_scope(|| ()));
}

#[test]
fn a_timer_takes_one_allocation() {
    let layer = PinbaLayer::new().with_fields(["table", "rows"]).with_target(true);
    let _guard = tracing_subscriber::registry().with(layer).set_default();
    let reporter = reporter();
    let _request = reporter.open("/test");
    let ten = || {
        for _ in 0..5 {
            spans();
        }
        pynba::current().reset();
    };
    // The registry puts what a layer keeps with a span into a box.
    assert_eq!(warm(ten), 10);
}

#[test]
fn outside_a_request_nothing_is_allocated() {
    let layer = PinbaLayer::new().with_fields(["table", "rows"]).with_time(SpanTime::Entered);
    let _guard = tracing_subscriber::registry().with(layer).set_default();
    assert_eq!(warm(spans), 0);
}

#[test]
fn a_request_takes_two_allocations_more() {
    #[derive(Clone)]
    struct Nowhere;
    impl Transport for Nowhere {
        fn send(&self, _: &[u8]) -> std::io::Result<()> {
            Ok(())
        }
    }
    let reporter = Reporter::builder().transport(Nowhere).build().unwrap();
    let layer = PinbaLayer::new().with_fields(["id"]).with_requests(&reporter, |_| true);
    let _guard = tracing_subscriber::registry().with(layer).set_default();
    assert_eq!(warm(|| info_span!("job", id = 7).in_scope(spans)), 2 + 2);
}
