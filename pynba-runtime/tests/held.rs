//! Timers that the program still holds when they are flushed, stopped or folded, and what it says elsewhere.
#![cfg(feature = "enable")]

use std::mem;
use std::thread;
use std::time::{Duration, Instant};

use pynba_runtime::__rt::{self as rt, StaticTags};
use pynba_runtime::testing::{Captured, Collector, capture};
use pynba_runtime::{FlushOptions, Reporter, Rusage, ScriptMonitor, Tags, Timer, current};

static DB: StaticTags = StaticTags::new(&[("group", "db")]);

const MILLISECOND: Duration = Duration::from_millis(1);
const WAIT: Duration = Duration::from_secs(10);

fn reporter() -> Reporter {
    Reporter::builder().server("127.0.0.1:9").build().unwrap()
}

fn groups(request: &Captured) -> Vec<String> {
    request.timers().into_iter().map(|timer| timer.tags[0].1.clone()).collect()
}

fn group(name: &'static str) -> Tags {
    Tags::new().with("group", name)
}

#[test]
fn a_timer_starts_again_on_another_thread_after_a_flush() {
    let requests = capture(|| {
        let _request = reporter().open("test");
        let timer = Timer::new(group("db"));
        timer.start().unwrap();
        timer.stop().unwrap();
        current().flush();
        thread::scope(|scope| {
            scope.spawn(move || {
                timer.start().unwrap();
                timer.stop().unwrap();
                timer.clone().start().unwrap(); // a second one, which is late
            });
        });
    });
    assert_eq!([groups(&requests[0]), groups(&requests[1])], [["db"], ["db"]]);
}

#[test]
fn what_stops_a_timer_stops_its_clock_there() {
    let _request = reporter().open("test");
    for stop in [(|| current().stop_timers()) as fn(), || current().flush(), || current().reset()] {
        let timer = Timer::new(group("db"));
        timer.start().unwrap();
        stop();
        let stopped = Instant::now();
        thread::sleep(Duration::from_millis(20));
        let elapsed = timer.elapsed();
        assert!(elapsed < stopped.elapsed(), "{elapsed:?}");
        assert!(elapsed < Duration::from_millis(20), "{elapsed:?}: it ran on until it was asked");
        assert!(!timer.is_started());
    }
}

#[test]
fn a_guard_that_was_stopped_changes_its_own_timer_only() {
    let requests = capture(|| {
        let request = reporter().open("test");
        let monitor = request.current();
        let timer = rt::timer(&DB);
        monitor.stop_timers();
        for _ in 0..10_000 {
            monitor.add_timer(group("db"), MILLISECOND, 1);
        }
        timer.tag("own", true);
        timer.set_hit_count(7);
    });
    let timers = requests[0].timers();
    let own: Vec<_> = timers.iter().filter(|timer| timer.tags.len() == 2).collect();
    assert_eq!((own.len(), own[0].hit_count), (1, 7));
    let others: u32 =
        timers.iter().filter(|timer| timer.tags.len() == 1).map(|it| it.hit_count).sum();
    assert_eq!(others, 10_000);
}

#[test]
fn timers_by_hand_that_are_gone_are_folded_as_others() {
    let reporter = reporter();
    let requests = capture(|| {
        let _request = reporter.open("test");
        for _ in 0..100_000 {
            let timer = Timer::new(group("db"));
            timer.start().unwrap();
            timer.stop().unwrap();
            let _never_started = Timer::new(group("cache"));
        }
    });
    let hits: u32 = requests[0].timers().iter().map(|timer| timer.hit_count).sum();
    assert_eq!((requests.len(), hits, reporter.stats().dropped_timers), (1, 100_000, 0));
}

#[test]
fn timers_whose_guards_are_forgotten_are_no_more_than_there_is_room_for() {
    let reporter = reporter();
    let requests = capture(|| {
        let _request = reporter.open("test");
        (0..200_000).for_each(|_| mem::forget(rt::timer(&DB)));
    });
    let sent: u32 = requests.iter().flat_map(Captured::timers).map(|timer| timer.hit_count).sum();
    assert_eq!((sent, reporter.stats().dropped_timers), (65_536, 200_000 - 65_536));
}

