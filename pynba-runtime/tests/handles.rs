//! Work on other threads joins its request, and no other.
#![cfg(feature = "enable")]

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Barrier;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use pynba_runtime::__rt::{self as rt, StaticTags};
use pynba_runtime::testing::{Captured, capture};
use pynba_runtime::{
    DetachedRequest, FlushOptions, Handle, Reporter, ScriptMonitor, TagValue, Tags, Timer,
    TimerError, TimerGuard, current,
};

static DB: StaticTags = StaticTags::new(&[("group", "db")]).names(&["n", "of", "thread"]);
static MAIL: StaticTags = StaticTags::new(&[("group", "mail")]);

const MILLISECOND: Duration = Duration::from_millis(1);

fn reporter() -> Reporter {
    Reporter::builder().server("127.0.0.1:9").build().unwrap()
}

fn handle() -> Handle {
    current().handle().expect("a request is open")
}

/// On a thread of its own.
fn elsewhere<R: Send>(act: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| scope.spawn(act).join().unwrap())
}

fn start_there(timer: &mut Timer) {
    elsewhere(move || timer.start().unwrap());
}

fn stop_there(timer: &mut Timer) {
    elsewhere(move || timer.stop().unwrap());
}

/// What a request sends while `act` runs, and at its end.
fn sent(act: impl FnOnce()) -> Vec<Captured> {
    sent_by(&reporter(), act)
}

fn sent_by(reporter: &Reporter, act: impl FnOnce()) -> Vec<Captured> {
    capture(|| {
        let _request = reporter.open("test");
        act();
    })
}

/// The only packet.
fn only(requests: Vec<Captured>) -> Captured {
    let [request] = requests.try_into().expect("one packet");
    request
}

/// The timers' first values, sorted: who comes first is up to the threads.
fn groups(request: &Captured) -> Vec<String> {
    let mut groups: Vec<_> =
        request.timers().into_iter().map(|timer| timer.tags[0].1.clone()).collect();
    groups.sort();
    groups
}

fn hits(request: &Captured) -> u64 {
    request.timers().iter().map(|timer| u64::from(timer.hit_count)).sum()
}

fn group<K>(name: impl TagValue<K>) -> Tags {
    Tags::new().with("group", name)
}

fn owned<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

#[test]
fn scoped_threads_measure_for_the_request() {
    let request = only(sent(|| {
        let handle = &handle();
        thread::scope(|scope| {
            for n in 0..4 {
                scope.spawn(move || {
                    handle.run(|| {
                        let _timer = rt::timer(&DB);
                        current().tag(format!("thread{n}"), n);
                        current().add_timer(group(n), MILLISECOND, 2);
                    });
                    drop(rt::timer(&MAIL)); // no longer in the request
                });
            }
        });
    }));
    assert_eq!(groups(&request), ["0", "1", "2", "3", "db", "db", "db", "db"]);
    assert_eq!((request.tags().len(), hits(&request), request.status), (4, 12, Some(200)));
}

#[test]
fn threads_of_their_own_measure_for_the_request() {
    let request = only(sent(|| {
        let threads = ["a", "b"].map(|name| {
            let handle = handle();
            thread::spawn(move || handle.run(|| current().add_timer(group(name), MILLISECOND, 1)))
        });
        for thread in threads {
            thread.join().unwrap();
        }
    }));
    assert_eq!(groups(&request), ["a", "b"]);
}

#[test]
fn a_handle_may_go_anywhere() {
    fn check<T: Clone + Send + Sync + 'static>(_: &T) {}
    let _request = reporter().open("test");
    let handle = handle();
    check(&handle);
    assert_eq!(handle.run(|| 42), 42);
    assert_eq!(format!("{handle:?}"), "Handle { open: true, .. }");
}

