//! What a request reports, through the public interface and without macros.
#![cfg(feature = "enable")]

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Duration;
use std::{io, thread};

use pynba_runtime::__rt::{self, StaticTags};
use pynba_runtime::testing::{Captured, CapturedTimer, capture};
use pynba_runtime::{Reporter, Rusage, TagValue, Tags, TimerGuard, Transport, current};

static DB: StaticTags = StaticTags::new(&[("group", "db")]).names(&["op", "a", "bad", "outer"]);
static MAIL: StaticTags = StaticTags::new(&[("group", "mail")]).names(&["inner"]);

const SECOND: Duration = Duration::from_secs(1);

fn reporter() -> Reporter {
    Reporter::builder().server("127.0.0.1:9").build().unwrap()
}

/// The only request that `act` leaves when it runs in one.
fn measured(act: impl FnOnce()) -> Captured {
    let mut requests = capture(|| {
        let _request = reporter().open("test");
        act();
    });
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

fn owned<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

fn only_timer(request: &Captured) -> CapturedTimer {
    let mut timers = request.timers();
    assert_eq!(timers.len(), 1, "{timers:?}");
    timers.remove(0)
}

#[test]
fn says_the_defaults() {
    let request = measured(|| {});
    assert_eq!(request.script_name, "test");
    assert_eq!((request.request_count, request.status), (1, Some(200)));
    assert_eq!((request.document_size, request.memory_footprint), (0, Some(0)));
    assert_eq!(request.schema.as_deref(), Some(""));
    assert!(request.memory_peak > 100_000, "bytes, not kilobytes: {}", request.memory_peak);
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    assert_eq!(request.hostname, hostname.trim());
    assert_eq!(request.server_name, hostname.trim());
    request.validate().unwrap();
}

#[test]
fn says_what_the_reporter_says() {
    let reporter = Reporter::builder()
        .server("127.0.0.1:9")
        .hostname("web1")
        .server_name("www.example.com")
        .schema("https")
        .prefix("shop:")
        .tag("release", 7)
        .tag("zone", || ["b", "a"])
        .rusage(Rusage::Off)
        .build()
        .unwrap();
    let request = &capture(|| drop(reporter.open("/index")))[0];
    assert_eq!(request.hostname, "web1");
    assert_eq!(request.server_name, "www.example.com");
    assert_eq!(request.schema.as_deref(), Some("https"));
    assert_eq!(request.script_name, "shop:/index");
    assert_eq!(request.tags(), owned([("release", "7"), ("zone", "a"), ("zone", "b")]));
    assert_eq!((request.memory_peak, request.ru_utime, request.ru_stime), (0, 0.0, 0.0));
}

#[test]
fn says_what_the_program_says() {
    let request = measured(|| {
        let request = current();
        assert!(request.is_active());
        request.set_script_name("/users/{id}");
        request.set_hostname("web2");
        request.set_server_name(String::from("api.example.com"));
        request.set_schema("http");
        request.set_status(404);
        request.set_document_size(1 << 40);
        request.set_memory_peak(1_000_000);
        request.set_memory_footprint(2_000_000);
        request.set_request_time(Duration::from_millis(250));
        request.set_rusage(Duration::from_millis(125), Duration::from_millis(500));
        request.add_timer(Tags::new().with("group", "db"), Duration::from_millis(750), 3);
    });
    assert_eq!(request.script_name, "/users/{id}");
    assert_eq!(request.hostname, "web2");
    assert_eq!(request.server_name, "api.example.com");
    assert_eq!(request.schema.as_deref(), Some("http"));
    assert_eq!(request.status, Some(404));
    assert_eq!(request.document_size, u32::MAX, "saturated");
    assert_eq!((request.memory_peak, request.memory_footprint), (1_000_000, Some(2_000_000)));
    assert_eq!((request.request_time, request.ru_utime, request.ru_stime), (0.25, 0.125, 0.5));
    let timer = only_timer(&request);
    assert_eq!((timer.value, timer.hit_count), (0.75, 3));
    assert_eq!(timer.tags, owned([("group", "db")]));
}

#[test]
fn never_sends_what_servers_reject() {
    let request = measured(|| {
        let request = current();
        request.set_hostname("");
        request.set_server_name("");
        request.set_script_name("");
        request.set_status(u32::MAX);
        request.add_timer(Tags::new().with("a", "b"), SECOND, 0);
        request.add_timer(Tags::new().with("none", None::<u8>), SECOND, 1);
    });
    assert!(!request.hostname.is_empty() && !request.server_name.is_empty());
    assert_eq!(request.script_name, "unknown");
    assert_ne!(request.status, Some(u32::MAX));
    assert_eq!(only_timer(&request).hit_count, 1);
    request.validate().unwrap();
}

#[test]
fn timers_without_any_tag_do_not_cost_the_packet() {
    let reporter = reporter();
    let requests = capture(|| {
        let _request = reporter.open("test");
        current().add_timer(Tags::new(), SECOND, 1);
    });
    assert_eq!(requests[0].timers(), []);
    requests[0].validate().unwrap();
    assert_eq!(reporter.stats().untagged_timers, 1);
}

#[test]
fn request_tags_are_set_replaced_and_removed() {
    let request = measured(|| {
        let request = current();
        request.tag("plan", "free");
        request.tag("plan", "premium");
        request.tag("geo", BTreeMap::from([("city", vec!["paris", "lyon"]), ("zip", vec![])]));
        request.tag("gone", 1);
        request.tag("maybe", None::<&str>);
        request.remove_tag("gone");
        let expected = [("geo.city", "lyon"), ("geo.city", "paris"), ("plan", "premium")];
        assert_eq!(request.tags(), owned(expected));
        request.tag("geo", || "nowhere");
    });
    assert_eq!(request.tags(), owned([("geo", "nowhere"), ("plan", "premium")]));
}

#[test]
fn outside_a_request_nothing_happens() {
    let request = current();
    assert!(!request.is_active());
    request.set_status(500);
    let called = Cell::new(false);
    request.tag("name", || {
        called.set(true);
        "value"
    });
    request.add_timer(Tags::new(), SECOND, 1);
    assert_eq!(request.elapsed(), None);
    assert!(request.info().is_none() && request.packet().is_none() && request.tags().is_empty());
    let silent = __rt::silent();
    let timer = __rt::timer_with(&DB, |_| called.set(true));
    assert_eq!((timer.elapsed(), timer.stop()), (Duration::ZERO, Duration::ZERO));
    drop(silent);
    let timer = __rt::timer_with(&DB, |_| called.set(true));
    assert_eq!((timer.elapsed(), timer.stop()), (Duration::ZERO, Duration::ZERO));
    assert!(!called.get(), "closures are called only when something records");
}

#[test]
fn timers_stop_when_dropped_or_with_their_request() {
    let request = measured(|| {
        let timer = __rt::timer(&DB);
        thread::sleep(Duration::from_millis(2));
        let stopped = timer.stop();
        assert!(stopped >= Duration::from_millis(2));
        thread::sleep(Duration::from_millis(20));
        std::mem::forget(__rt::timer(&MAIL));
        thread::sleep(Duration::from_millis(2));
    });
    let [db, mail] = request.timers().try_into().unwrap();
    assert_eq!((db.tags, mail.tags), (owned([("group", "db")]), owned([("group", "mail")])));
    assert!((0.002..request.request_time - 0.02).contains(&db.value), "{}", db.value);
    assert!((0.002..request.request_time).contains(&mail.value), "{}", mail.value);
    assert!(request.request_time >= 0.024);
}

#[test]
fn a_timer_is_discarded_tagged_and_counted() {
    let request = measured(|| {
        __rt::timer(&MAIL).discard();
        let timer = __rt::timer_with(&DB, |tags| tags.add(0, &["select", "insert"]));
        timer.tag("op", "update");
        timer.tag("rows", 3);
        timer.set_hit_count(3);
    });
    let timer = only_timer(&request);
    assert_eq!(timer.tags, owned([("group", "db"), ("op", "update"), ("rows", "3")]));
    assert_eq!(timer.hit_count, 3);
}

#[test]
fn guards_may_end_in_any_order_and_on_another_thread() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let request = measured(|| {
        let [first, second, third] = [(); 3].map(|()| is_send(__rt::timer(&DB)));
        drop(first);
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(5));
            third.tag("on", "another thread");
            let _ = third.stop();
        })
        .join()
        .unwrap();
        thread::sleep(Duration::from_millis(20));
        drop(second);
    });
    let values: Vec<f32> = request.timers().iter().map(|timer| timer.value).collect();
    assert!(values[0] < 0.005 && values[1] >= 0.025, "{values:?}");
    assert!((0.005..values[1] - 0.015).contains(&values[2]), "{values:?}");
    assert_eq!(request.timers()[2].tags, owned([("group", "db"), ("on", "another thread")]));
}

