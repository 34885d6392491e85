//! Runs one workload a number of times, for `callgrind` to count its instructions: `benches/gates` does that.

#[path = "workloads/mod.rs"]
mod workloads;

use std::env;
use std::io;

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
        println!("run as: instructions {} TIMES", workloads::NAMES.join("|"));
        return;
    };
    let times = times.parse().expect("a number of times");
    let builder = Reporter::builder().transport(Nowhere).rusage(Rusage::Off);
    let reporter = builder.build().expect("a reporter");
    let run = workloads::named(workload).expect("a workload");
    for _ in 0..times {
        run(&reporter);
    }
    assert_eq!(reporter.stats().packets, times);
}