#[test]
fn runs_nest() {
    let requests = capture(|| {
        let reporter = reporter();
        let _first = reporter.open("first");
        let first = handle();
        let _second = reporter.open("second");
        let second = handle();
        elsewhere(move || {
            let measure = |name| current().add_timer(group(name), MILLISECOND, 1);
            first.run(|| {
                measure("1");
                second.run(|| {
                    measure("2");
                    first.clone().run(|| measure("3"));
                    measure("4");
                    let _own = reporter.open("own");
                    measure("5");
                    handle().run(|| measure("6"));
                    second.run(|| measure("7"));
                });
                measure("8");
                handle().run(|| measure("9"));
            });
            assert!(!current().is_active());
        });
    });
    let of = |name| groups(requests.iter().find(|request| request.script_name == name).unwrap());
    assert_eq!(of("first"), ["1", "3", "8", "9"]);
    assert_eq!(of("second"), ["2", "4", "7"]);
    assert_eq!(requests.len(), 2, "a request of another thread is not captured");
}

#[test]
fn a_handle_inside_its_own_request_is_that_request() {
    let requests = sent(|| {
        handle().run(|| {
            drop(rt::timer(&DB));
            current().tag("plan", "free");
            assert_eq!(current().tags(), owned([("plan", "free")]));
            assert_eq!(current().info().unwrap().timers.len(), 1);
            current().flush();
            let _runs_on = rt::timer(&MAIL);
            current().set_status(404);
        });
        drop(rt::timer(&DB));
    });
    let sent: Vec<_> = requests.iter().map(groups).collect();
    assert_eq!(sent, [vec!["db"], vec!["db", "mail"]]);
    assert_eq!((requests[0].status, requests[1].status), (Some(200), Some(404)));
}

#[test]
fn a_panic_in_a_run_leaves_nothing_behind() {
    let request = only(sent(|| {
        let handle = handle();
        elsewhere(move || {
            let result = catch_unwind(AssertUnwindSafe(|| {
                handle.run(|| {
                    let _timer = rt::timer(&DB);
                    resume_unwind(Box::new("on purpose"));
                });
            }));
            assert!(result.is_err() && !current().is_active());
        });
    }));
    assert_eq!((groups(&request), request.status), (vec!["db".to_owned()], Some(200)));
}

/// The next request of the thread has the mailbox of the first.
#[test]
fn what_comes_after_the_end_is_counted_and_in_no_other_request() {
    let (reporter, next_reporter) = (reporter(), reporter());
    let ((to_thread, events), (to_us, answers)) = (channel(), channel());
    let requests = capture(|| {
        let first = reporter.open("first");
        let handle = handle();
        let thread = thread::spawn(move || {
            handle.run(|| {
                let guard = rt::timer(&DB);
                let by_hand = Timer::new(group("by hand"));
                by_hand.start().unwrap();
                let stopped = Timer::new(group("stopped"));
                stopped.start().unwrap();
                stopped.stop().unwrap();
                to_us.send(()).unwrap();
                events.recv().unwrap();
                // The request has ended, and another one is open where it was.
                assert!(!handle.is_open() && !current().is_active());
                guard.tag("late", "yes");
                drop(guard);
                assert_eq!(by_hand.stop(), Err(TimerError::NotStarted), "the end stopped it");
                current().set_status(503);
                current().set_script_name("late");
                current().tag("late", "yes");
                current().set_enabled(false);
                current().stop_timers();
                current().add_timer(group("late"), MILLISECOND, 1);
                drop(rt::timer(&MAIL));
                assert_eq!(rt::timer(&MAIL).stop(), Duration::ZERO);
            });
        });
        answers.recv().unwrap();
        drop(first);
        let _next = next_reporter.open("next");
        let _timer = rt::timer(&DB);
        to_thread.send(()).unwrap();
        thread.join().unwrap();
    });
    let [first, next] = requests.try_into().unwrap();
    assert_eq!((&*first.script_name, groups(&first)), ("first", vec!["stopped".to_owned()]));
    assert_eq!((&*next.script_name, groups(&next)), ("next", vec!["db".to_owned()]));
    assert_eq!((next.tags(), next.status), (vec![], Some(200)));
    // The guard, the one by hand, `add_timer` and two timers that began too late.
    assert_eq!(reporter.stats().late_timers, 5);
    assert_eq!(next_reporter.stats().late_timers, 0);
}