#[test]
fn a_guard_outlives_its_request_without_harm() {
    let mut left: Option<TimerGuard> = None;
    let requests = capture(|| {
        let request = reporter().open("first");
        left = Some(__rt::timer(&DB));
        drop(request);
        let _second = reporter().open("second");
        drop(left.take());
    });
    assert_eq!(requests[0].timers().len(), 1, "stopped and sent with its own request");
    assert_eq!(requests[1].timers(), []);
}

#[test]
fn nested_requests_are_requests_of_their_own() {
    let requests = capture(|| {
        let reporter = reporter();
        let outer = reporter.open("outer");
        let around = __rt::timer(&DB);
        {
            let _inner = reporter.open("inner");
            drop(__rt::timer(&MAIL));
            drop(around); // belongs to the outer one, wherever it ends
            outer.current().tag("told", "from inside");
            current().tag("inner", true);
        }
        drop(__rt::timer(&MAIL));
    });
    let [inner, outer] = requests.try_into().unwrap();
    assert_eq!((inner.script_name.as_str(), inner.timers().len()), ("inner", 1));
    assert_eq!(inner.tags(), owned([("inner", "true")]));
    assert_eq!((outer.script_name.as_str(), outer.timers().len()), ("outer", 2));
    assert_eq!(outer.tags(), owned([("told", "from inside")]));
    assert_eq!(outer.timers()[0].tags, owned([("group", "db")]));
}

