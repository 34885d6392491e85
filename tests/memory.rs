//! With `pynba::alloc::Tracking` as the global allocator, each request reports its own heap peak.
#![cfg(feature = "enable")]

use std::cell::RefCell;
use std::hint::black_box;
use std::sync::{LazyLock, Mutex};
use std::thread;

use pynba::alloc::Tracking;
use pynba::testing::{Captured, capture};
use pynba::{Current, Reporter, RequestGuard, Rusage, current, monitor, timer};

#[global_allocator]
static GLOBAL: Tracking = Tracking::new();

const MB: usize = 1 << 20;

fn block(bytes: usize) -> Vec<u8> {
    black_box(Vec::with_capacity(bytes))
}

fn open(name: &'static str) -> RequestGuard {
    static REPORTER: LazyLock<Reporter> = LazyLock::new(|| reporter(Rusage::Process));
    REPORTER.open(name)
}

fn reporter(rusage: Rusage) -> Reporter {
    Reporter::builder().server("127.0.0.1:9").rusage(rusage).build().unwrap()
}

/// The peak of each request, in the order of their ends. It runs twice, so that the thread's own memory is
/// there the second time.
fn peaks(mut act: impl FnMut()) -> Vec<usize> {
    capture(&mut act);
    capture(act).iter().map(|request| request.memory_peak as usize).collect()
}

fn peak(act: impl Fn()) -> usize {
    let requests = peaks(|| {
        let _request = open("one");
        act();
    });
    let [peak] = requests.try_into().unwrap();
    peak
}

/// To capture an inner request takes some memory, which the outer one counts; so does a thread's handle.
const LITTLE: usize = 2 * 1024;

#[track_caller]
fn assert_about<const N: usize>(peaks: &[usize], expected: [usize; N]) {
    let about = |(peak, expected): (&usize, usize)| (expected..expected + LITTLE).contains(peak);
    assert_eq!(peaks.len(), N);
    assert!(peaks.iter().zip(expected).all(about), "{peaks:?} for {expected:?}");
}

#[test]
fn nothing_allocated_is_nothing() {
    assert_eq!(peak(|| ()), 0);
    assert_eq!(peak(|| drop(black_box(vec![(); 1000]))), 0);
}

#[test]
fn one_after_the_other_is_one() {
    let peak = peak(|| {
        drop(block(MB));
        drop(block(MB));
        drop(block(10));
    });
    assert_eq!(peak, MB);
}

#[test]
fn both_at_once_are_two() {
    let peak = peak(|| {
        let first = block(MB);
        drop((block(MB), first));
        drop(block(MB));
    });
    assert_eq!(peak, 2 * MB);
}

#[test]
fn a_monitored_function_counts_its_body() {
    #[monitor]
    fn handler(text: &str) -> String {
        timer!(group = "text" => drop(block(3 * MB)));
        text.repeat(2)
    }
    assert_eq!(peaks(|| drop(handler("text"))), [3 * MB]);
}

#[test]
fn the_next_request_starts_from_zero() {
    let kept = RefCell::new(Vec::with_capacity(10));
    let requests = peaks(|| {
        for bytes in [5 * MB, MB, 0] {
            let _request = open("next");
            kept.borrow_mut().push(block(bytes)); // still there in the next one
        }
    });
    assert_eq!(requests, [5 * MB, MB, 0]);
}

#[test]
fn a_flush_starts_from_zero() {
    let kept = RefCell::new(Vec::with_capacity(10));
    let requests = peaks(|| {
        let _request = open("rounds");
        for bytes in [5 * MB, MB, 0] {
            kept.borrow_mut().push(block(bytes));
            current().flush();
        }
        drop(block(2 * MB));
    });
    assert_about(&requests, [5 * MB, MB, 0, 2 * MB]);
}

#[test]
fn an_inner_request_is_part_of_the_outer_one() {
    let requests = peaks(|| {
        let outer = open("outer");
        let kept = block(MB);
        {
            let _inner = open("inner");
            drop(block(2 * MB));
        }
        drop((block(MB), kept));
        drop(outer);
    });
    assert_about(&requests, [2 * MB, 3 * MB]);
}