#[test]
fn a_timer_by_hand_that_begins_too_late_is_a_stopwatch_and_counts_once() {
    let reporter = reporter();
    let mut handle = None;
    sent_by(&reporter, || handle = current().handle());
    handle.unwrap().run(|| {
        let timer = Timer::new(group("db"));
        for _ in 0..3 {
            timer.start().unwrap();
            assert!(timer.is_started());
            timer.stop().unwrap();
        }
        assert!(timer.elapsed() > Duration::ZERO);
    });
    assert_eq!(reporter.stats().late_timers, 1);
}

#[test]
fn everything_can_be_said_through_a_handle() {
    let request = only(sent(|| {
        current().tag("removed", 1);
        let handle = handle();
        elsewhere(move || {
            handle.run(|| {
                let request = current();
                request.set_script_name("renamed");
                request.set_hostname("host");
                request.set_server_name("server");
                request.set_schema("https");
                request.set_status(404);
                request.set_document_size(1);
                request.set_memory_peak(2);
                request.set_memory_footprint(3);
                request.set_request_time(MILLISECOND);
                request.set_rusage(2 * MILLISECOND, 4 * MILLISECOND);
                request.remove_tag("removed");
                request.tag("plan", "free");
                request.tag("plan", "premium");
                // Only the request's own thread knows these.
                assert!(request.is_active() && request.handle().is_some());
                assert!(request.tags().is_empty() && request.info().is_none());
                assert!(request.elapsed().is_none() && request.packet().is_none());
                request.flush();
                request.reset();
            });
        });
    }));
    assert_eq!(
        (&*request.script_name, &*request.hostname, &*request.server_name),
        ("renamed", "host", "server")
    );
    assert_eq!((request.schema.as_deref(), request.status), (Some("https"), Some(404)));
    assert_eq!(
        (request.document_size, request.memory_peak, request.memory_footprint),
        (1, 2, Some(3))
    );
    let times = (request.request_time, request.ru_utime, request.ru_stime);
    assert_eq!(times, (0.001, 0.002, 0.004));
    assert_eq!(request.tags(), owned([("plan", "premium")]));
}

#[test]
fn a_request_can_be_switched_off_through_a_handle() {
    let requests = sent(|| {
        let handle = handle();
        elsewhere(move || handle.run(|| current().set_enabled(false)));
    });
    assert_eq!(requests, []);
}

#[test]
fn what_is_said_last_holds_wherever_it_is_said() {
    let request = only(sent(|| {
        let handle = handle();
        elsewhere(|| {
            handle.run(|| {
                current().set_status(202);
                current().tag("by", "the handle");
            });
        });
        assert_eq!(current().tags(), owned([("by", "the handle")]));
        current().set_status(404);
        current().tag("by", "the request");
        elsewhere(|| handle.run(|| current().set_document_size(1)));
    }));
    assert_eq!((request.status, request.tags()), (Some(404), owned([("by", "the request")])));
    assert_eq!(request.document_size, 1);
}

