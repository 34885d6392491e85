//! Spans inside a request become timers.
#![cfg(feature = "enable")]

mod common;

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use common::{block_on, capture, capture_one, reporter, tags, time, timers};
use pynba::timer;
use pynba_tracing::{PinbaLayer, SpanTime};
use tracing::field::Empty;
use tracing::{Instrument, Level, Span, debug_span, info_span, instrument, trace_span, warn_span};

#[instrument]
fn outer(id: u64) -> u64 {
    inner("a") + inner("b") + id
}

#[instrument(fields(kind))]
fn inner(name: &str) -> u64 {
    Span::current().record("kind", name.len());
    1
}

#[test]
fn instrumented_functions_are_timers() {
    let request = capture_one(PinbaLayer::new(), || assert_eq!(outer(3), 5));
    assert_eq!(timers(&request), ["span=inner", "span=inner", "span=outer"]);
    assert!(request.timers().iter().all(|timer| timer.hit_count == 1));
    assert_eq!(tags(&request), "");
}

#[test]
fn spans_and_timers_stand_side_by_side() {
    let request = capture_one(PinbaLayer::new(), || {
        let _span = info_span!("a").entered();
        timer!(group = "db" => info_span!("b").in_scope(|| ()));
    });
    assert_eq!(timers(&request), ["group=db", "span=a", "span=b"]);
}

#[test]
fn only_the_chosen_fields_are_tags() {
    let layer = PinbaLayer::new().with_fields(["id", "kind"]);
    let request = capture_one(layer, || outer(3));
    assert_eq!(timers(&request), ["id=3 span=outer", "kind=1 span=inner", "kind=1 span=inner"]);
}

#[test]
fn values_are_formatted_as_those_of_other_tags() {
    let layer = PinbaLayer::new().with_fields(["a", "b", "c", "d", "e", "f", "g", "h", "i.j"]);
    let request = capture_one(layer, || {
        let error: Box<dyn std::error::Error + 'static> = "no file".into();
        drop(info_span!(
            "all",
            a = 1,
            b = -1_i128,
            c = 1.0,
            d = true,
            e = "te xt",
            f = %Level::INFO,
            g = ?Some(1),
            h = error,
            i.j = 'c'.to_string(),
        ));
    });
    let expected = "a=1 b=-1 c=1.0 d=true e=te xt f=INFO g=Some(1) h=no file i.j=c span=all";
    assert_eq!(timers(&request), [expected]);
}

#[test]
fn a_field_that_is_not_chosen_is_not_formatted() {
    struct Never;
    impl fmt::Debug for Never {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("formatted")
        }
    }
    let request = capture_one(PinbaLayer::new().with_fields(["other"]), || {
        let span = info_span!("a", never = ?Never, late = Empty);
        span.record("late", tracing::field::debug(Never));
    });
    assert_eq!(timers(&request), ["span=a"]);
}

#[test]
fn a_field_that_panics_harms_nobody() {
    struct Broken;
    impl fmt::Debug for Broken {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("half")?;
            panic!("broken")
        }
    }
    for time in [SpanTime::Open, SpanTime::Entered] {
        let layer = PinbaLayer::new().with_fields(["broken", "late"]).with_time(time);
        let request = capture_one(layer, || {
            let span = info_span!("a", broken = ?Broken, late = Empty).entered();
            span.record("late", tracing::field::debug(Broken));
        });
        assert_eq!(timers(&request), ["late=half span=a"], "{time:?}");
    }
}

#[test]
fn fields_recorded_later_are_tags_and_the_last_value_counts() {
    for time in [SpanTime::Open, SpanTime::Entered] {
        let layer = PinbaLayer::new().with_fields(["rows", "plan", "text"]).with_time(time);
        let request = capture_one(layer, || {
            let span = info_span!("a", rows = 1, plan = "free", text = Empty, other = Empty);
            span.in_scope(|| ());
            span.record("rows", 2);
            span.record("rows", 3).record("other", "secret");
            span.record("text", tracing::field::display("late"));
        });
        assert_eq!(timers(&request), ["plan=free rows=3 span=a text=late"], "{time:?}");
    }
}

