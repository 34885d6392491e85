//! Spans that are requests themselves.
#![cfg(feature = "enable")]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use common::{block_on, capture, reporter, tags, timers};
use pynba::testing::Captured;
use pynba::{Reporter, Rusage, timer};
use pynba_tracing::{PinbaLayer, SpanTime};
use tracing::field::{Empty, debug, display};
use tracing::{Instrument, Span, debug_span, info_span, instrument};

/// Every outermost span is a request.
fn layer() -> PinbaLayer {
    PinbaLayer::new().with_requests(&reporter(), |_| true)
}

fn one(mut requests: Vec<Captured>) -> Captured {
    assert_eq!(requests.len(), 1, "{requests:#?}");
    requests.remove(0)
}

#[instrument]
fn handler(id: u64) -> u64 {
    timer!(group = "db" => ());
    pynba::current().tag("plan", "free");
    work(id)
}

#[instrument]
fn work(id: u64) -> u64 {
    id + 1
}

#[test]
fn an_outermost_span_is_a_request() {
    let request = one(capture(layer(), || assert_eq!(handler(1), 2)));
    assert_eq!((request.script_name.as_str(), request.status), ("handler", Some(200)));
    assert_eq!(timers(&request), ["group=db", "span=work"]);
    assert_eq!(tags(&request), "plan=free");
}

#[test]
fn a_name_that_servers_would_cut_is_mended() {
    let request = one(capture(layer(), || info_span!("before\0after").in_scope(|| ())));
    assert_eq!(request.script_name, "before\u{FFFD}after");
}

#[test]
fn only_the_chosen_spans_are_requests() {
    let chosen = |name: &'static str| {
        PinbaLayer::new().with_requests(&reporter(), move |span| span.name() == name)
    };
    assert_eq!(one(capture(chosen("handler"), || handler(1))).script_name, "handler");
    let request = one(capture(chosen("work"), || handler(1)));
    assert_eq!(request.script_name, "work");
    assert!(timers(&request).is_empty() && tags(&request).is_empty());
    assert!(capture(chosen("other"), || handler(1)).is_empty());
    let broken = PinbaLayer::new().with_requests(&reporter(), |_| panic!("not good"));
    assert!(capture(broken, || handler(1)).is_empty());
}

#[test]
fn a_request_may_be_of_any_level_and_without_timers() {
    let layer = layer().with_max_level(tracing::level_filters::LevelFilter::OFF);
    let request = one(capture(layer, || debug_span!("job").in_scope(|| work(1))));
    assert_eq!(request.script_name, "job");
    assert!(timers(&request).is_empty());
}

#[test]
fn inside_a_request_it_is_a_timer() {
    let reporter = reporter();
    let request = one(capture(layer(), || {
        let _request = reporter.open("/test");
        handler(1);
    }));
    assert_eq!(request.script_name, "/test");
    assert_eq!(timers(&request), ["group=db", "span=handler", "span=work"]);
}

#[test]
fn each_outermost_span_is_a_request_of_its_own() {
    let requests = capture(layer(), || (handler(1), work(2), handler(3)));
    let names: Vec<_> = requests.iter().map(|request| request.script_name.as_str()).collect();
    assert_eq!(names, ["handler", "work", "handler"]);
    assert!(timers(&requests[1]).is_empty() && tags(&requests[1]).is_empty());
}

#[test]
fn monitored_functions_inside_are_requests_of_their_own() {
    #[pynba::monitor(script_name = "inner")]
    fn inner() {
        work(1);
    }
    let requests = capture(layer(), || {
        info_span!("outer").in_scope(|| {
            inner();
            work(2);
        });
    });
    assert_eq!(requests[0].script_name, "inner");
    assert_eq!(timers(&requests[0]), ["span=work"]);
    assert_eq!(requests[1].script_name, "outer");
    assert_eq!(timers(&requests[1]), ["span=work"]);
}

#[test]
fn it_is_current_only_where_it_is_entered() {
    let request = one(capture(layer(), || {
        let span = info_span!("job");
        assert!(!pynba::current().is_active());
        span.in_scope(|| assert!(pynba::current().is_active()));
        assert!(!pynba::current().is_active());
        span.in_scope(|| pynba::current().tag("part", "two"));
    }));
    assert_eq!(tags(&request), "part=two");
}