#[test]
fn timers_of_handles_can_do_what_others_can() {
    let request = only(sent(|| {
        let handle = handle();
        elsewhere(move || {
            handle.run(|| {
                rt::timer(&DB).discard();
                let guard = rt::timer_with(&DB, |tags| tags.add(0, &1));
                guard.tag("n", 2);
                guard.set_hit_count(3);
                assert!(guard.stop() > Duration::ZERO);

                let timer = Timer::new(group("by hand"));
                assert_eq!(timer.stop(), Err(TimerError::NotStarted));
                timer.start().unwrap();
                assert_eq!(timer.start(), Err(TimerError::AlreadyStarted));
                timer.stop().unwrap();
                timer.start().unwrap();
                timer.merge_tags(Tags::new().with("n", 1));
                timer.set_hit_count(5);
                timer.stop().unwrap();
                assert!(timer.elapsed() > Duration::ZERO);

                let again = timer.clone();
                again.replace_tags(group("replaced"));
                again.start().unwrap(); // and runs on to the end
                drop(again);
                let deleted = timer.clone();
                deleted.start().unwrap();
                deleted.delete();
                let _never_started = timer.clone();

                let stopped = rt::timer(&MAIL);
                let by_hand = Timer::new(group("stopped by hand"));
                by_hand.start().unwrap();
                current().stop_timers();
                assert!(!by_hand.is_started());
                thread::sleep(5 * MILLISECOND);
                drop(stopped);
            });
        });
    }));
    let timers = request.timers();
    let tags_and_hits: Vec<_> =
        timers.iter().map(|timer| (timer.tags.clone(), timer.hit_count)).collect();
    assert_eq!(
        tags_and_hits,
        [
            (owned([("group", "db"), ("n", "2")]), 3),
            (owned([("group", "by hand"), ("n", "1")]), 5),
            (owned([("group", "replaced")]), 1),
            (owned([("group", "mail")]), 1),
            (owned([("group", "stopped by hand")]), 1),
        ]
    );
    assert!(timers[3].value < 0.005, "{timers:?}");
}

#[test]
fn a_timer_of_a_handle_that_runs_at_the_end_is_late() {
    let reporter = reporter();
    let mut kept = None;
    let request = only(sent_by(&reporter, || {
        let handle = handle();
        kept = elsewhere(move || handle.run(|| Some(rt::timer(&DB))));
    }));
    drop(kept);
    assert_eq!((request.timers(), reporter.stats().late_timers), (vec![], 1));
}

#[test]
fn a_guard_may_end_on_either_side() {
    let request = only(sent(|| {
        let handle = handle();
        let (ours, mut by_hand) = (rt::timer(&DB), Timer::new(group("by hand")));
        by_hand.start().unwrap();
        let stopped = &mut by_hand;
        let theirs = elsewhere(move || {
            handle.run(|| {
                ours.tag("ended", "there");
                drop(ours);
                stopped.stop().unwrap();
                rt::timer(&MAIL)
            })
        });
        thread::sleep(30 * MILLISECOND);
        theirs.tag("ended", "here");
        drop(theirs);
        thread::sleep(30 * MILLISECOND);
    }));
    let ends: Vec<_> = request
        .timers()
        .into_iter()
        .map(|timer| (timer.tags[0].1.clone(), timer.value < 0.03))
        .collect();
    assert_eq!(
        ends,
        [("there".into(), true), ("by hand".into(), true), ("here".into(), false)],
        "{request:?}"
    );
}

#[test]
fn a_guard_that_ends_with_its_thread_ends_there() {
    thread_local!(static KEPT: RefCell<Option<TimerGuard>> = const { RefCell::new(None) });
    let request = only(sent(|| {
        let (handle, ours) = (handle(), rt::timer(&DB));
        elsewhere(move || KEPT.set(Some(ours)));
        elsewhere(move || handle.run(|| KEPT.set(Some(rt::timer(&MAIL)))));
        thread::sleep(30 * MILLISECOND);
    }));
    assert_eq!(groups(&request), ["db", "mail"]);
    assert!(request.timers().iter().all(|timer| timer.value < 0.03), "{request:?}");
}

#[test]
fn a_flush_stops_and_sends_what_handles_measure() {
    let reporter = reporter();
    let requests = sent_by(&reporter, || {
        let handle = handle();
        let (running, mut by_hand) = elsewhere(|| {
            handle.run(|| {
                drop(rt::timer(&DB));
                let by_hand = Timer::new(group("by hand"));
                by_hand.start().unwrap();
                (rt::timer(&MAIL), by_hand)
            })
        });
        current().flush();
        assert!(!by_hand.is_started());
        running.tag("late", "yes");
        running.set_hit_count(5);
        drop(running); // was stopped and sent
        start_there(&mut by_hand);
        stop_there(&mut by_hand);
        elsewhere(|| handle.run(|| drop(rt::timer(&DB))));
    });
    let [first, second] = requests.try_into().unwrap();
    assert_eq!(
        (groups(&first), hits(&first)),
        (vec!["by hand".into(), "db".into(), "mail".into()], 3)
    );
    assert_eq!((groups(&second), hits(&second)), (vec!["by hand".into(), "db".into()], 2));
    assert_eq!(reporter.stats().late_timers, 0);
}