#[test]
fn request_guards_may_end_in_any_order() {
    let requests = capture(|| {
        let first = reporter().open("first");
        let second = reporter().open("second");
        drop(first);
        drop(__rt::timer(&DB));
        drop(second);
    });
    let said: Vec<_> = requests.iter().map(|it| (&*it.script_name, it.timers().len())).collect();
    assert_eq!(said, [("first", 0), ("second", 1)]);
}

#[test]
fn a_silent_request_keeps_its_timers_to_itself() {
    let request = measured(|| {
        let silent = __rt::silent();
        assert!(!silent.is_recording() && !current().is_active());
        drop(__rt::timer(&DB));
        drop(silent);
        drop(__rt::timer(&MAIL));
    });
    assert_eq!(only_timer(&request).tags, owned([("group", "mail")]));
}

#[test]
fn a_panic_is_a_failure_of_the_request_that_panics_only() {
    struct RunsWhileUnwinding;
    impl Drop for RunsWhileUnwinding {
        fn drop(&mut self) {
            drop(reporter().open("clean-up"));
        }
    }
    let requests = capture(|| {
        let panicked = catch_unwind(|| {
            let _request = reporter().open("panics");
            current().set_status(201);
            let _cleans_up = RunsWhileUnwinding;
            panic!("on purpose");
        });
        assert!(panicked.is_err());
    });
    let said: Vec<_> = requests.iter().map(|it| (&*it.script_name, it.status.unwrap())).collect();
    assert_eq!(said, [("clean-up", 200), ("panics", 500)]);
}

#[test]
fn a_panic_keeps_a_failure_of_the_server_that_was_told() {
    for (told, sent) in [(503, 503), (404, 500), (499, 500)] {
        let requests = capture(|| {
            let _ = catch_unwind(|| {
                let _request = reporter().open("panics");
                current().set_status(told);
                panic!("on purpose");
            });
        });
        assert_eq!(requests[0].status, Some(sent));
    }
}

#[test]
fn disabled_requests_are_not_sent() {
    let requests = capture(|| {
        let _request = reporter().open("test");
        current().set_enabled(false);
        assert!(current().is_active());
    });
    assert_eq!(requests, []);
}