#[test]
fn fields_may_be_recorded_on_another_thread() {
    for time in [SpanTime::Open, SpanTime::Entered] {
        let layer = PinbaLayer::new().with_fields(["rows"]).with_time(time);
        let request = capture_one(layer, || {
            let span = info_span!("a", rows = Empty);
            span.in_scope(|| ());
            let there = span.clone();
            thread::spawn(move || _ = there.record("rows", 3)).join().unwrap();
        });
        assert_eq!(timers(&request), ["rows=3 span=a"], "{time:?}");
    }
}

#[test]
fn the_target_is_a_tag_if_asked_for() {
    let request = capture_one(PinbaLayer::new().with_target(true), || {
        drop((info_span!("a"), info_span!(target: "shop::db", "b")));
    });
    assert_eq!(timers(&request), ["span=a target=timers", "span=b target=shop::db"]);
}

fn of_each_level() {
    drop((trace_span!("trace"), debug_span!("debug"), info_span!("info"), warn_span!("warn")));
}

#[test]
fn levels_are_chosen() {
    let timers_of = |layer| timers(&capture_one(layer, of_each_level));
    assert_eq!(timers_of(PinbaLayer::new()), ["span=info", "span=warn"]);
    let layer = PinbaLayer::new().with_max_level(Level::DEBUG);
    assert_eq!(timers_of(layer), ["span=debug", "span=info", "span=warn"]);
    let layer = PinbaLayer::new().with_max_level(tracing::level_filters::LevelFilter::OFF);
    assert!(timers_of(layer).is_empty());
}

#[test]
fn spans_are_chosen() {
    let layer = PinbaLayer::new()
        .with_max_level(Level::DEBUG)
        .with_spans(|span| span.name() == "debug" || *span.level() == Level::WARN);
    assert_eq!(timers(&capture_one(layer, of_each_level)), ["span=debug", "span=warn"]);
    let layer = PinbaLayer::new().with_spans(|_| panic!("not good"));
    assert!(timers(&capture_one(layer, of_each_level)).is_empty());
}

#[test]
fn a_span_outside_belongs_to_no_request() {
    let reporter = reporter();
    let requests = capture(PinbaLayer::new(), || {
        let before = info_span!("before").entered();
        let request = reporter.open("/test");
        info_span!("inside").in_scope(|| ());
        drop(before);
        drop(request);
        info_span!("after").in_scope(|| ());
    });
    assert_eq!(requests.len(), 1);
    assert_eq!(timers(&requests[0]), ["span=inside"]);
}

#[test]
fn the_innermost_request_gets_the_span() {
    let reporter = reporter();
    let requests = capture(PinbaLayer::new(), || {
        let _outer = reporter.open("/outer");
        let span = info_span!("of outer").entered();
        let inner = reporter.open("/inner");
        info_span!("of inner").in_scope(|| ());
        drop(span);
        drop(inner);
    });
    assert_eq!(timers(&requests[0]), ["span=of inner"]);
    assert_eq!(timers(&requests[1]), ["span=of outer"]);
}

#[test]
fn what_is_not_recorded_is_not_recorded_elsewhere() {
    #[pynba::monitor(enabled = false)]
    fn silent() {
        outer(1);
        tracing::error!("nobody sees it");
    }
    let layer = PinbaLayer::new()
        .errors_are_failures(true)
        .with_requests(&reporter(), |span| span.name() == "outer");
    let request = capture_one(layer, || info_span!("around").in_scope(silent));
    assert_eq!(timers(&request), ["span=around"]);
    assert_eq!(request.status, Some(200));
}

#[test]
fn a_span_that_is_open_at_the_end_is_sent() {
    let mut kept = None;
    let request = capture_one(PinbaLayer::new(), || {
        kept = Some(info_span!("a"));
        thread::sleep(Duration::from_millis(5));
    });
    assert!(time(&request, "a") >= 0.005);
    drop(kept.take());

    // Its entered time is not known yet.
    let layer = PinbaLayer::new().with_time(SpanTime::Entered);
    let request = capture_one(layer, || {
        let span = info_span!("a");
        span.in_scope(|| ());
        kept = Some(span);
    });
    assert!(timers(&request).is_empty());
}

