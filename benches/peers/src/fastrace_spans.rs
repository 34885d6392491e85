//! The workloads as spans of `fastrace`.

use std::borrow::Cow;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fastrace::collector::{Config, Reporter, SpanContext, SpanRecord};
use fastrace::prelude::{LocalSpan, Span};

static REPORTED: AtomicUsize = AtomicUsize::new(0);

/// Counts the spans and drops them.
struct Nowhere;

impl Reporter for Nowhere {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        REPORTED.fetch_add(spans.len(), Ordering::Relaxed);
    }
}

pub(crate) fn start() {
    // Its queue holds some five thousand requests and drops the rest; with the default of a second it would be full
    // most of the time.
    let config = Config::default().report_interval(Duration::from_millis(5));
    fastrace::set_reporter(Nowhere, config);
}

pub(crate) fn reported() -> usize {
    REPORTED.load(Ordering::Relaxed)
}

pub(crate) fn named(name: &str) -> fn() {
    match name {
        "w0" => || request("w0", 0),
        "w10" => || request("w10", 2),
        "w100" => || request("w100", 20),
        "d10" => d10,
        other => panic!("no workload {other}"),
    }
}

fn request(name: &'static str, fives: u32) {
    let root = Span::root(name, SpanContext::random());
    let _parent = root.set_local_parent();
    for _ in 0..fives {
        drop(timer("db", "select"));
        drop(timer("db", "update"));
        drop(timer("cache", "get"));
        drop(timer("cache", "set"));
        drop(timer("render", "page"));
    }
}

#[inline]
fn timer(group: &'static str, op: &'static str) -> LocalSpan {
    LocalSpan::enter_with_local_parent("timer").with_properties(|| [("group", group), ("op", op)])
}

fn d10() {
    let root = Span::root("d10", SpanContext::random());
    let _parent = root.set_local_parent();
    for shard in 0..2_u32 {
        let shard = black_box(shard);
        drop(sharded("select", shard));
        drop(sharded("update", shard));
        drop(sharded("get", shard));
        drop(sharded("set", shard));
        drop(sharded("page", shard));
    }
}

#[inline]
fn sharded(op: &'static str, shard: u32) -> LocalSpan {
    LocalSpan::enter_with_local_parent("timer")
        .with_properties(|| [("op", Cow::Borrowed(op)), ("shard", Cow::Owned(shard.to_string()))])
}