#[test]
fn info_and_packet_show_what_would_be_sent() {
    let request = measured(|| {
        let request = current();
        request.tag("plan", "free");
        request.set_request_time(SECOND);
        request.set_rusage(SECOND, SECOND);
        request.add_timer(Tags::new().with("group", "db"), SECOND, 2);
        request.set_hostname("web1");
        request.set_server_name("www");
        request.set_schema("https");
        request.set_document_size(1);
        request.set_memory_peak(2);
        request.set_memory_footprint(3);
        let running = __rt::timer(&MAIL);
        let info = request.info().unwrap();
        assert_eq!((&*info.script_name, info.status), ("test", 200));
        assert_eq!((info.request_time, info.ru_utime, info.ru_stime), (SECOND, SECOND, SECOND));
        assert_eq!((&*info.hostname, &*info.server_name), ("web1", "www"));
        assert_eq!(info.schema, "https");
        let sizes = (info.document_size, info.memory_peak, info.memory_footprint);
        assert_eq!(sizes, (1, 2, 3));
        assert_eq!(info.tags, owned([("plan", "free")]));
        assert_eq!(info.timers.len(), 2);
        assert_eq!((info.timers[0].value, info.timers[0].hit_count), (SECOND, 2));
        assert!(!info.timers[0].running && info.timers[1].running);
        running.discard();

        let first = request.packet().unwrap();
        assert_eq!(Some(&first), request.packet().as_ref(), "looking changes nothing");
        let seen = Captured::decode(&first).unwrap();
        assert_eq!(seen.timers().len(), 1);
        request.tag("packet", format_args!("{} bytes", first.len()));
    });
    assert_eq!(request.tags()[0].0, "packet");
}

#[test]
fn packet_is_what_is_sent() {
    let mut packet = Vec::new();
    let sent = measured(|| {
        current().set_request_time(SECOND);
        current().set_rusage(SECOND, SECOND);
        current().set_memory_peak(1);
        current().add_timer(Tags::new().with("group", "db"), SECOND, 2);
        packet = current().packet().unwrap();
    });
    assert_eq!(Captured::decode(&packet).unwrap(), sent);
}

#[test]
fn thread_rusage_is_that_of_this_thread() {
    let work = || {
        let until = std::time::Instant::now() + Duration::from_millis(60);
        while std::time::Instant::now() < until {
            std::hint::black_box(0);
        }
    };
    let request = |rusage| {
        let reporter = Reporter::builder().server("127.0.0.1:9").rusage(rusage).build().unwrap();
        let mut requests = capture(|| {
            let _request = reporter.open("test");
            thread::spawn(work).join().unwrap();
        });
        requests.remove(0)
    };
    let cpu = |request: &Captured| request.ru_utime + request.ru_stime;
    assert!(cpu(&request(Rusage::Process)) > 0.0);
    assert!(cpu(&request(Rusage::Thread)) < 0.03, "another thread did the work");
}

#[test]
fn a_tag_that_panics_harms_nobody() {
    struct Panics;
    impl TagValue for Panics {
        fn write_to(&self, _: &mut pynba_runtime::TagWriter<'_>) {
            panic!("on purpose");
        }
    }
    let request = measured(|| {
        current().tag("bad", Panics);
        current().tag("good", 1);
        drop(__rt::timer_with(&DB, |tags| {
            tags.add(1, &1);
            tags.add(2, &Panics);
        }));
        assert_eq!(
            Tags::new().with("a", 1).with("bad", || -> u8 { panic!("on purpose") }).len(),
            1
        );
    });
    assert_eq!(request.tags(), owned([("good", "1")]));
    assert_eq!(only_timer(&request).tags, owned([("a", "1"), ("group", "db")]));
}

#[test]
fn a_tag_that_measures_itself_works() {
    let request = measured(|| {
        let nested = || {
            let _timer = __rt::timer_with(&MAIL, |tags| tags.add(0, &1));
            current().tag("from", "within");
            "value"
        };
        drop(__rt::timer_with(&DB, |tags| tags.add(3, &nested)));
    });
    assert_eq!(request.tags(), owned([("from", "within")]));
    let tags: Vec<_> = request.timers().into_iter().map(|timer| timer.tags).collect();
    let inner = owned([("group", "mail"), ("inner", "1")]);
    assert_eq!(tags, [inner, owned([("group", "db"), ("outer", "value")])]);
}

/// Answers each packet with the next of some results.
struct Scripted(Mutex<Vec<io::Result<()>>>);

impl Transport for Scripted {
    fn send(&self, _: &[u8]) -> io::Result<()> {
        self.0.lock().unwrap().pop().expect("one more packet than planned")
    }
}