#[test]
fn what_the_outer_request_used_before_and_after_is_not_the_inner_ones() {
    let requests = peaks(|| {
        let _outer = open("outer");
        drop(block(4 * MB));
        for bytes in [MB, 2 * MB] {
            let _inner = open("inner");
            drop(block(bytes));
        }
        drop(block(3 * MB));
    });
    assert_about(&requests, [MB, 2 * MB, 4 * MB]);
}

#[test]
fn an_inner_request_that_frees_what_is_the_outer_ones() {
    let requests = peaks(|| {
        let _outer = open("outer");
        let given = block(4 * MB);
        {
            let _inner = open("inner");
            drop(given);
            drop(block(MB));
        }
        drop(block(5 * MB));
    });
    assert_about(&requests, [MB, 5 * MB]);
}

#[test]
fn freeing_what_was_there_before_takes_nothing_away() {
    for freed in [1, 100] {
        let before = RefCell::new(vec![(0..freed).map(|_| block(MB)).collect::<Vec<_>>(); 2]);
        // A clone of a `Vec` has the capacity of its length.
        before.borrow_mut().iter_mut().flatten().for_each(|block| block.reserve_exact(MB));
        let peak = peak(|| {
            drop(before.borrow_mut().pop());
            drop(block(3 * MB));
        });
        assert_eq!(peak, 3 * MB);
    }
    let before = RefCell::new([block(100 * MB), block(100 * MB)]);
    assert_eq!(peak(|| before.borrow_mut().iter_mut().for_each(Vec::shrink_to_fit)), 0);
}

#[test]
fn what_another_thread_gave_is_freed_here() {
    let given = Mutex::new(vec![block(8 * MB), block(8 * MB)]);
    thread::scope(|scope| {
        scope.spawn(|| {
            let peak = peak(|| {
                drop(block(MB));
                drop(given.lock().unwrap().pop());
                drop(block(2 * MB));
            });
            assert_eq!(peak, 2 * MB);
        });
    });
    assert!(given.lock().unwrap().is_empty());
}

#[test]
fn what_another_thread_frees_is_still_this_ones() {
    let peak = peak(|| {
        let given = block(2 * MB);
        thread::spawn(move || drop((given, block(50 * MB)))).join().unwrap();
        drop(block(MB));
    });
    assert_about(&[peak], [3 * MB]);
}

#[test]
fn threads_count_apart() {
    thread::scope(|scope| {
        for n in 1..5 {
            scope.spawn(move || {
                for _ in 0..50 {
                    assert_eq!(peak(|| drop((block(n * MB), block(n)))), n * (MB + 1));
                }
            });
        }
    });
}

#[test]
fn growing_and_shrinking_count_once() {
    let peak_of_growth = peak(|| {
        let mut grown = block(MB);
        grown.reserve_exact(3 * MB);
        black_box(&mut grown).reserve_exact(2 * MB); // has it already
    });
    assert_eq!(peak_of_growth, 3 * MB);

    let peak_of_shrinking = peak(|| {
        let mut shrunk = block(3 * MB);
        shrunk.extend_from_slice(b"some");
        shrunk.shrink_to(MB);
        drop((block(2 * MB + 1), shrunk));
    });
    assert_eq!(peak_of_shrinking, 3 * MB + 1);

    let peak_of_pushing = peak(|| {
        let mut pushed = Vec::new();
        (0..MB).for_each(|n| black_box(&mut pushed).push(n.to_ne_bytes()[0]));
    });
    assert_eq!(peak_of_pushing, MB);
}

#[test]
fn zeroed_and_aligned_memory_counts() {
    #[repr(align(4096))]
    struct Page([u8; 4096]);

    assert_eq!(peak(|| drop(black_box(vec![0_u8; MB]))), MB);
    assert_eq!(peak(|| assert_eq!(black_box(Box::new(Page([7; 4096]))).0[9], 7)), 4096);
}

#[test]
fn memory_that_there_was_not_does_not_count() {
    let peak = peak(|| {
        let mut some = block(10);
        assert!(some.try_reserve_exact(isize::MAX as usize - 64).is_err());
        assert!(Vec::<u8>::new().try_reserve_exact(isize::MAX as usize - 64).is_err());
    });
    assert_eq!(peak, 10);
}