#[test]
fn a_span_that_is_never_entered_has_no_entered_time() {
    let layer = PinbaLayer::new().with_time(SpanTime::Entered);
    let request = capture_one(layer, || {
        drop(info_span!("a"));
        drop(async {}.instrument(info_span!("b")));
    });
    // To drop a future enters its span: what it holds is dropped inside.
    assert_eq!(timers(&request), ["span=b"]);
    let request = capture_one(PinbaLayer::new(), || drop(info_span!("a")));
    assert_eq!(timers(&request), ["span=a"]);
}

#[instrument]
async fn waits() {
    thread::sleep(Duration::from_millis(10)); // works
    tokio::time::sleep(Duration::from_millis(100)).await; // waits
    thread::sleep(Duration::from_millis(10));
}

#[test]
fn open_time_is_all_of_it_and_entered_time_is_without_what_it_waits_for() {
    let measure = |time_of_span| {
        let start = Instant::now();
        let layer = PinbaLayer::new().with_time(time_of_span);
        let time = time(&capture_one(layer, || block_on(waits())), "waits");
        (time, start.elapsed().as_secs_f32())
    };
    let (open, all) = measure(SpanTime::Open);
    assert!((0.120..=all).contains(&open), "{open} of {all}");
    let (entered, all) = measure(SpanTime::Entered);
    assert!((0.020..=all - 0.100).contains(&entered), "{entered} of {all}");
}

#[test]
fn monitored_futures_have_the_spans_that_are_inside() {
    // The attribute that stands first is carried out first, so the other one wraps what it has made.
    #[instrument]
    #[pynba::monitor(script_name = "request around span")]
    async fn inside() {
        waits().await;
    }
    #[pynba::monitor(script_name = "span around request")]
    #[instrument]
    async fn around() {
        waits().await;
    }
    #[instrument]
    #[pynba::monitor(script_name = "without async")]
    fn plain() {}

    let requests = capture(PinbaLayer::new(), || {
        block_on(async { tokio::join!(inside(), around()) });
        plain();
    });
    let find = |name| requests.iter().find(|request| request.script_name == name).unwrap();
    assert_eq!(timers(find("request around span")), ["span=inside", "span=waits"]);
    assert_eq!(timers(find("span around request")), ["span=waits"]);
    assert_eq!(timers(find("without async")), ["span=plain"]);

    // Here the span ends with the future, and that after the request.
    let reporter = reporter();
    let requests = capture(PinbaLayer::new(), || {
        block_on(reporter.monitor("by hand", waits().instrument(info_span!("waiting"))));
        block_on(reporter.monitor("by hand", async {
            waits().instrument(info_span!("waiting")).await;
        }));
    });
    assert_eq!(timers(&requests[0]), ["span=waits"]); // made before it
    assert_eq!(timers(&requests[1]), ["span=waiting", "span=waits"]);
}

