//! What a program may do to its monitor, and what must come of it: nothing.
#![cfg(feature = "enable")]

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{io, thread};

use pynba_runtime::__rt::{self, Site, StaticTags};
use pynba_runtime::proto::Request;
use pynba_runtime::testing::{Captured, Collector, capture};
use pynba_runtime::{Reporter, Rusage, Transport, current};

static DB: StaticTags = StaticTags::new(&[("group", "db")]).names(&["n", "query", "user", "many"]);

fn reporter() -> Reporter {
    Reporter::builder().server("127.0.0.1:9").build().unwrap()
}

fn owned<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

fn measured(act: impl FnOnce()) -> Captured {
    let mut requests = capture(|| {
        let _request = reporter().open("test");
        act();
    });
    requests.remove(0)
}

/// Its clean-up panics, too.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("on purpose");
    }
}

/// A transport made of a function, with something that is dropped with it.
struct Calls<F, D = ()>(F, D);

impl<F: Fn(&[u8]) -> io::Result<()> + Send + Sync, D: Send + Sync> Transport for Calls<F, D> {
    fn send(&self, datagram: &[u8]) -> io::Result<()> {
        (self.0)(datagram)
    }
}

#[test]
fn a_panic_whose_payload_panics_stops_in_a_tag_and_in_a_transport() {
    let request = measured(|| {
        current().tag("bad", || -> u8 { panic_any(Bomb) });
        current().tag("good", 1);
    });
    assert_eq!(request.tags(), owned([("good", "1")]));

    let reporter = Reporter::builder().transport(Calls(|_: &[u8]| panic_any(Bomb), ())).build();
    let reporter = reporter.unwrap();
    drop(reporter.open("test"));
    assert_eq!(reporter.stats().failed, 1);
}

#[test]
fn a_transport_whose_clean_up_panics_harms_no_handler() {
    let reporter = Reporter::builder().transport(Calls(|_: &[u8]| Ok(()), Bomb)).build().unwrap();
    let request = reporter.open("test");
    drop(catch_unwind(AssertUnwindSafe(|| drop(reporter))));
    drop(request);
}

#[test]
fn a_transport_that_is_monitored_itself_is_not_measured() {
    static SITE: Site = Site::new("transport");
    let packets = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&packets);
    let own: Arc<Mutex<Option<Reporter>>> = Arc::default();
    let of_transport = Arc::clone(&own);
    let send = move |packet: &[u8]| {
        let reporter = of_transport.lock().unwrap().clone().unwrap();
        let _request = SITE.enter_with(&reporter);
        let _opened = reporter.open("by hand");
        let _timer = __rt::timer(&DB);
        seen.lock().unwrap().push(Request::decode(packet).unwrap());
        Ok(())
    };
    let reporter = Reporter::builder().transport(Calls(send, ())).build().unwrap();
    *own.lock().unwrap() = Some(reporter.clone());
    {
        let _outer = reporter.open("outer");
        drop(reporter.open("inner"));
    }
    let packets = packets.lock().unwrap();
    let said: Vec<_> = packets.iter().map(|it| (&*it.script_name, it.timers().count())).collect();
    assert_eq!(said, [("inner", 0), ("outer", 0)]);
    *own.lock().unwrap() = None;
}

#[test]
fn a_tag_that_opens_a_request_leaves_the_timer_where_it_was() {
    let mut kept = None;
    let requests = capture(|| {
        let _outer = reporter().open("outer");
        let slot = std::cell::RefCell::new(None);
        drop(__rt::timer_with(&DB, |tags| {
            *slot.borrow_mut() = Some(reporter().open("inner"));
            tags.add(0, &1);
        }));
        kept = slot.into_inner();
        drop(kept.take());
    });
    let said: Vec<_> = requests.iter().map(|it| (&*it.script_name, it.timers().len())).collect();
    assert_eq!(said, [("inner", 0), ("outer", 1)]);
}

