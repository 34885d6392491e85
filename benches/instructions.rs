//! Runs one workload a number of times, for `callgrind` to count its instructions: `benches/gates` does that.
//!
//! `f-w10` and so on are the same by hand: what others are compared with. `polls` is one request, an `async fn`, which is
//! polled so many times; `monitored` is a future that is.

mod floor;
mod workloads;

use std::env;
use std::hint::black_box;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use pynba::{Reporter, Rusage, Transport};

/// Takes the packets and does nothing, so that only our own instructions are counted.
struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|it| !it.starts_with("--")).collect();
    let [workload, times] = arguments.as_slice() else {
        println!("run as: instructions [f-]{}|polls TIMES", workloads::NAMES.join("|"));
        return;
    };
    let times: u32 = times.parse().expect("a number of times");
    if workload == "f-polls" {
        return poll(workloads::polled_bare(times));
    }
    if let Some(by_hand) = workload.strip_prefix("f-") {
        let run = floor::named(by_hand).expect("a workload");
        let floor = floor::Floor::new("web7.example.org", "www.example.org", None);
        return (0..times).for_each(|_| run(&floor));
    }
    let builder = Reporter::builder().transport(Nowhere).rusage(Rusage::Off);
    let reporter = builder.build().expect("a reporter");
    if workload == "monitored" {
        return poll(reporter.monitor("polls", workloads::polled_bare(times)));
    }
    if workload == "polls" {
        return poll(workloads::polled(&reporter, times));
    }
    let run = workloads::named(workload).expect("a workload");
    // The clock takes that long to find out what the processor's counter is worth.
    for pause in [60, 0] {
        run(&reporter);
        thread::sleep(Duration::from_millis(pause));
    }
    for _ in 0..times {
        run(&reporter);
    }
    assert_eq!(reporter.stats().packets, 2 + u64::from(times));
}

/// To its end, as executors do it: they know nothing of what they poll.
fn poll(future: impl Future<Output = ()>) {
    let mut future: Pin<&mut dyn Future<Output = ()>> = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    while black_box(&mut future).as_mut().poll(&mut context).is_pending() {}
}