#[test]
fn failures_are_counted_by_kind() {
    let results = [
        io::ErrorKind::WouldBlock,
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::PermissionDenied,
    ];
    let mut results: Vec<_> = results.map(|kind| Err(kind.into())).into();
    results.push(Ok(()));
    let reporter = Reporter::builder().transport(Scripted(Mutex::new(results))).build().unwrap();
    for _ in 0..4 {
        drop(reporter.open("test"));
    }
    let stats = reporter.stats();
    assert_eq!((stats.packets, stats.buffer_full, stats.refused, stats.failed), (1, 1, 1, 1));
}

#[test]
fn a_transport_that_panics_harms_nobody() {
    struct Panics;
    impl Transport for Panics {
        fn send(&self, _: &[u8]) -> io::Result<()> {
            panic!("on purpose");
        }
    }
    let reporter = Reporter::builder().transport(Panics).build().unwrap();
    let result = catch_unwind(AssertUnwindSafe(|| {
        let _request = reporter.open("test");
        panic!("the handler's own panic");
    }));
    assert_eq!(*result.unwrap_err().downcast::<&str>().unwrap(), "the handler's own panic");
    assert_eq!(reporter.stats().failed, 1);
}

#[test]
fn several_servers_receive_every_packet_and_a_dead_one_does_not_matter() {
    let collectors = [(); 2].map(|()| pynba_runtime::testing::Collector::bind().unwrap());
    let dead = "127.0.0.1:1";
    let reporter =
        collectors.iter().fold(Reporter::builder().server(dead), |builder, collector| {
            builder.server(collector.address().to_string())
        });
    let reporter = reporter.build().unwrap();
    for _ in 0..3 {
        drop(reporter.open("test"));
    }
    for collector in &collectors {
        for _ in 0..3 {
            assert_eq!(collector.recv(10 * SECOND).unwrap().script_name, "test");
        }
        assert_eq!(collector.recv(Duration::ZERO), None);
    }
    assert!(reporter.stats().refused >= 1, "{:?}", reporter.stats());
}

#[test]
fn the_builder_says_what_is_wrong() {
    let error = |builder: pynba_runtime::ReporterBuilder| builder.build().unwrap_err().to_string();
    assert!(error(Reporter::builder()).contains("needs a server or a transport"));
    let message = error(Reporter::builder().server("127.0.0.1:1").server("nowhere"));
    assert!(message.contains("\"nowhere\"") && message.contains("port"), "{message}");
    let nine = (1..=9).fold(Reporter::builder(), |it, port| it.server(format!("127.0.0.1:{port}")));
    assert_eq!(error(nine), "9 servers given; a reporter sends to at most 8");
}

#[test]
fn captures_do_not_see_each_other() {
    let threads: Vec<_> = (0..4)
        .map(|n: usize| {
            thread::spawn(move || {
                for round in 0..50 {
                    let requests = capture(|| {
                        for _ in 0..n {
                            drop(reporter().open(format!("thread {n} round {round}")));
                        }
                    });
                    assert_eq!(requests.len(), n);
                    let expected = format!("thread {n} round {round}");
                    assert!(requests.iter().all(|request| request.script_name == expected));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn values_flatten_as_documented() {
    let flat = |tags: Tags| -> Vec<(String, String)> {
        tags.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    let tags = Tags::new()
        .with("text", "a")
        .with("int", -1)
        .with("float", [1.0, 0.1, 1e16])
        .with("bool", true)
        .with("char", 'c')
        .with("some", Some(Box::new(1_u8)))
        .with("none", None::<u8>)
        .with("call", || || vec!["x", "y"])
        .with("map", HashMap::from([(1, BTreeMap::from([("k", 2)]))]))
        .with("range", 0..3)
        .with("arguments", format_args!("{}-{}", 1, 2));
    let expected = [
        ("arguments", "1-2"),
        ("bool", "true"),
        ("call", "x"),
        ("call", "y"),
        ("char", "c"),
        ("float", "0.1"),
        ("float", "1.0"),
        ("float", "1e16"),
        ("int", "-1"),
        ("map.1.k", "2"),
        ("range", "0"),
        ("range", "1"),
        ("range", "2"),
        ("some", "1"),
        ("text", "a"),
    ];
    assert_eq!(flat(tags), owned(expected));
    let collected: Tags = [("b", 1), ("a", 2), ("a", 2), ("a", 1)].into_iter().collect();
    assert_eq!(flat(collected), owned([("a", "1"), ("a", "2"), ("b", "1")]));
}