#[test]
fn guards_that_end_out_of_order_have_their_own_peaks() {
    let requests = peaks(|| {
        let (outer, kept) = (open("outer"), block(MB));
        let (inner, more) = (open("inner"), block(2 * MB));
        drop(outer); // 3 MB
        drop((block(4 * MB), kept, more));
        drop(inner); // 6 MB
    });
    assert_about(&requests, [3 * MB, 6 * MB]);

    let requests = peaks(|| {
        let mut guards = ["a", "b", "c", "d"].map(|name| Some(open(name)));
        for which in [1, 3, 0, 2] {
            drop(block(which * MB));
            guards[which] = None;
        }
    });
    assert_about(&requests, [MB, 3 * MB, 3 * MB, 3 * MB]);
}

#[test]
fn more_than_is_provided_for_inside_each_other() {
    fn nest(depth: usize) {
        if depth > 0 {
            let _request = open("deep");
            nest(depth - 1);
        } else {
            drop(block(MB));
        }
    }
    let requests = peaks(|| nest(40));
    assert_eq!(requests.len(), 40);
    // A guard that was opened takes some memory, which the ones around it count; the eldest fall back on
    // the process's resident set, which is some megabytes.
    assert!(requests[..16].iter().all(|peak| (MB..MB + MB / 2).contains(peak)), "{requests:?}");
    assert!(requests[16..].iter().all(|peak| *peak > MB), "{requests:?}");
    assert_eq!(peak(|| drop(block(MB))), MB, "and afterwards all is as it was");
}

#[test]
fn an_outer_request_outlasts_any_number_of_inner_ones() {
    let requests = peaks(|| {
        let _outer = open("outer");
        drop(block(MB));
        (0..100).for_each(|_| drop(open("inner")));
    });
    assert_eq!(requests[..100], [0; 100]);
    assert_eq!(requests[100..], [MB], "and not the process's resident set");
}

#[test]
fn a_guard_that_is_forgotten_disturbs_nobody() {
    thread::spawn(|| {
        for _ in 0..100 {
            std::mem::forget(open("forgotten"));
        }
        assert_eq!(peak(|| drop(block(MB))), MB);
    })
    .join()
    .unwrap();
}

#[test]
fn it_needs_no_rusage() {
    for rusage in [Rusage::Off, Rusage::Thread, Rusage::Process] {
        let reporter = reporter(rusage);
        let requests = peaks(|| {
            let _request = reporter.open("test");
            drop(block(MB));
        });
        assert_eq!(requests, [MB], "{rusage:?}");
    }
}

#[test]
fn what_is_set_by_hand_wins() {
    let peak = peak(|| {
        drop(block(MB));
        current().set_memory_peak(7);
    });
    assert_eq!(peak, 7);
}

#[test]
fn looking_at_a_request_shows_its_peak_so_far() {
    let shown = |of: Current| usize::try_from(of.info().unwrap().memory_peak).unwrap();
    let about = |expected: usize, shown| assert_about(&[shown], [expected]);
    capture(|| {
        let outer = open("outer");
        drop(block(MB));
        about(MB, shown(current()));
        let packet = Captured::decode(&current().packet().unwrap()).unwrap();
        about(MB, packet.memory_peak as usize);

        let _inner = open("inner");
        about(0, shown(current()));
        drop(block(2 * MB));
        about(2 * MB, shown(current()));
        about(2 * MB, shown(outer.current()));
    });
}

#[test]
fn a_thread_that_ends_with_an_open_request_ends_well() {
    struct Last(Option<RequestGuard>, Vec<u8>);

    impl Drop for Last {
        fn drop(&mut self) {
            // Allocates, and frees what was there before, while the thread is being torn down.
            self.1 = block(MB);
            self.0 = None;
            drop(black_box(vec![1_u8; 100]));
        }
    }

    thread_local! {
        static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
    }

    for early in [true, false] {
        thread::spawn(move || {
            if early {
                LAST.with(|_| ());
            }
            let request = open("last");
            LAST.with(|last| *last.borrow_mut() = Some(Last(Some(request), block(10))));
        })
        .join()
        .unwrap();
    }
}