#[test]
fn a_span_that_is_never_entered_sends_nothing() {
    assert!(capture(layer(), || drop(info_span!("job", id = 1))).is_empty());
    assert!(capture(layer().with_fields(["id"]), || drop(info_span!("job", id = 1))).is_empty());
}

#[test]
fn its_time_begins_where_it_is_entered() {
    let mut all = 0.0;
    let request = one(capture(layer(), || {
        let span = info_span!("job");
        thread::sleep(Duration::from_millis(20)); // not yet in it
        let start = Instant::now();
        span.in_scope(|| thread::sleep(Duration::from_millis(10)));
        drop(span);
        all = start.elapsed().as_secs_f32();
    }));
    let time = request.request_time;
    assert!((0.010..=all).contains(&time), "{time} of {all}");
}

#[test]
fn it_ends_with_its_last_span() {
    let requests = capture(layer(), || {
        let child = info_span!("job").in_scope(|| info_span!("child"));
        handler(1);
        drop(child);
    });
    // The handler is not inside of it.
    assert_eq!([&*requests[0].script_name, &*requests[1].script_name], ["handler", "job"]);
    assert_eq!(timers(&requests[1]), ["span=child"]);
}

#[test]
fn fields_are_its_name_its_status_and_its_tags() {
    let layer = || {
        layer()
            .with_fields(["method", "error", "error.kind"])
            .with_script_name_from("http.route")
            .with_status_from("http.status_code")
    };
    let request = one(capture(layer(), || {
        info_span!(
            "HTTP request",
            method = %"GET",
            http.route = "/users/{id}",
            http.status_code = 404,
            error.kind = "late",
            error = true,
            uri = "/users/7",
        )
        .in_scope(|| work(1));
    }));
    assert_eq!((request.script_name.as_str(), request.status), ("/users/{id}", Some(404)));
    assert_eq!(tags(&request), "error=true error.kind=late method=GET");
    assert_eq!(timers(&request), ["span=work"]);

    let request = one(capture(layer(), || {
        let span = info_span!(
            "HTTP request",
            method = Empty,
            http.route = Empty,
            http.status_code = Empty
        );
        span.in_scope(|| {
            Span::current().record("http.route", debug(format_args!("/{{id}}")));
        });
        span.record("http.status_code", display("503 Service Unavailable"));
        thread::scope(|scope| {
            scope.spawn(|| span.record("method", "PUT")).join().unwrap();
        });
    }));
    assert_eq!((request.script_name.as_str(), request.status), ("/{id}", Some(503)));
    assert_eq!(tags(&request), "method=PUT");
}

#[test]
fn a_status_that_is_never_recorded_means_given_up() {
    let layer = || layer().with_status_from("status");
    let status = |act: fn()| one(capture(layer(), act)).status;
    assert_eq!(status(|| info_span!("job", status = Empty).in_scope(|| ())), Some(499));
    assert_eq!(status(|| info_span!("job", status = "none").in_scope(|| ())), Some(499));
    assert_eq!(status(|| info_span!("job", status = 201).in_scope(|| ())), Some(201));
    assert_eq!(status(|| info_span!("job").in_scope(|| ())), Some(200));
    let failed = || info_span!("job", status = Empty).in_scope(|| pynba::current().set_status(503));
    assert_eq!(status(failed), Some(503));
}

#[test]
fn an_error_makes_it_fail() {
    #[instrument(err(Debug))]
    fn fails() -> Result<(), u8> {
        Err(1)
    }
    let layer = layer().errors_are_failures(true);
    assert_eq!(one(capture(layer, || assert!(fails().is_err()))).status, Some(500));
}