#[test]
fn one_long_tag_leaves_room_for_the_others() {
    let request = measured(|| {
        drop(__rt::timer_with(&DB, |tags| {
            tags.add(1, &"é".repeat(70_000));
            tags.add(2, &7);
        }));
        current().tag("long", "x".repeat(70_000));
        current().tag("plan", "free");
        current().tag("many", vec!["ok"; 100_000]);
        current().set_script_name("n".repeat(1_000_000));
    });
    let timer = &request.timers()[0];
    assert_eq!((&*timer.tags[0].1, &timer.tags[2]), ("db", &owned([("user", "7")])[0]));
    assert_eq!(timer.tags[1].1, "é".repeat(4096), "8 KiB of it");
    let tags = request.tags();
    assert_eq!(
        (tags[0].1.len(), &tags[1..]),
        (8192, &owned([("many", "ok"), ("plan", "free")])[..])
    );
    assert_eq!(request.script_name.len(), 8192);
}

#[test]
fn tags_that_fill_a_packet_are_counted_and_whole() {
    let reporter = reporter();
    capture(|| {
        let request = reporter.open("test");
        for n in 0..20 {
            request.current().tag(format!("tag {n}"), "x".repeat(8000));
        }
        let tags = request.current().tags();
        assert!((7..=8).contains(&tags.len()), "{}", tags.len());
        assert!(tags.iter().all(|(_, value)| value.len() == 8000));
    });
    assert!(reporter.stats().dropped_tags >= 12, "{:?}", reporter.stats());
}

#[test]
fn equal_values_do_not_fill_the_memory_of_a_request() {
    let reporter = reporter();
    let requests = capture(|| {
        let _request = reporter.open("test");
        for _ in 0..200 {
            drop(__rt::timer_with(&DB, |tags| tags.add(3, &vec!["same value"; 3000])));
        }
    });
    assert_eq!(requests[0].timers().len(), 200);
    assert_eq!(reporter.stats().dropped_timers, 0);
}

#[test]
fn large_maps_replace_each_other_as_request_tags() {
    let map = |n: u32| -> BTreeMap<u32, u32> { (0..n).map(|n| (n, n)).collect() };
    let request = measured(|| {
        current().tag("one", map(2000));
        current().tag("two", map(2000));
        current().tag("one", map(10));
        current().tag("two", 2);
    });
    let names = request.tags().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!((names.len(), &*names[0], &*names[10]), (11, "one.0", "two"));
}

#[test]
fn a_timer_tagged_in_a_loop_leaves_room_for_others() {
    let reporter = reporter();
    let requests = capture(|| {
        let _request = reporter.open("test");
        let timer = __rt::timer(&DB);
        for n in 0..100_000 {
            timer.tag("round", n);
        }
        drop(timer);
        for n in 0..20 {
            drop(__rt::timer_with(&DB, |tags| tags.add(0, &n)));
        }
    });
    let timers = requests[0].timers();
    assert_eq!(timers.len(), 21);
    assert_eq!(timers[0].tags, owned([("group", "db"), ("round", "99999")]));
    let stats = reporter.stats();
    assert_eq!((stats.dropped_timers, stats.dropped_tags), (0, 0));
}

#[test]
fn changes_from_two_threads_are_applied_in_their_order() {
    let request = measured(|| {
        let timer = __rt::timer(&DB);
        let timer = thread::spawn(move || {
            timer.set_hit_count(5);
            timer.tag("k", "old");
            timer
        })
        .join()
        .unwrap();
        let tags = current().info().unwrap().timers[0].tags.clone();
        assert_eq!(tags, owned([("group", "db"), ("k", "old")]));
        timer.set_hit_count(3);
        timer.tag("k", "new");
    });
    let timer = &request.timers()[0];
    assert_eq!((timer.hit_count, &timer.tags), (3, &owned([("group", "db"), ("k", "new")])));
}

#[test]
fn packet_and_info_know_what_ended_elsewhere() {
    measured(|| {
        let [first, second] = [(); 2].map(|()| __rt::timer(&DB));
        thread::spawn(move || first.discard()).join().unwrap();
        assert_eq!(Captured::decode(&current().packet().unwrap()).unwrap().timers().len(), 1);
        thread::spawn(move || second.discard()).join().unwrap();
        assert_eq!(current().info().unwrap().timers.len(), 0);
    });
}

