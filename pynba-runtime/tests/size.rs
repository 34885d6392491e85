//! Requests that are too large for a packet, or for memory.
#![cfg(feature = "enable")]

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pynba_runtime::__rt::{self, StaticTags};
use pynba_runtime::proto::Request;
use pynba_runtime::testing::{Captured, capture};
use pynba_runtime::{Reporter, ReporterBuilder, Tags, Transport, current};

static DB: StaticTags = StaticTags::new(&[("group", "db")]).names(&["n"]);
static MAIL: StaticTags = StaticTags::new(&[("group", "mail")]).names(&["n"]);

const MILLISECOND: Duration = Duration::from_millis(1);

fn builder() -> ReporterBuilder {
    Reporter::builder().server("127.0.0.1:9")
}

fn hits(requests: &[impl std::ops::Deref<Target = Request>]) -> u32 {
    requests.iter().flat_map(|request| &request.timer_hit_count).sum()
}

#[test]
fn equal_timers_are_separate_until_the_packet_is_full() {
    let reporter = builder().build().unwrap();
    let timers = |count: u32| {
        capture(|| {
            let _request = reporter.open("test");
            for n in 0..count {
                let tags = if n % 3 == 0 { &DB } else { &MAIL };
                drop(__rt::timer(tags));
            }
        })
    };
    let few = timers(4000);
    assert_eq!((few.len(), few[0].timers().len(), hits(&few)), (1, 4000, 4000));
    assert_eq!(reporter.stats().merged_timers, 0);

    let many = timers(6000);
    assert_eq!((many.len(), many[0].timers().len()), (1, 2));
    let [db, mail] = many[0].timers().try_into().unwrap();
    assert_eq!((db.hit_count, mail.hit_count), (2000, 4000));
    assert_eq!(reporter.stats().merged_timers, 5998);
}

#[test]
fn merge_timers_always_merges() {
    let reporter = builder().merge_timers(true).build().unwrap();
    let requests = capture(|| {
        let _request = reporter.open("test");
        for n in 0..4 {
            // The pairs are what counts, not where they come from.
            current().add_timer(Tags::new().with("b", n % 2).with("a", 1), MILLISECOND, n);
        }
        drop(__rt::timer(&DB));
        drop(__rt::timer(&DB));
        __rt::timer(&DB).discard();
    });
    let timers = requests[0].timers();
    let said: Vec<_> =
        timers.iter().map(|it| (it.hit_count, &*it.tags.last().unwrap().1)).collect();
    // Hits of 0 are one.
    assert_eq!(said, [(3, "0"), (4, "1"), (2, "db")]);
    assert_eq!(timers[0].value.to_bits(), 0.002_f32.to_bits());
}

#[test]
fn a_request_is_split_into_packets_that_add_up() {
    let reporter = builder().max_datagram(1472).tag("zone", "a").build().unwrap();
    let requests = capture(|| {
        let request = reporter.open("/report");
        request.current().set_document_size(5);
        request.current().set_memory_peak(6);
        request.current().set_memory_footprint(7);
        request.current().set_status(201);
        request.current().set_request_time(MILLISECOND);
        request.current().set_rusage(MILLISECOND, MILLISECOND);
        for n in 0..1000 {
            request.current().add_timer(Tags::new().with("n", n), MILLISECOND, 1);
        }
    });
    assert!((10..30).contains(&requests.len()), "{}", requests.len());
    for (at, request) in requests.iter().enumerate() {
        request.validate().unwrap();
        assert!(prost::Message::encoded_len(&**request) <= 1472);
        assert_eq!((&*request.script_name, request.status), ("/report", Some(201)));
        assert_eq!(request.tags(), [("zone".to_owned(), "a".to_owned())]);
        let first = u32::from(at == 0);
        assert_eq!(request.request_count, first);
        let sizes = (request.document_size, request.memory_peak, request.memory_footprint.unwrap());
        assert_eq!(sizes, (5 * first, 6 * first, 7 * first));
        let times = [request.request_time, request.ru_utime, request.ru_stime];
        assert_eq!(times.map(|time| time > 0.0), [at == 0; 3]);
    }
    let numbers: Vec<_> =
        requests.iter().flat_map(Captured::timers).map(|it| it.tags[0].1.clone()).collect();
    assert_eq!(numbers, (0..1000).map(|n| n.to_string()).collect::<Vec<_>>());
    let full = requests.iter().rev().skip(1).all(|it| prost::Message::encoded_len(&**it) > 1000);
    assert!(full, "as few packets as may be");
}

#[test]
fn text_that_alone_is_too_long_is_cut_at_a_character() {
    let reporter = builder().max_datagram(548).build().unwrap();
    let requests = capture(|| {
        let request = reporter.open("é".repeat(3000));
        let tags = Tags::new().with("query", "é".repeat(3000)).with("user", 7);
        request.current().add_timer(tags, MILLISECOND, 1);
    });
    let request = &requests[0];
    request.validate().unwrap();
    assert!(prost::Message::encoded_len(&**request) <= 548);
    assert!(request.script_name.len() >= 64 && request.script_name.chars().all(|c| c == 'é'));
    assert_eq!(request.timers()[0].tags[1], ("user".to_owned(), "7".to_owned()));
}