#[test]
fn room_is_found_again_when_timers_have_ended() {
    let reporter = reporter();
    capture(|| {
        let request = reporter.open("test");
        let script = request.current();
        let guards: Vec<_> = (0..70_000).map(|_| rt::timer(&DB)).collect();
        assert_eq!(script.info().unwrap().timers.len(), 65_536, "no more than these ran at once");
        drop(guards);
        for _ in 0..70_000 {
            script.add_timer(group("db"), MILLISECOND, 1);
        }
    });
    let dropped = reporter.stats().dropped_timers;
    // Those that never ran; then up to 8,192 are refused before room is looked for again.
    assert!((70_000 - 65_536..=70_000 - 65_536 + 8_192).contains(&dropped), "{dropped}");
}

#[test]
fn more_changes_from_elsewhere_than_there_is_room_for_are_counted() {
    let reporter = reporter();
    let requests = capture(|| {
        let request = reporter.open("test");
        let timer = rt::timer(&DB);
        let current = request.current();
        thread::scope(|scope| {
            scope.spawn(move || {
                for n in 0..20_000 {
                    timer.set_hit_count(n);
                }
                for _ in 0..10 {
                    current.tag("n", "x".repeat(8_000));
                }
            });
        });
    });
    assert_eq!(requests[0].timers()[0].hit_count, 16_383);
    // 16,384 found room, and not even the end of the thread made more for the tags.
    assert_eq!(reporter.stats().dropped_changes, 20_000 - 16_384 + 10);
}

#[test]
fn a_script_that_outlives_a_capture_sends_what_follows() {
    let collector = Collector::bind().unwrap();
    let reporter = Reporter::builder().server(collector.address().to_string()).build().unwrap();
    let mut kept = None;
    let requests = capture(|| {
        let monitor = ScriptMonitor::with_reporter(&reporter);
        monitor.set_script_name("first");
        monitor.send().unwrap();
        kept = Some(monitor);
    });
    assert_eq!(requests.len(), 1);
    let monitor = kept.unwrap();
    monitor.set_script_name("second");
    monitor.send().unwrap();
    let request = collector.recv(WAIT).expect("a packet");
    assert_eq!(request.script_name, "second");
}

#[test]
fn a_script_tells_what_it_has() {
    let requests = capture(|| {
        let monitor = ScriptMonitor::with_reporter(&reporter());
        drop(monitor.timer(group("db")));
        let info = monitor.info().unwrap();
        assert_eq!((info.timers.len(), info.timers[0].running), (1, false));
        let packet = Captured::decode(&monitor.packet().unwrap()).unwrap();
        assert_eq!(groups(&packet), ["db"]);
        monitor.tag("job", "import");
        assert_eq!(monitor.tags().len(), 1);
        let handle = monitor.handle().unwrap();
        monitor.reset();
        thread::scope(|scope| {
            scope.spawn(|| handle.run(|| current().add_timer(group("a"), Duration::ZERO, 1)));
        });
        monitor.flush_with(FlushOptions::new().script_name("named"));
    });
    assert_eq!((requests[0].script_name.as_str(), requests.len()), ("named", 1));
    assert_eq!((groups(&requests[0]), requests[0].tags().len()), (vec!["a".to_owned()], 0));
}

#[test]
fn a_timer_of_a_handle_that_was_sent_is_nothing_new_at_the_end_of_a_script() {
    let requests = capture(|| {
        let monitor = ScriptMonitor::with_reporter(&reporter());
        let timer = monitor.handle().unwrap().run(|| {
            let timer = Timer::new(group("db"));
            timer.start().unwrap();
            timer.stop().unwrap();
            timer
        });
        monitor.send().unwrap();
        drop(timer);
    });
    assert_eq!(requests.iter().map(groups).collect::<Vec<_>>(), [["db"]]);
}

#[test]
fn a_guard_that_was_sent_is_nothing_new_at_the_end_of_a_script() {
    let requests = capture(|| {
        let monitor = ScriptMonitor::with_reporter(&reporter());
        let timer = monitor.timer(group("db"));
        monitor.send().unwrap();
        drop(timer);
    });
    assert_eq!(requests.iter().map(groups).collect::<Vec<_>>(), [["db"]]);
}

/// Elsewhere a thread's own time is not known.
#[cfg(all(target_os = "linux", not(pynba_portable)))]
mod processor_time {
    use pynba_runtime::{Rusage, TagValue};

