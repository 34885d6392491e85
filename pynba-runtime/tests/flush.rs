//! Flushes, hand-driven timers, scripts and samples.
#![cfg(feature = "enable")]

use std::io;
use std::thread;
use std::time::Duration;

use pynba_runtime::__rt::{self, StaticTags};
use pynba_runtime::testing::{Captured, Collector, capture};
use pynba_runtime::{
    Error, FlushOptions, Reporter, Sampling, ScriptMonitor, Tags, Timer, TimerError, Transport,
    current,
};

static DB: StaticTags = StaticTags::new(&[("group", "db")]);
static MAIL: StaticTags = StaticTags::new(&[("group", "mail")]);

const MILLISECOND: Duration = Duration::from_millis(1);
const WAIT: Duration = Duration::from_secs(10);

fn reporter() -> Reporter {
    Reporter::builder().server("127.0.0.1:9").build().unwrap()
}

/// What a request sends while `act` runs, and at its end.
fn sent(act: impl FnOnce()) -> Vec<Captured> {
    capture(|| {
        let _request = reporter().open("test");
        act();
    })
}

fn groups(request: &Captured) -> Vec<String> {
    request.timers().into_iter().map(|timer| timer.tags[0].1.clone()).collect()
}

fn group(name: &'static str) -> Tags {
    Tags::new().with("group", name)
}

#[test]
fn a_flush_sends_and_starts_over() {
    let requests = sent(|| {
        let request = current();
        request.tag("plan", "free");
        request.set_document_size(5);
        request.set_request_time(WAIT);
        request.set_rusage(WAIT, WAIT);
        let running = __rt::timer(&DB);
        drop(__rt::timer(&MAIL));
        request.flush();
        assert!(request.is_active() && request.elapsed().unwrap() < WAIT);
        assert_eq!(request.info().unwrap().timers, []);
        thread::sleep(2 * MILLISECOND);
        drop(running); // was stopped and sent
        drop(__rt::timer(&MAIL));
    });
    let [first, second] = requests.try_into().unwrap();
    assert_eq!((first.request_time, first.ru_utime, first.ru_stime), (10.0, 10.0, 10.0));
    assert_eq!(groups(&first), ["db", "mail"]);
    assert!((0.002..5.0).contains(&second.request_time), "{}", second.request_time);
    assert!(second.ru_utime < 5.0 && second.ru_stime < 5.0, "processor time starts over");
    assert_eq!(groups(&second), ["mail"]);
    for request in [first, second] {
        assert_eq!((request.document_size, request.tags().len()), (5, 1));
        assert_eq!(request.request_count, 1);
    }
}

#[test]
fn flush_options_do_what_they_say() {
    let requests = sent(|| {
        let request = current();
        request.tag("plan", "free");
        request.set_document_size(5);
        let running = __rt::timer(&DB);
        drop(__rt::timer(&MAIL));
        request.flush_with(FlushOptions::new().script_name("first half").only_stopped(true));
        thread::sleep(2 * MILLISECOND);
        running.set_hit_count(3);
        drop(running);
        request.flush_with(FlushOptions { reset: true, ..FlushOptions::new() });
    });
    let [first, second, third] = requests.try_into().unwrap();
    assert_eq!((&*first.script_name, groups(&first)), ("first half", vec!["mail".to_owned()]));
    assert_eq!((&*second.script_name, groups(&second)), ("test", vec!["db".to_owned()]));
    assert_eq!(second.timers()[0].hit_count, 3);
    assert!(second.timers()[0].value >= 0.002, "it went on over the flush");
    assert_eq!((second.document_size, second.tags().len()), (5, 1));
    assert_eq!((third.document_size, third.tags().len(), third.timers().len()), (0, 0, 0));
}

#[test]
fn a_flush_sends_the_bytes_of_packet() {
    let collector = Collector::bind().unwrap();
    let reporter = Reporter::builder().server(collector.address().to_string()).build().unwrap();
    let request = reporter.open("test");
    let current = request.current();
    current.set_request_time(MILLISECOND);
    current.set_rusage(MILLISECOND, MILLISECOND);
    current.set_memory_peak(1);
    current.add_timer(group("db"), MILLISECOND, 2);
    let packet = current.packet().unwrap();
    current.flush();
    assert_eq!(collector.recv(WAIT).unwrap(), Captured::decode(&packet).unwrap());
    current.set_enabled(false);
    current.flush();
    drop(request);
    assert_eq!(collector.recv(Duration::ZERO), None, "disabled");
    reporter.send(&packet).unwrap();
    assert_eq!(collector.recv(WAIT).unwrap(), Captured::decode(&packet).unwrap());
}

#[test]
fn reset_forgets_what_was_measured() {
    let requests = sent(|| {
        let request = current();
        request.set_status(404);
        request.tag("plan", "free");
        request.set_request_time(WAIT);
        let running = __rt::timer(&DB);
        request.reset();
        drop(running);
        drop(__rt::timer(&MAIL));
    });
    assert_eq!((groups(&requests[0]), requests[0].tags()), (vec!["mail".to_owned()], vec![]));
    assert!(requests[0].request_time < 5.0);
    assert_eq!(requests[0].status, Some(404));
}