#[test]
fn what_cannot_be_sent_even_so_is_counted() {
    struct Nothing;
    impl Transport for Nothing {
        fn send(&self, _: &[u8]) -> io::Result<()> {
            panic!("nothing fits")
        }
    }
    let errors = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&errors);
    let reporter = Reporter::builder()
        .transport(Nothing)
        .max_datagram(548)
        .on_error(move |error| told.lock().unwrap().push(error.to_string()))
        .build()
        .unwrap();
    let request = reporter.open("test");
    for n in 0..100 {
        request.current().tag(format!("tag {n}"), n);
    }
    drop(request);
    assert_eq!((reporter.stats().too_large, reporter.stats().packets), (1, 0));
    let errors = errors.lock().unwrap();
    assert!(errors[0].contains("a datagram takes at most 548"), "{errors:?}");
}

#[test]
fn a_million_timers_take_bounded_memory_and_lose_nothing() {
    let reporter = builder().build().unwrap();
    let requests = capture(|| {
        let request = reporter.open("test");
        for n in 0..1_000_000_u32 {
            drop(__rt::timer(if n % 2 == 0 { &DB } else { &MAIL }));
            if n % 100_000 == 0 {
                let kept = request.current().info().unwrap().timers.len();
                assert!(kept <= 8192, "{kept}");
            }
        }
    });
    // Those that came after the last folding are as they were.
    assert!(requests.len() == 1 && requests[0].timers().len() < 5000);
    assert_eq!(hits(&requests), 1_000_000);
    let kept = requests[0].timers().len() as u64;
    assert_eq!(reporter.stats().merged_timers, 1_000_000 - kept);
}

#[test]
fn timers_of_too_many_different_tags_are_counted() {
    let reporter = builder().build().unwrap();
    let requests = capture(|| {
        let _request = reporter.open("test");
        for n in 0..100_000 {
            drop(__rt::timer_with(&DB, |tags| tags.add(0, &n)));
        }
    });
    let sent = u64::from(hits(&requests));
    assert!(sent >= 65_536, "{sent}");
    assert_eq!(sent + reporter.stats().dropped_timers, 100_000);
}

#[test]
fn folded_timers_keep_those_that_run() {
    let reporter = builder().build().unwrap();
    let requests = capture(|| {
        let _request = reporter.open("test");
        let kept: Vec<_> =
            (0..10_u32).map(|n| __rt::timer_with(&MAIL, |tags| tags.add(0, &n))).collect();
        for _ in 0..20_000 {
            drop(__rt::timer(&DB));
        }
        for (n, timer) in kept.into_iter().enumerate() {
            timer.set_hit_count(100 + u32::try_from(n).unwrap());
        }
    });
    let timers = requests[0].timers();
    assert!((11..5000).contains(&timers.len()), "{}", timers.len());
    assert_eq!(timers.iter().filter(|timer| timer.tags.len() == 2).count(), 10);
    for timer in timers.iter().filter(|timer| timer.tags.len() == 2) {
        assert_eq!(timer.hit_count, 100 + timer.tags[1].1.parse::<u32>().unwrap());
    }
}

#[test]
fn a_size_that_no_datagram_has_is_refused() {
    for bytes in [0, 547, 65_528] {
        let error = builder().max_datagram(bytes).build().unwrap_err().to_string();
        assert_eq!(error, format!("packets of {bytes} bytes; a datagram takes from 548 to 65527"));
    }
    assert!(builder().max_datagram(65_527).build().is_ok());
}

#[test]
fn a_timer_driven_by_hand_stays_its_own_when_others_are_folded() {
    let reporter = builder().build().unwrap();
    let requests = capture(|| {
        let _request = reporter.open("test");
        let by_hand = pynba_runtime::Timer::new(Tags::new().with("group", "db"));
        by_hand.start().unwrap();
        by_hand.stop().unwrap();
        for _ in 0..9000 {
            current().add_timer(Tags::new().with("group", "db"), MILLISECOND, 1);
        }
        by_hand.delete();
    });
    assert_eq!(hits(&requests), 9000);
    let seconds: f32 = requests[0].timers().iter().map(|timer| timer.value).sum();
    assert!((8.9..9.1).contains(&seconds), "{seconds}");
}

#[test]
fn folding_begins_anew_after_a_flush() {
    let reporter = builder().build().unwrap();
    capture(|| {
        let _request = reporter.open("test");
        for n in 0..65_000 {
            current().add_timer(Tags::new().with("n", n), MILLISECOND, 1);
        }
        current().flush();
        for _ in 0..100_000 {
            drop(__rt::timer(&DB));
        }
    });
    assert_eq!(reporter.stats().dropped_timers, 0);
}

#[test]
fn long_tags_do_not_multiply_packets() {
    let reporter = builder().max_datagram(1400).tag("long", "x".repeat(1500)).build().unwrap();
    let requests = capture(|| {
        let _request = reporter.open("test");
        let _never: Vec<_> =
            (0..3000).map(|_| pynba_runtime::Timer::new(Tags::new().with("a", 1))).collect();
        for n in 0..1000 {
            current().add_timer(Tags::new().with("n", n), MILLISECOND, 1);
        }
    });
    assert!((10..60).contains(&requests.len()), "{}", requests.len());
    assert!(requests.iter().skip(1).all(|request| !request.timers().is_empty()));
    assert_eq!(hits(&requests), 1000);
}

#[test]
fn a_request_tag_set_in_a_loop_is_not_lost() {
    let reporter = builder().build().unwrap();
    let requests = capture(|| {
        let request = reporter.open("test");
        for n in 0..5 {
            request.current().tag(format!("long {n}"), "x".repeat(7000));
        }
        for n in 0..10_000 {
            request.current().tag("step", n);
        }
    });
    assert_eq!(requests[0].tags().last().unwrap().1, "9999");
    assert_eq!(reporter.stats().dropped_tags, 0);
}
