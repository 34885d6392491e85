//! Bugs of other Pinba clients that could exist here, and do not. Those of flattening are in `flatten.rs`, those
//! of single packets in the encoder's tests.
#![cfg(feature = "enable")]

use std::time::Duration;

use pynba_runtime::__rt::{self, StaticTags};
use pynba_runtime::testing::{Captured, Collector, capture};
use pynba_runtime::{Reporter, Tags, Timer, current};

const WAIT: Duration = Duration::from_secs(10);

/// What a request sends that merges its timers.
fn merged(act: impl FnOnce()) -> Captured {
    let reporter = Reporter::builder().server("127.0.0.1:9").merge_timers(true).build().unwrap();
    let mut requests = capture(|| {
        let _request = reporter.open("test");
        act();
    });
    requests.remove(0)
}

fn add(tags: Tags, hits: u32) {
    current().add_timer(tags, Duration::from_secs(1), hits);
}

#[test]
fn php_merges_tags_whose_text_looks_alike() {
    let request = merged(|| {
        add(Tags::new().with("a", "1,b=>2"), 1);
        add(Tags::new().with("a", 1).with("b", 2), 1);
        add(Tags::new().with("a", "1").with("b", "2"), 1);
        add(Tags::new().with("a1", "b2"), 1);
        add(Tags::new().with("a", "1b2"), 1);
    });
    let hits: Vec<u32> = request.timers().iter().map(|timer| timer.hit_count).collect();
    assert_eq!(hits, [1, 2, 1, 1]);
}

#[test]
fn php_does_not_sort_merged_tags_so_that_equal_sets_stay_apart() {
    static AB: StaticTags = StaticTags::new(&[("a", "1"), ("b", "2")]);
    let request = merged(|| {
        let timer = Timer::new(Tags::new().with("b", 2));
        timer.merge_tags(Tags::new().with("a", 1));
        timer.start().unwrap();
        timer.stop().unwrap();
        add(Tags::new().with("a", 1).with("b", 2), 1);
        drop(__rt::timer(&AB));
        let guard = __rt::timer_with(&AB, |_| ());
        guard.tag("b", 3);
        guard.tag("b", 2);
    });
    let timers = request.timers();
    assert_eq!((timers.len(), timers[0].hit_count), (1, 4));
}

#[test]
fn php_wraps_hit_counts_and_jpinba_sticks_at_two() {
    let request = merged(|| {
        for _ in 0..5 {
            add(Tags::new().with("few", 1), 1);
            add(Tags::new().with("many", 1), u32::MAX / 2);
        }
    });
    let hits: Vec<u32> = request.timers().iter().map(|timer| timer.hit_count).collect();
    assert_eq!(hits, [5, u32::MAX]);
}

#[test]
fn php_shows_packets_without_their_timers() {
    merged(|| {
        add(Tags::new().with("a", 1), 1);
        let packet = Captured::decode(&current().packet().unwrap()).unwrap();
        assert_eq!(packet.timers().len(), 1);
    });
}

#[test]
fn node_stumbles_over_words_and_pinbo_repeats_them() {
    let words = ["constructor", "__proto__", "toString", "hasOwnProperty", ""];
    let request = merged(|| {
        for word in words {
            add(Tags::new().with("word", word).with(word, "word"), 1);
        }
        current().tag("word", "constructor");
    });
    assert_eq!(request.timers().len(), words.len());
    assert_eq!(request.dictionary.len(), words.len() + 1, "{:?}", request.dictionary);
    request.validate().unwrap();
}

#[test]
fn nginx_sends_nothing_after_a_server_that_is_not_found() {
    let collector = Collector::bind().unwrap();
    let servers = format!("pinba.invalid:30002, 127.0.0.1:1, {}", collector.address());
    let reporter = Reporter::builder().servers(servers).build().unwrap();
    for _ in 0..3 {
        drop(reporter.open("test"));
        assert!(collector.recv(WAIT).is_some());
    }
}

#[test]
fn php_uses_the_first_server_only_of_a_list_with_spaces() {
    let collectors = [(); 3].map(|()| Collector::bind().unwrap());
    let list = collectors.each_ref().map(|collector| collector.address().to_string()).join(" , ");
    let reporter = Reporter::builder().servers(list).build().unwrap();
    drop(reporter.open("test"));
    assert!(collectors.iter().all(|collector| collector.recv(WAIT).is_some()));
}

#[test]
fn pynba_loses_the_outer_context_and_fails_after_a_stop_by_hand() {
    let reporter = Reporter::builder().server("127.0.0.1:9").build().unwrap();
    let requests = capture(|| {
        let _outer = reporter.open("outer");
        let timer = Timer::new(Tags::new().with("by", "hand"));
        timer.start().unwrap();
        drop(reporter.open("inner"));
        timer.stop().unwrap();
        current().stop_timers();
        assert!(current().is_active());
    });
    let names: Vec<&str> = requests.iter().map(|request| &*request.script_name).collect();
    assert_eq!(names, ["inner", "outer"]);
    assert_eq!(requests[1].timers().len(), 1);
}