#[test]
fn a_reset_leaves_the_tags_of_the_reporter() {
    let reporter = Reporter::builder().server("127.0.0.1:9").tag("release", 7).build().unwrap();
    let requests = capture(|| {
        let _request = reporter.open("test");
        current().tag("plan", "free");
        current().flush_with(FlushOptions::new().reset(true));
        current().tag("plan", "free");
        current().reset();
    });
    let tags: Vec<_> = requests.iter().map(|request| request.tags().len()).collect();
    assert_eq!(tags, [2, 1]);
    assert_eq!(requests[1].tags()[0].0, "release");
}

#[test]
fn losses_are_counted_once() {
    let reporter = reporter();
    capture(|| {
        let request = reporter.open("test");
        for n in 0..10 {
            request.current().tag(format!("tag {n}"), "x".repeat(8000));
        }
        request.current().flush();
        request.current().flush();
    });
    assert!((2..=3).contains(&reporter.stats().dropped_tags), "{}", reporter.stats());
}

#[test]
fn stop_timers_stops_them() {
    let requests = sent(|| {
        let guard = __rt::timer(&DB);
        let timer = Timer::new(group("mail"));
        timer.start().unwrap();
        current().stop_timers();
        thread::sleep(20 * MILLISECOND);
        assert_eq!(timer.stop(), Err(TimerError::NotStarted));
        assert!(timer.elapsed() < 20 * MILLISECOND);
        drop(guard);
    });
    assert!(requests[0].timers().iter().all(|timer| timer.value < 0.02));
}

#[test]
fn a_timer_is_driven_by_hand() {
    let requests = sent(|| {
        let mut timer = Timer::new(group("db"));
        assert_eq!((timer.is_started(), timer.elapsed()), (false, Duration::ZERO));
        assert_eq!(timer.stop(), Err(TimerError::NotStarted));
        timer.start().unwrap();
        assert_eq!(timer.start(), Err(TimerError::AlreadyStarted));
        assert!(timer.is_started());
        thread::sleep(20 * MILLISECOND);
        timer.stop().unwrap();
        assert!(timer.elapsed() >= 20 * MILLISECOND);
        timer.start().unwrap();
        timer.stop().unwrap();
        assert!(timer.elapsed() < 20 * MILLISECOND, "the new time replaces the old one");

        timer.merge_tags(Tags::new().with("op", "select").with("n", 1));
        timer.merge_tags(Tags::new().with("op", "insert"));
        assert_eq!(timer.tags(), group("db").with("op", "insert").with("n", 1));
        timer.set_data(vec![1, 2]);
        assert_eq!(timer.data::<Vec<i32>>(), Some(&vec![1, 2]));
        assert_eq!(timer.data::<u8>(), None);

        let clone = timer.clone();
        assert!(!clone.is_started() && clone.data::<Vec<i32>>().is_none());
        clone.replace_tags(group("clone"));
        clone.start().unwrap(); // runs until the end of the request
        std::mem::drop(clone);

        let deleted = Timer::new(group("deleted"));
        deleted.start().unwrap();
        deleted.delete();
        let _never_started = Timer::new(group("never"));
    });
    let timers = requests[0].timers();
    assert_eq!(groups(&requests[0]), ["db", "clone"]);
    assert!(timers[0].value < 0.02);
    let tags: Vec<_> =
        timers[0].tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(tags, ["group=db", "n=1", "op=insert"]);
}

#[test]
fn a_timer_survives_a_flush_and_a_thread_and_lives_without_a_request() {
    let requests = sent(|| {
        let [ready, done, running] =
            ["ready", "done", "running"].map(|name| Timer::new(group(name)));
        done.start().unwrap();
        done.stop().unwrap();
        running.start().unwrap();
        current().flush();
        assert!(!running.is_started(), "the flush has stopped it");
        for timer in [ready, done, running] {
            timer.start().unwrap();
            thread::spawn(move || timer.stop()).join().unwrap().unwrap();
        }
    });
    assert_eq!(groups(&requests[0]), ["done", "running"]);
    assert_eq!(groups(&requests[1]), ["ready", "done", "running"]);

    let stopwatch = Timer::new(group("nowhere"));
    stopwatch.start().unwrap();
    thread::sleep(MILLISECOND);
    stopwatch.stop().unwrap();
    assert!(stopwatch.elapsed() >= MILLISECOND);
}

#[test]
fn timers_tell_their_own_processor_time_if_asked() {
    let reporter = Reporter::builder().server("127.0.0.1:9").timer_rusage(true).build().unwrap();
    let requests = capture(|| {
        let _request = reporter.open("test");
        let timer = __rt::timer(&DB);
        let until = std::time::Instant::now() + 60 * MILLISECOND;
        while std::time::Instant::now() < until {}
        drop(timer);
        drop(__rt::timer(&MAIL));
    });
    requests[0].validate().unwrap();
    assert_eq!((requests[0].timer_ru_utime.len(), requests[0].timer_ru_stime.len()), (2, 2));
    let cpu = |at: usize| requests[0].timer_ru_utime[at] + requests[0].timer_ru_stime[at];
    assert!(cpu(0) > 0.0 && cpu(0) > cpu(1));
    assert_eq!(sent(|| drop(__rt::timer(&DB)))[0].timer_ru_utime, [], "off unless set");
}