#[test]
fn a_flush_of_what_has_stopped_leaves_what_handles_measure() {
    let requests = sent(|| {
        let handle = handle();
        let (running, mut by_hand) = elsewhere(|| {
            handle.run(|| {
                drop(rt::timer(&DB));
                let by_hand = Timer::new(group("by hand"));
                by_hand.start().unwrap();
                (rt::timer(&MAIL), by_hand)
            })
        });
        current().flush_with(FlushOptions::new().only_stopped(true));
        assert!(by_hand.is_started());
        running.tag("n", 1);
        elsewhere(|| drop(running));
        stop_there(&mut by_hand);
        current().flush_with(FlushOptions::new().only_stopped(true));
        start_there(&mut by_hand);
        stop_there(&mut by_hand);
    });
    let sent: Vec<_> = requests.iter().map(groups).collect();
    assert_eq!(sent, [vec!["db"], vec!["by hand", "mail"], vec!["by hand"]]);
    assert_eq!(requests[1].timers().iter().map(|timer| timer.tags.len()).max(), Some(2));
}

#[test]
fn a_reset_forgets_what_handles_have_measured() {
    let request = only(sent(|| {
        let handle = handle();
        let running = elsewhere(|| {
            handle.run(|| {
                current().tag("early", 1);
                drop(rt::timer(&DB));
                rt::timer(&DB)
            })
        });
        current().reset();
        drop(running);
        elsewhere(|| handle.run(|| drop(rt::timer(&MAIL))));
    }));
    assert_eq!((groups(&request), request.tags()), (vec!["mail".to_owned()], vec![]));
}

/// To look at a request changes nothing.
#[test]
fn what_was_looked_at_is_still_the_programs() {
    let look = |how: fn()| {
        only(sent(|| {
            let handle = handle();
            let make = || {
                let timer = Timer::new(group("by hand"));
                timer.start().unwrap();
                timer.stop().unwrap();
                let stopped = rt::timer(&DB);
                (timer, stopped)
            };
            let (timer, guard) = elsewhere(|| handle.run(make));
            current().stop_timers();
            how();
            guard.set_hit_count(7);
            timer.start().unwrap(); // the last time counts
            timer.stop().unwrap();
        }))
    };
    let seen = |request: &Captured| (groups(request), hits(request));
    let expected = (vec!["by hand".to_owned(), "db".to_owned()], 8);
    assert_eq!(seen(&look(|| ())), expected);
    assert_eq!(seen(&look(|| assert_eq!(current().info().unwrap().timers.len(), 2))), expected);
    assert_eq!(seen(&look(|| assert!(current().packet().is_some()))), expected);
}

#[test]
fn what_handles_have_measured_can_be_looked_at() {
    sent(|| {
        let handle = handle();
        elsewhere(|| {
            handle.run(|| {
                drop(rt::timer(&DB));
                current().tag("plan", "free");
            });
        });
        let info = current().info().unwrap();
        assert_eq!((info.timers.len(), info.tags.len()), (1, 1));
        let packet = Captured::decode(&current().packet().unwrap()).unwrap();
        assert_eq!((groups(&packet), packet.tags().len()), (vec!["db".to_owned()], 1));
    });
}

