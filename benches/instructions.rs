//! Runs one workload a number of times, for `callgrind` to count its instructions: `benches/gates` does that.
//!
//! `f-w10` and so on are the same by hand: what others are compared with. `polls` is one request whose future is
//! polled so many times.

mod floor;
mod workloads;

use std::env;
use std::io;
use std::pin::pin;
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
    if let Some(by_hand) = workload.strip_prefix("f-") {
        let run = floor::named(by_hand).expect("a workload");
        let floor = floor::Floor::new("web7.example.org", "www.example.org", None);
        return (0..times).for_each(|_| run(&floor));
    }
    let builder = Reporter::builder().transport(Nowhere).rusage(Rusage::Off);
    let reporter = builder.build().expect("a reporter");
    if workload == "polls" {
        let mut future = pin!(workloads::polled(&reporter, times));
        let mut context = Context::from_waker(Waker::noop());
        while future.as_mut().poll(&mut context).is_pending() {}
        return;
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