#[test]
fn a_panic_makes_it_fail() {
    fn panics() {
        panic!("on purpose")
    }
    struct OnDrop;
    impl Drop for OnDrop {
        fn drop(&mut self) {
            info_span!("job").in_scope(|| ());
        }
    }
    // The span ends while the panic unwinds …
    let request = one(capture(layer(), || {
        let _ = catch_unwind(|| info_span!("job").in_scope(panics));
    }));
    assert_eq!(request.status, Some(500));

    // … or later, when tokio has caught it.
    let request = one(capture(layer(), || {
        let span = info_span!("job");
        let _ = catch_unwind(AssertUnwindSafe(|| span.in_scope(panics)));
        assert!(!pynba::current().is_active());
    }));
    assert_eq!(request.status, Some(500));

    // What is caught inside is not its end.
    let request = one(capture(layer(), || {
        info_span!("job").in_scope(|| {
            let _ = catch_unwind(|| info_span!("child").in_scope(panics));
        });
    }));
    assert_eq!(request.status, Some(200));

    // A panic that was there before is not its own.
    let request = one(capture(layer(), || {
        let _ = catch_unwind(|| {
            let _clean_up = OnDrop;
            panics();
        });
    }));
    assert_eq!(request.status, Some(200));
}

#[test]
fn a_request_is_a_future() {
    #[instrument]
    async fn handler() {
        tokio::time::sleep(Duration::from_millis(10)).await;
        child().await;
        pynba::current().tag("after", "await");
    }
    #[instrument]
    async fn child() {
        tokio::task::yield_now().await;
    }
    let requests = capture(layer(), || block_on(async { tokio::join!(handler(), handler()) }));
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert!(request.request_time >= 0.010);
        assert_eq!(timers(&request), ["span=child"]);
        assert_eq!(tags(&request), "after=await");
    }
}

/// Runs it on a thread where the same spans are seen.
fn spawn<'scope, 'a: 'scope, R: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, 'a>,
    act: impl FnOnce() -> R + Send + 'scope,
) -> thread::ScopedJoinHandle<'scope, R> {
    let dispatch = tracing::dispatcher::get_default(Clone::clone);
    scope.spawn(move || tracing::dispatcher::with_default(&dispatch, act))
}

#[test]
fn it_may_be_entered_on_several_threads_at_once() {
    let request = one(capture(layer(), || {
        let span = info_span!("job");
        span.in_scope(|| ()); // where it begins it is captured
        let together = Barrier::new(3);
        thread::scope(|scope| {
            for name in ["a", "b", "c"] {
                let (span, together) = (&span, &together);
                spawn(scope, move || {
                    let entered = span.enter();
                    together.wait();
                    timer!(thread = name => ());
                    work(1);
                    pynba::current().tag(name, "was here");
                    together.wait();
                    drop(entered);
                    assert!(!pynba::current().is_active());
                });
            }
        });
    }));
    let expected = ["span=work", "span=work", "span=work", "thread=a", "thread=b", "thread=c"];
    assert_eq!(timers(&request), expected);
    assert_eq!(tags(&request), "a=was here b=was here c=was here");
}

#[test]
fn it_moves_on_when_the_first_thread_leaves_first() {
    let request = one(capture(layer(), || {
        let span = info_span!("job");
        let first = span.clone().entered();
        let (entered, left) = (Barrier::new(2), Barrier::new(2));
        thread::scope(|scope| {
            let (span, entered, left) = (&span, &entered, &left);
            let other = spawn(scope, move || {
                span.in_scope(|| {
                    entered.wait();
                    left.wait();
                    timer!(thread = "other" => ());
                });
            });
            entered.wait();
            drop(first);
            assert!(!pynba::current().is_active());
            // Back where it was, while the other one is still inside.
            let again = span.enter();
            timer!(thread = "first" => ());
            left.wait();
            other.join().unwrap();
            drop(again);
        });
        assert!(!pynba::current().is_active());
    }));
    assert_eq!(timers(&request), ["thread=first", "thread=other"]);
}

#[test]
fn it_may_be_entered_again_inside_itself() {
    let request = one(capture(layer(), || {
        let span = info_span!("job");
        span.in_scope(|| {
            span.in_scope(|| work(1));
            assert!(pynba::current().is_active());
            // Also where another request has come between.
            let inner = reporter().open("/inner");
            pynba::current().set_enabled(false);
            span.in_scope(|| work(1));
            drop(inner);
        });
        assert!(!pynba::current().is_active());
    }));
    assert_eq!(timers(&request), ["span=work", "span=work"]);
}

