//! What open requests cost in memory that wait; the documentation tells the figures.

use std::future::{pending, ready};
use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Waker};

use allocation_counter::measure;
use pynba::{Reporter, Transport, monitor, timer};

/// Open at once.
const REQUESTS: usize = 1_000;

struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

fn reporter() -> Reporter {
    Reporter::builder().transport(Nowhere).build().unwrap()
}

type Task<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// So many tasks that wait.
fn open<'a>(tasks: &mut Vec<Task<'a>>, task: impl Fn() -> Task<'a>) {
    for _ in 0..REQUESTS {
        let mut task = task();
        let poll = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_pending());
        tasks.push(task);
    }
}

/// Bytes of the heap for each task.
fn bytes<'a>(task: impl Fn() -> Task<'a>) -> usize {
    let mut tasks = Vec::with_capacity(REQUESTS);
    let info = measure(|| open(&mut tasks, task));
    // What ends is used again: the next ones are to have none of it.
    mem::forget(tasks);
    usize::try_from(info.bytes_current).unwrap() / REQUESTS
}

/// What each request takes more than the same work without one, its larger future included.
fn bytes_of_request<F: Future<Output = ()>>(work: impl Fn() -> F + Copy) -> usize {
    let reporter = reporter();
    let monitored = bytes(|| Box::pin(reporter.monitor("/test", work())));
    monitored - bytes(|| Box::pin(work()))
}

async fn ten_literal_timers() {
    for _ in 0..10 {
        let _timer = timer!(group = "db", op = "select", table = "users");
    }
    pending::<()>().await;
}

async fn ten_timers_with_text() {
    for n in 0..10 {
        let _timer = timer!(group = "db", op = "select", user = n);
    }
    pending::<()>().await;
}

/// A request for which only a handle measures.
async fn timers_of_a_handle(reporter: &Reporter, timers: u32) {
    let mut request = reporter.detached("/test");
    if let Some(handle) = request.handle() {
        handle
            .run(|| (0..timers).for_each(|n| drop(timer!(group = "db", op = "select", user = n))));
    }
    request.around(pending::<()>()).await;
}

#[track_caller]
fn assert_about(bytes: usize, expected: usize) {
    assert!((expected / 2..=expected * 13 / 10).contains(&bytes), "{bytes} bytes, not {expected}");
}

#[test]
fn a_request_that_waits_takes_about_two_kilobytes() {
    assert_about(bytes_of_request(pending::<()>), 1_232);
    assert_about(bytes_of_request(ten_literal_timers), 2_127);
    assert_about(bytes_of_request(ten_timers_with_text), 2_655);
    let reporter = reporter();
    assert_about(bytes(|| Box::pin(timers_of_a_handle(&reporter, 10))), 2_655);
}

#[test]
fn what_ended_requests_leave_is_little_and_used_again() {
    let reporter = reporter();
    let mut tasks = Vec::with_capacity(REQUESTS);
    let mut round = || {
        open(&mut tasks, || Box::pin(timers_of_a_handle(&reporter, 100)));
        tasks.clear();
    };
    // Some requests are kept as they are, of the others half a kilobyte each.
    let left = measure(&mut round).bytes_current / i64::try_from(REQUESTS).unwrap();
    assert!(left < 1_000, "{left} bytes each");
    let more = measure(&mut round).bytes_current;
    assert!(more < 10_000, "{more}");
}

#[test]
fn what_a_request_of_many_timers_leaves_is_given_back() {
    let reporter = reporter();
    let request = |timers: u32| {
        let _request = reporter.open("/test");
        (0..timers).for_each(|n| drop(timer!(group = "db", text = format!("{n:030}"))));
    };
    request(10);
    let left = measure(|| {
        request(60_000);
        (0..10).for_each(|_| request(10));
    });
    assert!(left.bytes_max > 2_000_000, "{left:?}: it must really take much");
    // Some forty kilobytes for each of two buffers of tags, and the timers.
    assert!(left.bytes_current < 250_000, "{left:?}");
}

#[test]
fn a_future_that_is_a_request_is_hardly_larger() {
    async fn plain(text: [u8; 200]) -> u8 {
        ready(()).await;
        text[0]
    }

    #[monitor]
    async fn monitored(text: [u8; 200]) -> u8 {
        ready(()).await;
        text[0]
    }

    let reporter = reporter();
    let future = || plain([0; 200]);
    let more = |size| size - size_of_val(&future());
    // An `Option` around the future has a tag of its own: futures lend it no niche.
    assert!(more(size_of_val(&reporter.monitor("/test", future()))) <= 40);
    let handle = reporter.detached("/test").handle().unwrap();
    assert!(more(size_of_val(&handle.instrument(future()))) <= 48);
    assert!(more(size_of_val(&monitored([0; 200]))) <= 64);
}