#[test]
fn two_requests_at_once_keep_apart() {
    const ROUNDS: usize = 200;
    let requests = capture(|| {
        let reporter = reporter();
        let both = ["first", "second"].map(|name| {
            let request = reporter.open(name);
            let handle = request.current().handle().unwrap();
            (request, handle, name)
        });
        let barrier = Barrier::new(4);
        thread::scope(|scope| {
            for n in 0..4 {
                let (barrier, [first, second]) =
                    (&barrier, [0, 1].map(|i| (&both[i].1, both[i].2)));
                scope.spawn(move || {
                    let (inner, outer) = if n % 2 == 0 { (first, second) } else { (second, first) };
                    for _ in 0..ROUNDS {
                        barrier.wait();
                        let kept = outer.0.run(|| {
                            let kept = rt::timer_with(&DB, |tags| tags.add(1, outer.1));
                            inner.0.run(|| {
                                drop(rt::timer_with(&DB, |tags| tags.add(1, inner.1)));
                                current().set_server_name(inner.1);
                            });
                            drop(rt::timer_with(&DB, |tags| tags.add(1, outer.1)));
                            kept
                        });
                        inner.0.run(|| drop(kept));
                    }
                });
            }
        });
    });
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(
            (request.timers().len(), &*request.server_name),
            (6 * ROUNDS, &*request.script_name)
        );
        assert!(request.timers().iter().all(|timer| timer.tags[1].1 == request.script_name));
    }
}

#[test]
fn detached_requests_are_joined_wherever_they_are() {
    fn entered(request: &mut DetachedRequest, act: impl FnOnce()) {
        let _entered = request.enter();
        act();
    }
    let requests = capture(|| {
        let reporter = reporter();
        let [mut first, mut second] = ["first", "second"].map(|name| reporter.detached(name));
        let [of_first, of_second] = [&mut first, &mut second].map(|it| it.handle().unwrap());
        thread::scope(|scope| {
            scope.spawn(|| {
                entered(&mut first, || {
                    of_second.run(|| drop(rt::timer(&MAIL)));
                    drop(rt::timer(&DB));
                });
            });
            scope.spawn(|| {
                entered(&mut second, || {
                    of_first.run(|| drop(rt::timer(&DB)));
                    drop(rt::timer(&MAIL));
                });
            });
        });
        of_first.run(|| drop(rt::timer(&DB))); // it is current nowhere
        first.finish();
        second.finish();
    });
    assert_eq!(
        requests.iter().map(groups).collect::<Vec<_>>(),
        [["db"; 3].as_slice(), &["mail"; 2]]
    );
}

#[test]
fn nothing_is_lost_among_many_threads_and_flushes() {
    const THREADS: u64 = 4;
    const EACH: u64 = 5_000;
    let reporter = reporter();
    let requests = sent_by(&reporter, || {
        let handle = handle();
        thread::scope(|scope| {
            for n in 0..THREADS {
                let handle = &handle;
                scope.spawn(move || {
                    handle.run(|| {
                        for i in 0..EACH {
                            let timer = rt::timer_with(&DB, |tags| tags.add(2, &n));
                            if i % 2 == 0 { drop(timer) } else { timer.set_hit_count(1) }
                        }
                    });
                });
            }
            for _ in 0..50 {
                current().flush_with(FlushOptions::new().only_stopped(true));
                thread::yield_now();
            }
        });
    });
    assert_eq!(requests.iter().map(hits).sum::<u64>(), THREADS * EACH);
    let stats = reporter.stats();
    assert_eq!((stats.late_timers, stats.dropped_timers, stats.dropped_changes), (0, 0, 0));
}

#[test]
fn a_million_timers_take_bounded_memory_and_are_counted() {
    // Not optimised, fewer do.
    const MANY: u64 = if cfg!(debug_assertions) { 150_000 } else { 1_000_000 };
    let reporter = reporter();
    let equal = sent_by(&reporter, || {
        let handle = handle();
        elsewhere(move || {
            handle.run(|| (0..MANY).for_each(|_| current().add_timer(group("a"), MILLISECOND, 1)));
        });
    });
    assert_eq!(equal.iter().map(hits).sum::<u64>(), MANY);
    assert_eq!(reporter.stats().merged_timers, MANY - equal[0].timers().len() as u64);

    let reporter = self::reporter();
    let different = sent_by(&reporter, || {
        let handle = handle();
        let add = |n| current().add_timer(group(n), MILLISECOND, 1);
        elsewhere(move || handle.run(|| (0..MANY).for_each(add)));
    });
    let (sent, dropped) =
        (different.iter().map(hits).sum::<u64>(), reporter.stats().dropped_timers);
    assert_eq!(sent + dropped, MANY);
    assert!((10_000..100_000).contains(&sent), "{sent} of {MANY}");
}