    use super::*;

    fn work(time: Duration) {
        let start = Instant::now();
        while start.elapsed() < time {}
    }

    /// The processor time and the value of each timer with that tag, seconds.
    fn cpu_and_value(requests: &[Captured], tag: &str) -> Vec<(f32, f32)> {
        let mut found = Vec::new();
        for request in requests {
            let cpus = request.timer_ru_utime.iter().zip(&request.timer_ru_stime);
            let timers = request.timers().into_iter().zip(cpus);
            let own = timers.filter(|(timer, _)| timer.tags[0].1.starts_with(tag));
            found.extend(own.map(|(timer, (user, system))| (user + system, timer.value)));
        }
        found
    }

    /// Of the thread: beside other tests the process uses more.
    fn reporter_of_cpus() -> Reporter {
        let builder = Reporter::builder().server("127.0.0.1:9");
        builder.rusage(Rusage::Thread).timer_rusage(true).build().unwrap()
    }

    fn run(name: impl TagValue) {
        let timer = Timer::new(Tags::new().with("name", name));
        timer.start().unwrap();
        timer.stop().unwrap();
    }

    #[test]
    fn a_timer_that_makes_room_by_folding_others_has_its_own_processor_time() {
        let reporter = reporter_of_cpus();
        // What the thread has used before is in no timer.
        work(200 * MILLISECOND);
        let requests = capture(|| {
            let _request = reporter.open("test");
            (0..4_000).for_each(|n| run(format!("a{n}")));
            (0..4_192).for_each(|_| run("same"));
            let folds = Timer::new(Tags::new().with("name", "folds"));
            folds.start().unwrap();
            (0..4_500).for_each(|n| run(format!("b{n}")));
            folds.stop().unwrap();
        });
        let times = cpu_and_value(&requests, "");
        assert_eq!(times.len(), 4_000 + 1 + 1 + 4_500);
        let worst = times.iter().find(|(cpu, value)| *cpu > value + 0.05);
        assert_eq!(worst, None, "none has used more time than there was");
    }

    #[test]
    fn processor_time_stays_with_its_timer_when_the_one_before_it_has_none() {
        let reporter = reporter_of_cpus();
        let requests = capture(|| {
            let _request = reporter.open("test");
            current().add_timer(Tags::new().with("name", "folded"), MILLISECOND, 1);
            let busy = Timer::new(Tags::new().with("name", "busy"));
            busy.start().unwrap();
            work(200 * MILLISECOND);
            busy.stop().unwrap();
            (0..8_300).for_each(|_| run("folded"));
        });
        let busy = cpu_and_value(&requests, "busy");
        assert!(busy.len() == 1 && busy[0].0 > 0.02, "{busy:?}");
    }
}

/// It is not captured: what is captured does not take the shortest way.
#[test]
fn a_guard_that_was_forgotten_on_a_thread_that_is_gone_takes_no_other_request() {
    let reporter = Reporter::builder().server("127.0.0.1:9").rusage(Rusage::Off).build().unwrap();
    for round in 0..200 {
        thread::scope(|scope| {
            let forgotten = scope.spawn(|| {
                let mut forgotten = reporter.detached("forgotten");
                mem::forget(forgotten.enter());
                forgotten
            });
            let mut forgotten = forgotten.join().unwrap();
            scope.spawn(|| {
                // It may well get the memory of the one that is gone.
                let other = reporter.open("other");
                drop(forgotten.enter());
                assert!(other.current().elapsed().is_some(), "in round {round}");
                assert!(!forgotten.is_recording());
                drop(forgotten);
                assert!(other.current().elapsed().is_some(), "in round {round}");
            });
        });
    }
}

#[test]
fn what_is_dropped_before_its_request_begins_is_in_none() {
    struct Flushes;

    impl Drop for Flushes {
        fn drop(&mut self) {
            current().tag("too", "early");
            current().flush();
        }
    }

    let requests = capture(|| {
        let _outer = reporter().open("outer");
        let flushes = Flushes;
        drop(reporter().monitor("never polled", async move { drop(flushes) }));
    });
    assert_eq!(requests.len(), 1);
    assert_eq!((requests[0].script_name.as_str(), requests[0].tags()), ("outer", vec![]));
}
