//! The layer among others.
#![cfg(feature = "enable")]

mod common;

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use common::{reporter, timers};
use pynba::testing::{self, Captured};
use pynba_tracing::{PinbaLayer, SpanTime};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::{Level, Subscriber, debug_span, info_span};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Context;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, registry, reload};

/// Captures the requests of `act`, where this subscriber sees the spans, and `/test` around it.
fn capture<R>(subscriber: impl Subscriber + Send + Sync, act: impl FnOnce() -> R) -> Vec<Captured> {
    let _guard = subscriber.set_default();
    let reporter = reporter();
    testing::capture(|| {
        let _request = reporter.open("/test");
        act()
    })
}

fn spans() {
    debug_span!("debug").in_scope(|| info_span!(target: "db", "info").in_scope(|| ()));
}

#[test]
fn filters_of_the_layer_work() {
    let subscriber = registry().with(
        PinbaLayer::new()
            .with_max_level(Level::TRACE)
            .with_filter(filter_fn(|span| span.target() == "db")),
    );
    assert_eq!(timers(&capture(subscriber, spans)[0]), ["span=info"]);

    let layer = PinbaLayer::new().with_max_level(Level::TRACE).with_filter(LevelFilter::DEBUG);
    let requests = capture(registry().with(layer), spans);
    assert_eq!(timers(&requests[0]), ["span=debug", "span=info"]);
}

#[test]
fn a_parent_that_is_filtered_out_is_passed_over() {
    let layer = PinbaLayer::new().with_filter(LevelFilter::INFO);
    // Somebody else wants the spans between.
    let requests = capture(registry().with(layer).with(Counts::default()), || {
        let span = info_span!("first").in_scope(|| debug_span!("between"));
        let dispatch = tracing::dispatcher::get_default(Clone::clone);
        thread::spawn(move || {
            tracing::dispatcher::with_default(&dispatch, || {
                span.in_scope(|| info_span!("last").in_scope(|| ()));
            });
        })
        .join()
        .unwrap();
    });
    assert_eq!(timers(&requests[0]), ["span=first", "span=last"]);
}

/// Counts the spans that it sees.
#[derive(Clone, Default)]
struct Counts(Arc<AtomicUsize>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Counts {
    fn on_new_span(&self, _: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn other_layers_see_what_they_saw_before() {
    let counts = Counts::default();
    let layer = PinbaLayer::new().with_max_level(LevelFilter::OFF).with_spans(|_| false);
    let requests = capture(registry().with(counts.clone()).with(layer), spans);
    assert!(timers(&requests[0]).is_empty());
    assert_eq!(counts.0.load(Ordering::Relaxed), 2);
}

#[test]
fn two_layers_keep_out_of_each_others_way() {
    let first = PinbaLayer::new().with_fields(["rows"]);
    let second = PinbaLayer::new().with_target(true).with_time(SpanTime::Entered);
    let requests = capture(registry().with(first).with(second), || {
        let span = info_span!(target: "db", "info", rows = tracing::field::Empty);
        span.in_scope(|| ());
        span.record("rows", 3);
    });
    assert_eq!(timers(&requests[0]), ["rows=3 span=info", "span=info target=db"]);
}

#[test]
fn one_layer_may_make_the_requests_and_another_one_the_timers() {
    let requests = PinbaLayer::new()
        .with_max_level(LevelFilter::OFF)
        .with_requests(&reporter(), |span| span.name() == "job");
    let timers_of = PinbaLayer::new().with_filter(LevelFilter::INFO);
    let _guard = registry().with(requests).with(timers_of).set_default();
    let requests = testing::capture(|| info_span!("job").in_scope(spans));
    assert_eq!(requests[0].script_name, "job");
    assert_eq!(timers(&requests[0]), ["span=info"]);
}

#[test]
fn a_layer_finds_the_requests_of_another_one() {
    let requests = PinbaLayer::new()
        .with_max_level(LevelFilter::OFF)
        .with_requests(&reporter(), |span| span.name() == "job");
    let _guard = registry().with(requests).with(PinbaLayer::new()).set_default();
    let requests = testing::capture(|| {
        let job = info_span!("job");
        job.in_scope(|| ());
        // Where the request is not current.
        info_span!(parent: &job, "child").in_scope(|| ());
    });
    assert_eq!(timers(&requests[0]), ["span=child"]);
}

#[test]
fn a_boxed_layer_and_one_that_is_left_out() {
    let layers: Vec<Box<dyn Layer<_> + Send + Sync>> =
        vec![PinbaLayer::new().boxed(), None::<PinbaLayer>.boxed()];
    assert_eq!(timers(&capture(registry().with(layers), spans)[0]), ["span=info"]);
}

#[test]
fn settings_may_change_while_spans_are_open() {
    let (layer, handle) = reload::Layer::new(PinbaLayer::new());
    let requests = capture(registry().with(layer), || {
        let span = info_span!("before").entered();
        let change = |layer: &mut PinbaLayer| {
            *layer = mem::take(layer).with_target(true).with_max_level(Level::DEBUG);
        };
        handle.modify(change).unwrap();
        debug_span!(target: "db", "after").in_scope(|| ());
        drop(span);
    });
    assert_eq!(timers(&requests[0]), ["span=after target=db", "span=before"]);
}

#[test]
fn another_layer_takes_over_open_spans() {
    let of = |time| PinbaLayer::new().with_time(time).with_fields(["rows"]);
    for time in [SpanTime::Open, SpanTime::Entered] {
        let (layer, handle) = reload::Layer::new(of(time));
        let requests = capture(registry().with(layer), || {
            let span = info_span!("before", rows = 1).entered();
            handle.reload(of(SpanTime::Open)).unwrap();
            span.record("rows", 2);
            span.in_scope(|| info_span!("after").in_scope(|| ()));
        });
        assert_eq!(timers(&requests[0]), ["rows=2 span=before", "span=after"], "{time:?}");
    }
}

#[test]
fn another_layer_takes_over_open_requests() {
    let of_jobs = || PinbaLayer::new().with_requests(&reporter(), |span| span.name() == "job");
    let (layer, handle) = reload::Layer::new(of_jobs());
    let _guard = registry().with(layer).set_default();
    let requests = testing::capture(|| {
        let span = info_span!("job").entered();
        handle.reload(of_jobs()).unwrap();
        info_span!("inside").in_scope(|| ());
        let span = span.exit();
        assert!(!pynba::current().is_active());
        drop(span);
        info_span!("job").in_scope(|| ());
    });
    let names: Vec<_> = requests.iter().map(|request| request.script_name.as_str()).collect();
    assert_eq!(names, ["job", "job"]);
    assert_eq!(timers(&requests[0]), ["span=inside"]);
}

#[test]
fn a_layer_that_is_taken_away_leaves_nothing_behind() {
    for time in [SpanTime::Open, SpanTime::Entered] {
        let layer = PinbaLayer::new()
            .with_time(time)
            .with_requests(&reporter(), |span| span.name() == "job");
        let (layer, handle) = reload::Layer::new(Some(layer));
        let _guard = registry().with(layer).set_default();
        let requests = testing::capture(|| {
            let job = info_span!("job").entered();
            let span = info_span!("before").entered();
            handle.reload(None).unwrap();
            info_span!("after").in_scope(|| ());
            drop(span);
            drop(job);
            assert!(!pynba::current().is_active());
        });
        assert_eq!(requests[0].script_name, "job");
        assert_eq!(timers(&requests[0]), ["span=before"], "{time:?}");
    }
}