#[test]
fn a_million_words_take_bounded_memory_and_are_counted() {
    let reporter = reporter();
    let request = only(sent_by(&reporter, || {
        let handle = handle();
        elsewhere(move || {
            handle.run(|| (0..1_000_000).for_each(|n| current().set_document_size(n)));
        });
    }));
    assert_eq!(request.document_size, 16 * 1024 - 1, "the mail that found room");
    assert_eq!(reporter.stats().dropped_changes, 1_000_000 - 16 * 1024);
}

#[test]
fn a_script_is_measured_on_other_threads() {
    let requests = capture(|| {
        let monitor = ScriptMonitor::with_reporter(&reporter());
        let handle = monitor.handle().unwrap();
        elsewhere(|| handle.run(|| drop(rt::timer(&DB))));
        monitor.send().unwrap();
        elsewhere(|| {
            handle.run(|| {
                drop(rt::timer(&MAIL));
                current().tag("part", "last");
            });
        });
        // Dropped before what was measured is sent, it sends.
    });
    assert_eq!(requests.iter().map(groups).collect::<Vec<_>>(), [["db"], ["mail"]]);
    assert_eq!(requests[1].tags(), owned([("part", "last")]));
}

/// What threads have used is known here only to Linux.
#[cfg(all(target_os = "linux", not(pynba_portable)))]
mod processor_time {
    use std::time::Instant;

    use super::*;
    use pynba_runtime::Rusage;

    fn reporter() -> Reporter {
        Reporter::builder().server("127.0.0.1:9").rusage(Rusage::Thread).build().unwrap()
    }

    fn cpu(request: &Captured) -> f64 {
        f64::from(request.ru_utime) + f64::from(request.ru_stime)
    }

    /// Keeps the thread busy for some thirty milliseconds, and tells how long it was, by a request of its own.
    fn work() -> f64 {
        let probe = reporter().open("probe");
        let used = || {
            let info = probe.current().info().unwrap();
            (info.ru_utime + info.ru_stime).as_secs_f64()
        };
        let until = Instant::now() + Duration::from_secs(10);
        while used() < 0.03 && Instant::now() < until {
            (0..10_000).for_each(|n| _ = std::hint::black_box(n));
        }
        probe.current().set_enabled(false);
        used()
    }

    /// What the packets say, when `work` was done so often.
    #[track_caller]
    fn assert_is(said: f64, worked: f64) {
        assert!(worked >= 0.03, "{worked}");
        assert!((worked - 0.002..worked + 0.02).contains(&said), "{said} for {worked} s");
    }

    #[test]
    fn it_is_summed_over_threads() {
        let mut worked = 0.0;
        let request = only(sent_by(&reporter(), || {
            worked += work();
            let handle = handle();
            let threads = [(); 3].map(|()| {
                let handle = handle.clone();
                thread::spawn(move || {
                    work(); // not for the request
                    let worked = handle.run(|| work() + handle.run(work));
                    work();
                    worked
                })
            });
            worked += threads.map(|thread| thread.join().unwrap()).iter().sum::<f64>();
        }));
        assert_is(cpu(&request), worked);
    }

    #[test]
    fn a_thread_is_not_counted_twice() {
        let mut worked = 0.0;
        let request = only(sent_by(&reporter(), || {
            let handle = handle();
            worked += handle.run(|| work() + handle.run(work));
        }));
        assert_is(cpu(&request), worked);

        // Nor when the request is entered where a handle of it runs already.
        let request = only(capture(|| {
            let mut request = reporter().detached("test");
            let handle = request.handle().unwrap();
            worked = handle.run(|| {
                let _entered = request.enter();
                work()
            });
            request.finish();
        }));
        assert_is(cpu(&request), worked);
    }

