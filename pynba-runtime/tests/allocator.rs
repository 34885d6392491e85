//! A global allocator that measures itself, and so comes back into whatever allocates.
#![cfg(feature = "enable")]
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use pynba_runtime::__rt::{self, StaticTags};
use pynba_runtime::testing::{Captured, capture};
use pynba_runtime::{Reporter, Tags, current};

/// Timers, enough for every list to grow a few times.
const MANY: usize = 300;

thread_local! {
    static ACT: Cell<Option<fn()>> = const { Cell::new(None) };
    static ACTED: Cell<usize> = const { Cell::new(0) };
}

struct Measuring;

// SAFETY: `System` allocates.
unsafe impl GlobalAlloc for Measuring {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Taken meanwhile: what it does allocates, too.
        if let Some(act) = ACT.try_with(Cell::take).ok().flatten() {
            act();
            ACTED.set(ACTED.get() + 1);
            ACT.set(Some(act));
        }
        // SAFETY: what the caller promises is what `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: it is from `System`, for each allocation is.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Measuring = Measuring;

fn reporter() -> &'static Reporter {
    static REPORTER: OnceLock<Reporter> = OnceLock::new();
    REPORTER.get_or_init(|| Reporter::builder().server("127.0.0.1:9").build().unwrap())
}

/// Makes timers while each allocation does `act`.
fn many_timers(act: fn()) {
    ACT.set(Some(act));
    for n in 0..MANY {
        current().add_timer(Tags::new().with("n", n), Duration::ZERO, 1);
    }
    ACT.set(None);
    assert!(ACTED.get() > MANY, "it must really come back");
}

fn has(request: &Captured, tag: &str) -> usize {
    request.timers().iter().filter(|timer| timer.tags[0].0 == tag).count()
}

#[test]
fn what_an_allocator_measures_is_never_in_an_outer_request() {
    let requests = capture(|| {
        let _outer = reporter().open("outer");
        let _inner = reporter().open("inner");
        many_timers(|| {
            current().add_timer(Tags::new().with("of", "the allocator"), Duration::ZERO, 1);
        });
    });
    let [inner, outer] = requests.try_into().unwrap();
    assert_eq!((&*inner.script_name, has(&inner, "n")), ("inner", MANY));
    assert_eq!((&*outer.script_name, outer.timers()), ("outer", vec![]));
}

#[test]
fn requests_that_an_allocator_opens_take_nobodys_place() {
    let requests = capture(|| {
        drop(reporter().open("warm")); // so that there is memory to open one of
        let _first = reporter().open("first");
        let _outer = reporter().open("outer");
        let _inner = reporter().open("inner");
        many_timers(|| drop(reporter().open("the allocator's")));
    });
    let sent: Vec<_> = requests
        .iter()
        .map(|sent| (&*sent.script_name, sent.timers().len()))
        .filter(|(name, _)| !["warm", "the allocator's"].contains(name))
        .collect();
    assert_eq!(sent, [("inner", MANY), ("outer", 0), ("first", 0)]);
}

/// On a thread of its own, which is left alone if it never ends.
fn ends(act: fn()) -> bool {
    let (ended, waits) = mpsc::channel();
    thread::spawn(move || {
        act();
        ACT.set(None);
        ended.send(()).expect("somebody waits");
    });
    waits.recv_timeout(Duration::from_secs(20)).is_ok()
}

#[test]
fn a_threads_first_request_may_be_that_of_its_allocator() {
    assert!(ends(|| {
        reporter();
        ACT.set(Some(|| drop(reporter().open("of the allocator"))));
        drop((reporter().open("outer"), reporter().open("inner")));
        assert!(ACTED.get() > 0, "it must really come back");
    }));
}

/// What becomes known of tags is allocated.
#[test]
fn tags_that_are_new_are_so_within_the_allocator_too() {
    static OURS: StaticTags = StaticTags::new(&[("group", "db")]).names(&["op"]);
    static ITS: StaticTags = StaticTags::new(&[("group", "memory")]).names(&["size"]);
    assert!(ends(|| {
        let _request = reporter().open("request");
        ACT.set(Some(|| drop(__rt::timer_with(&ITS, |tags| tags.add(0, &1)))));
        for n in 0..20 {
            drop(__rt::timer_with(&OURS, |tags| tags.add(0, &n)));
        }
        ACT.set(Some(|| drop(__rt::timer_with(&OURS, |tags| tags.add(0, "other")))));
        drop(__rt::timer_with(&OURS, |tags| tags.add(0, "new")));
        assert!(ACTED.get() > 0, "it must really come back");
    }));
}