#[test]
fn interleaved_futures_keep_their_times() {
    async fn sleep(milliseconds: u64) {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
    let request = capture_one(PinbaLayer::new(), || {
        block_on(async {
            tokio::join!(
                sleep(300).instrument(info_span!("long")),
                sleep(10).instrument(info_span!("short")),
            )
        });
    });
    let (long, short) = (time(&request, "long"), time(&request, "short"));
    assert!(long >= 0.300 && short >= 0.010 && short < long, "{long} {short}");
}

#[test]
fn a_span_may_end_on_another_thread() {
    for of_span in [SpanTime::Open, SpanTime::Entered] {
        let layer = PinbaLayer::new().with_time(of_span);
        let mut all = 0.0;
        let request = capture_one(layer, || {
            let start = Instant::now();
            let span = info_span!("a");
            let there = move || span.in_scope(|| thread::sleep(Duration::from_millis(10)));
            thread::spawn(there).join().unwrap();
            all = start.elapsed().as_secs_f32();
            thread::sleep(Duration::from_millis(10)); // no longer in it
        });
        let time = time(&request, "a");
        assert!((0.010..=all).contains(&time), "{of_span:?} {time} of {all}");
    }
}

/// Runs it on a thread where the same spans are seen.
fn on_a_thread<R: Send>(act: impl FnOnce() -> R + Send) -> R {
    let dispatch = tracing::dispatcher::get_default(Clone::clone);
    thread::scope(|scope| {
        scope.spawn(|| tracing::dispatcher::with_default(&dispatch, act)).join().unwrap()
    })
}

#[test]
fn a_child_made_elsewhere_belongs_to_the_request_of_its_parent() {
    for of_span in [SpanTime::Open, SpanTime::Entered] {
        let layer = PinbaLayer::new().with_time(of_span).with_fields(["rows"]);
        let request = capture_one(layer, || {
            let span = info_span!("parent").entered();
            on_a_thread(|| {
                span.in_scope(|| {
                    let child = info_span!("child", rows = 1).entered();
                    debug_span!("not taken").in_scope(|| outer(1));
                    child.record("rows", 2);
                    thread::sleep(Duration::from_millis(10));
                });
                info_span!(parent: &*span, "by name").in_scope(|| ());
                info_span!("somewhere else").in_scope(|| ());
            });
        });
        let expected = [
            "rows=2 span=child",
            "span=by name",
            "span=inner",
            "span=inner",
            "span=outer",
            "span=parent",
        ];
        assert_eq!(timers(&request), expected, "{of_span:?}");
        assert!(time(&request, "child") >= 0.010);
    }
}

#[test]
fn a_child_made_elsewhere_after_the_end_does_no_harm() {
    let reporter = reporter();
    let requests = capture(PinbaLayer::new(), || {
        let request = reporter.open("/test");
        let span = info_span!("parent");
        drop(request);
        on_a_thread(|| span.in_scope(|| outer(1)));
        let _next = reporter.open("/next");
        drop(span);
    });
    assert_eq!(timers(&requests[0]), ["span=parent"]);
    assert!(timers(&requests[1]).is_empty());
}

#[test]
fn a_handle_brings_its_spans_along() {
    let layer = PinbaLayer::new().with_fields(["id"]);
    let request = capture_one(layer, || {
        let handle = pynba::current().handle().unwrap();
        on_a_thread(|| handle.run(|| outer(7)));
    });
    assert_eq!(timers(&request), ["id=7 span=outer", "span=inner", "span=inner"]);
}

#[test]
fn errors_are_failures_if_asked_for() {
    #[instrument(err)]
    fn fails() -> Result<(), fmt::Error> {
        Err(fmt::Error)
    }
    let status = |layer| capture_one(layer, || assert!(fails().is_err())).status;
    assert_eq!(status(PinbaLayer::new()), Some(200));
    assert_eq!(status(PinbaLayer::new().errors_are_failures(true)), Some(500));

    let layer = PinbaLayer::new().errors_are_failures(true);
    let request = capture_one(layer, || tracing::warn!("not yet"));
    assert_eq!(request.status, Some(200));

    let layer = PinbaLayer::new().errors_are_failures(true);
    let request = capture_one(layer, || {
        let span = info_span!("a");
        on_a_thread(|| span.in_scope(|| tracing::error!("elsewhere")));
    });
    assert_eq!(request.status, Some(500));
}

#[test]
fn deep_spans_cost_no_more_than_others() {
    // Beyond any stack of spans that makes sense, a span made elsewhere is nobody's.
    let request = capture_one(PinbaLayer::new(), || {
        let mut span = info_span!("first");
        for _ in 0..100 {
            span = debug_span!(parent: &span, "deeper");
        }
        on_a_thread(|| info_span!(parent: &span, "last").in_scope(|| ()));
    });
    assert_eq!(timers(&request), ["span=first"]);
}