    #[test]
    fn a_script_is_not_counted_twice_where_it_is() {
        let mut worked = 0.0;
        let request = only(capture(|| {
            let monitor = ScriptMonitor::with_reporter(&reporter());
            worked = monitor.handle().unwrap().run(work);
        }));
        assert_is(cpu(&request), worked);
    }

    #[test]
    fn it_is_summed_wherever_a_request_is_entered() {
        let mut worked = 0.0;
        let request = only(capture(|| {
            let mut request = reporter().detached("test");
            for _ in 0..2 {
                worked += elsewhere(|| {
                    let _entered = request.enter();
                    work()
                });
                elsewhere(work);
            }
            request.finish();
        }));
        assert_is(cpu(&request), worked);
    }

    #[test]
    fn each_of_two_requests_counts_its_own() {
        let (mut first_worked, mut second_worked) = (0.0, 0.0);
        let requests = capture(|| {
            let reporter = reporter();
            let [mut first, mut second] = ["first", "second"].map(|name| reporter.detached(name));
            let [of_first, of_second] = [&mut first, &mut second].map(|it| it.handle().unwrap());
            first_worked += elsewhere(|| of_first.run(work));
            second_worked += elsewhere(|| of_second.run(work) + of_second.run(work));
            first.finish();
            second.finish();
        });
        assert_is(cpu(&requests[0]), first_worked);
        assert_is(cpu(&requests[1]), second_worked);
    }

    #[test]
    fn a_flush_starts_over() {
        let (mut before, mut after) = (0.0, 0.0);
        let requests = sent_by(&reporter(), || {
            let handle = handle();
            before = work() + elsewhere(|| handle.run(work));
            current().flush();
            after = elsewhere(|| handle.run(work));
        });
        assert_is(cpu(&requests[0]), before);
        assert_is(cpu(&requests[1]), after);
    }

    #[test]
    fn what_ends_too_late_does_not_count() {
        let ((to_thread, events), (to_us, answers)) = (channel(), channel());
        let requests = capture(|| {
            let reporter = reporter();
            let first = reporter.open("first");
            let handle = handle();
            let thread = thread::spawn(move || {
                handle.run(|| {
                    work();
                    to_us.send(()).unwrap();
                    events.recv().unwrap();
                });
            });
            answers.recv().unwrap();
            drop(first);
            let _next = reporter.open("next");
            to_thread.send(()).unwrap();
            thread.join().unwrap();
        });
        assert!(requests.iter().all(|request| cpu(request) < 0.02), "{requests:?}");
    }

    #[test]
    fn a_script_that_moved_counts_each_thread_for_itself() {
        let mut worked = 0.0;
        let requests = capture(|| {
            let monitor_there = ScriptMonitor::with_reporter(&reporter());
            work();
            let monitor;
            (monitor, worked) = elsewhere(move || {
                work();
                monitor_there.send().unwrap(); // the next round begins on this thread
                let worked = work();
                monitor_there.send().unwrap();
                (monitor_there, worked)
            });
            monitor.send().unwrap();
        });
        // One thread's clock tells nothing about another.
        assert!(cpu(&requests[0]) < 0.1, "{:?}", requests[0]);
        assert_is(cpu(&requests[1]), worked);
        assert!(cpu(&requests[2]) < 0.02, "{:?}", requests[2]);
    }

    #[test]
    fn a_timer_that_ends_on_another_thread_has_not_used_what_that_used_before() {
        let reporter = Reporter::builder()
            .server("127.0.0.1:9")
            .rusage(Rusage::Thread)
            .timer_rusage(true)
            .build()
            .unwrap();
        let request = only(sent_by(&reporter, || {
            work();
            let handle = handle();
            let (of_handle, by_hand) = elsewhere(|| {
                handle.run(|| {
                    let by_hand = Timer::new(group("by hand"));
                    by_hand.start().unwrap();
                    (rt::timer(&DB), by_hand)
                })
            });
            drop(of_handle);
            by_hand.stop().unwrap();
        }));
        assert_eq!(request.timers().len(), 2);
        assert!(request.timer_ru_utime.iter().sum::<f32>() < 0.02, "{request:?}");
    }
}
