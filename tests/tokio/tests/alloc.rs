//! After the first few requests, asynchronous ones and their handles allocate nothing either.

use std::future::poll_fn;
use std::io;
use std::mem;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use allocation_counter::{AllocationInfo, measure};
use pynba::{Handle, Reporter, Transport, current, monitor, timer};

struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

fn reporter() -> Reporter {
    Reporter::builder().transport(Nowhere).build().unwrap()
}

/// Gives way once to whatever else there is.
async fn give_way() {
    let mut is_next = false;
    poll_fn(|_| if mem::replace(&mut is_next, true) { Poll::Ready(()) } else { Poll::Pending })
        .await;
}

/// Polls until it is ready.
fn block_on<R>(future: impl Future<Output = R>) -> R {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return result;
        }
    }
}

/// Allocations of a later run.
fn allocations(run: impl Fn(&Reporter)) -> u64 {
    let reporter = reporter();
    (0..3).for_each(|_| run(&reporter));
    let before = reporter.stats().packets;
    let AllocationInfo { count_total, .. } = measure(|| run(&reporter));
    assert!(reporter.stats().packets > before, "it must really send");
    count_total
}

async fn ten_timers() {
    for n in 0..5 {
        let _timer = timer!(group = "db", n);
        give_way().await;
        timer!(group = "mail", op = "send" => give_way().await);
    }
}

fn ten_timers_at_once() {
    for n in 0..5 {
        let _timer = timer!(group = "db", n);
        drop(timer!(group = "mail", op = "send"));
    }
}

fn handle() -> Handle {
    current().handle().expect("a request is open")
}

#[test]
fn the_counter_counts() {
    let first_request = || {
        let reporter = reporter();
        measure(|| block_on(reporter.monitor("/test", ten_timers()))).count_total
    };
    assert!(thread::spawn(first_request).join().unwrap() > 0);
}

#[test]
fn a_monitored_future_allocates_nothing() {
    let run = |reporter: &Reporter| block_on(reporter.monitor("/test", ten_timers()));
    assert_eq!(allocations(run), 0);
}

#[test]
fn a_monitored_async_fn_allocates_nothing() {
    #[monitor(reporter, tags(kind = "test", number))]
    async fn handler(reporter: &Reporter, number: u32) -> Result<u32, io::Error> {
        ten_timers().await;
        current().tag("number", number + 1);
        Ok(number)
    }
    assert_eq!(allocations(|reporter| assert!(block_on(handler(reporter, 1)).is_ok())), 0);
}

#[test]
fn requests_inside_each_other_and_at_once_allocate_nothing() {
    let run = |reporter: &Reporter| {
        block_on(reporter.monitor("/outer", async {
            let inner = || reporter.monitor("/inner", ten_timers());
            futures_util::join!(inner(), ten_timers(), inner());
        }));
    };
    assert_eq!(allocations(run), 0);
}

#[test]
fn a_future_that_is_given_up_allocates_nothing() {
    let run = |reporter: &Reporter| {
        let mut request = pin!(reporter.monitor("/test", ten_timers()));
        let poll = request.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_pending());
    };
    assert_eq!(allocations(run), 0);
}

#[test]
fn a_handle_on_the_same_thread_allocates_nothing() {
    let run = |reporter: &Reporter| {
        let _request = reporter.open("/test");
        handle().run(ten_timers_at_once);
    };
    assert_eq!(allocations(run), 0);
    let run = |reporter: &Reporter| {
        block_on(reporter.monitor("/test", async { handle().instrument(ten_timers()).await }));
    };
    assert_eq!(allocations(run), 0);
}

#[test]
fn a_handle_on_another_thread_allocates_nothing() {
    let reporter = reporter();
    // Of a request that is sent here, and what the other thread does for it.
    let count = || {
        let request = reporter.open("/test");
        let handle = handle();
        let mut there = 0;
        let mut here = 0;
        thread::scope(|scope| {
            scope.spawn(|| {
                handle.run(ten_timers_at_once); // the thread's own memory
                there = measure(|| handle.run(ten_timers_at_once)).count_total;
            });
        });
        here += measure(|| drop((request, handle))).count_total;
        (here, there)
    };
    (0..3).for_each(|_| _ = count());
    assert_eq!(count(), (0, 0));
}

#[test]
fn guards_that_end_elsewhere_allocate_nothing() {
    let reporter = reporter();
    let count = || {
        let request = reporter.open("/test");
        let guards: [_; 10] = std::array::from_fn(|n| timer!(group = "db", n));
        let mut there = 0;
        thread::scope(|scope| {
            scope.spawn(|| there = measure(|| drop(guards)).count_total);
        });
        (measure(|| drop(request)).count_total, there)
    };
    (0..3).for_each(|_| _ = count());
    assert_eq!(count(), (0, 0));
}

/// A task is one allocation of tokio's, with or without a request.
#[test]
fn a_task_of_a_request_allocates_no_more_than_any_other() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let reporter = reporter();
    let count = |spawn: fn() -> tokio::task::JoinHandle<()>| {
        let run = || {
            runtime.block_on(reporter.monitor("/test", async {
                for _ in 0..10 {
                    spawn().await.unwrap();
                }
            }));
        };
        (0..3).for_each(|_| run());
        measure(run).count_total
    };
    let tokios = count(|| tokio::spawn(tokio::task::yield_now()));
    assert_eq!(count(|| pynba::task::spawn(tokio::task::yield_now())), tokios);
    assert!(tokios >= 10);
}