#[test]
fn a_script_sends_a_request_for_each_job() {
    let collector = Collector::bind().unwrap();
    let monitor = ScriptMonitor::new(collector.address().to_string()).unwrap();
    for job in 0..3 {
        monitor.tag("job", job);
        let timer = monitor.timer(group("db"));
        thread::spawn(move || drop(timer)).join().unwrap();
        drop(monitor.timer(group("mail")));
        monitor.send().unwrap();
        let request = collector.recv(WAIT).unwrap();
        assert_eq!(request.tags(), [("job".to_owned(), job.to_string())]);
        assert_eq!(groups(&request), ["db", "mail"]);
        let program = std::env::current_exe().unwrap();
        assert_eq!(request.script_name, *program.file_name().unwrap().to_string_lossy());
    }
    drop(monitor);
    assert_eq!(collector.recv(Duration::ZERO), None, "everything was sent");
}

#[test]
fn a_script_that_is_dropped_sends_what_it_measured() {
    let collector = Collector::bind().unwrap();
    let server = collector.address().to_string();
    drop(ScriptMonitor::new(server.clone()).unwrap());
    assert_eq!(collector.recv(WAIT).unwrap().timers().len(), 0);

    let monitor = ScriptMonitor::builder().server(server).script_name("nightly").build().unwrap();
    monitor.flush();
    monitor.set_status(500);
    drop(monitor);
    assert_eq!(collector.recv(WAIT).unwrap().status, Some(200));
    let last = collector.recv(WAIT).unwrap();
    assert_eq!((&*last.script_name, last.status), ("nightly", Some(500)));
    assert_eq!(collector.recv(Duration::ZERO), None);
}

#[test]
fn a_stopped_script_does_not_grow() {
    let collector = Collector::bind().unwrap();
    let monitor = ScriptMonitor::new(collector.address().to_string()).unwrap();
    let running = monitor.timer(group("db"));
    monitor.stop();
    let elapsed = monitor.elapsed();
    thread::sleep(20 * MILLISECOND);
    assert_eq!(monitor.elapsed(), elapsed);
    drop(running);
    monitor.send().unwrap();
    let request = collector.recv(WAIT).unwrap();
    assert!(request.request_time < 0.02 && request.timers()[0].value < 0.02);
    thread::sleep(2 * MILLISECOND);
    assert!(monitor.elapsed() >= 2 * MILLISECOND, "the next round has begun");
}

struct Fails;

impl Transport for Fails {
    fn send(&self, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

#[test]
fn failures_are_raised_where_that_is_asked_for() {
    for raise in [false, true] {
        let reporter = Reporter::builder().transport(Fails).raise_on_fail(raise).build().unwrap();
        let monitor = ScriptMonitor::with_reporter(&reporter);
        let sent = monitor.send();
        assert_eq!(matches!(&sent, Err(Error::Send { .. })), raise, "{sent:?}");
        assert_eq!(reporter.send(b"packet").is_err(), raise);
        assert_eq!(reporter.stats().failed, 2, "and counted in both cases");
    }
}

#[test]
fn a_sample_is_taken_at_the_end() {
    let collector = Collector::bind().unwrap();
    let reporter = |sampling| {
        let server = collector.address().to_string();
        Reporter::builder().server(server).sampling(sampling).build().unwrap()
    };
    let none = reporter(Sampling::new(0.0).always_slower_than(WAIT).always_failed());
    drop(none.open("fast"));
    let slow = none.open("slow");
    slow.current().set_request_time(WAIT + MILLISECOND);
    drop(slow);
    let failed = none.open("failed");
    failed.current().set_status(503);
    drop(failed);
    assert_eq!(collector.recv(WAIT).unwrap().script_name, "slow");
    assert_eq!(collector.recv(WAIT).unwrap().script_name, "failed");
    assert_eq!((none.stats().sampled_out, none.stats().packets), (1, 2));
    assert_eq!(capture(|| drop(none.open("test"))).len(), 1, "a test sees everything");

    let half = reporter(Sampling::new(0.5));
    for _ in 0..1000 {
        drop(half.open("test"));
    }
    // Seven times the standard deviation.
    assert!((390..610).contains(&half.stats().packets), "{}", half.stats());
    assert_eq!(half.stats().packets + half.stats().sampled_out, 1000);
}

#[test]
fn stats_are_one_line() {
    let reporter = Reporter::builder().transport(Fails).build().unwrap();
    drop(reporter.open("test"));
    assert_eq!(reporter.stats().to_string(), "0 packets, 0 bytes, 1 failed");
}