#[test]
fn nothing_of_a_request_is_left_in_the_next_one() {
    let requests = capture(|| {
        let request = reporter().open("first");
        request.current().tag("plan", "free");
        request.current().set_schema("https");
        request.current().set_status(404);
        drop(__rt::timer_with(&DB, |tags| tags.add(0, &1)));
        std::mem::forget(__rt::timer(&DB));
        drop(request);
        drop(reporter().open("second"));
    });
    let second = &requests[1];
    assert_eq!((second.tags(), second.timers().len()), (vec![], 0));
    assert_eq!((second.status, second.schema.as_deref()), (Some(200), Some("")));
}

#[test]
fn captures_end_with_their_closure_and_nest() {
    let collector = Collector::bind().unwrap();
    let server = collector.address().to_string();
    let reporter = Reporter::builder().server(server).build().unwrap();
    let outer = capture(|| {
        assert_eq!(capture(|| drop(reporter.open("inner"))).len(), 1);
        drop(reporter.open("outer"));
    });
    assert_eq!((outer.len(), &*outer[0].script_name), (1, "outer"));
    let panicked = catch_unwind(|| capture(|| panic!("on purpose")));
    assert!(panicked.is_err());
    assert_eq!(collector.recv(Duration::ZERO), None);
    drop(reporter.open("sent"));
    assert_eq!(collector.recv(Duration::from_secs(10)).unwrap().script_name, "sent");
    assert!(reporter.stats().bytes > 20);
}

#[test]
fn times_are_exact_and_never_panic() {
    let time = Duration::new(123_456_789, 12_345_678);
    measured(|| {
        let request = current();
        request.set_request_time(time);
        request.set_rusage(Duration::MAX, time);
        let info = request.info().unwrap();
        // 584 years.
        let longest = Duration::from_nanos(u64::MAX);
        assert_eq!((info.request_time, info.ru_utime, info.ru_stime), (time, longest, time));
        let elapsed = request.elapsed().unwrap();
        let timer = __rt::timer(&DB);
        thread::sleep(Duration::from_millis(2));
        assert!(request.elapsed().unwrap() >= elapsed + Duration::from_millis(2));
        assert!(timer.elapsed() >= Duration::from_millis(2));
    });
    let collector = Collector::bind().unwrap();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"", collector.address()).unwrap();
    socket.send_to(b"no packet", collector.address()).unwrap();
    let reporter = Reporter::builder().server(collector.address().to_string()).build().unwrap();
    drop(reporter.open("after nonsense"));
    assert_eq!(collector.recv(Duration::MAX).unwrap().script_name, "after nonsense");
}

#[test]
fn processor_time_is_a_difference() {
    // Earlier work of this thread must not show.
    let until = Instant::now() + Duration::from_millis(100);
    while Instant::now() < until {}
    let reporter =
        Reporter::builder().server("127.0.0.1:9").rusage(Rusage::Thread).build().unwrap();
    let request = &capture(|| drop(reporter.open("test")))[0];
    assert!(request.ru_utime + request.ru_stime < 0.05, "{request:?}");
}

#[test]
fn an_empty_name_leaves_that_of_the_reporter() {
    let reporter = Reporter::builder().server("127.0.0.1:9").hostname("web1").server_name("www");
    let reporter = reporter.build().unwrap();
    let requests = capture(|| {
        let request = reporter.open("test");
        request.current().set_hostname("");
        request.current().set_server_name("");
    });
    assert_eq!((&*requests[0].hostname, &*requests[0].server_name), ("web1", "www"));
}

#[test]
fn a_server_that_fails_does_not_keep_the_others_from_their_packet() {
    let got = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&got);
    let fails = Calls(|_: &[u8]| Err(io::ErrorKind::PermissionDenied.into()), ());
    let works = Calls(
        move |_: &[u8]| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(())
        },
        (),
    );
    let reporter = Reporter::builder().transport(fails).transport(works).build().unwrap();
    drop(reporter.open("test"));
    assert_eq!(got.load(Ordering::Relaxed), 1);
    assert_eq!((reporter.stats().failed, reporter.stats().packets), (1, 1));
}