fn of_threads() -> Reporter {
    let reporter = Reporter::builder().server("127.0.0.1:9").rusage(Rusage::Thread);
    reporter.build().unwrap()
}

/// Uses as much of the processor as in one `UNIT`, however busy the machine is.
fn burn() {
    let request = of_threads().open("burn");
    request.current().set_enabled(false);
    let used = || request.current().info().map(|info| info.ru_utime + info.ru_stime);
    while used().is_some_and(|used| used < UNIT) {}
}

const UNIT: Duration = Duration::from_millis(30);

/// How many units the request has used.
fn units(request: &Captured) -> f32 {
    (request.ru_utime + request.ru_stime) / UNIT.as_secs_f32()
}

#[test]
fn processor_time_is_that_of_its_threads() {
    let layer = PinbaLayer::new().with_requests(&of_threads(), |_| true);
    let request = one(capture(layer, || {
        let span = info_span!("job");
        burn(); // outside
        span.in_scope(|| {
            span.in_scope(burn); // not twice
            thread::scope(|scope| {
                spawn(scope, || {
                    burn(); // outside
                    span.in_scope(burn);
                });
            });
        });
    }));
    assert!((2.0..2.9).contains(&units(&request)), "{}", units(&request));
}

#[test]
fn processor_time_counts_once_where_the_request_comes_to() {
    let layer = PinbaLayer::new().with_requests(&of_threads(), |_| true);
    let request = one(capture(layer, || {
        let span = info_span!("job");
        let first = span.clone().entered();
        let step = Barrier::new(2);
        thread::scope(|scope| {
            let (span, step) = (&span, &step);
            spawn(scope, move || {
                let _by_handle = span.enter();
                step.wait();
                step.wait();
                // The request itself is free now.
                span.in_scope(burn);
                burn();
            });
            step.wait();
            drop(first);
            step.wait();
        });
    }));
    assert!((2.0..2.9).contains(&units(&request)), "{}", units(&request));
}

#[test]
fn a_request_that_has_ended_has_no_more_spans() {
    let reporter = reporter();
    let requests = capture(layer(), || {
        let request = reporter.open("/test");
        let span = info_span!("child");
        drop(request);
        span.in_scope(|| handler(1));
    });
    assert_eq!(requests[0].script_name, "/test");
    assert_eq!(timers(&requests[0]), ["span=child"]);
    // What comes after it begins anew.
    assert_eq!(requests[1].script_name, "handler");
    assert_eq!(timers(&requests[1]), ["group=db", "span=work"]);
}

#[test]
fn a_guard_that_is_forgotten_does_not_keep_it() {
    let requests = capture(layer(), || {
        let span = info_span!("job");
        std::mem::forget(span.enter());
        std::mem::forget(span.enter());
        work(1);
        drop(span);
        // Not inside of it.
        handler(1);
    });
    let names: Vec<_> = requests.iter().map(|request| request.script_name.as_str()).collect();
    assert_eq!(names, ["job", "handler"]);
    assert_eq!(timers(&requests[0]), ["span=work"]);
}

#[test]
fn children_of_other_tasks_belong_to_it() {
    for time in [SpanTime::Open, SpanTime::Entered] {
        let request = one(capture(layer().with_time(time), || {
            let span = info_span!("job");
            span.in_scope(|| ());
            thread::scope(|scope| {
                let child = info_span!(parent: &span, "child");
                spawn(scope, move || child.in_scope(|| work(1)));
            });
        }));
        assert_eq!(timers(&request), ["span=child", "span=work"], "{time:?}");
    }
}

#[test]
fn a_future_that_is_dropped_ends_it() {
    let request = one(capture(layer().with_status_from("status"), || {
        block_on(async {
            let waits = std::future::pending::<()>();
            let future = waits.instrument(info_span!("job", status = Empty));
            let _ = tokio::time::timeout(Duration::from_millis(5), future).await;
        });
    }));
    assert_eq!(request.status, Some(499));
}
