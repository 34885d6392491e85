//! What one more timer costs in a request that has many: `cargo bench --bench timers`.
//!
//! The cost of a whole request divided by its timers, with packets encoded and given to a transport that drops
//! them: the same in every row if recording, folding, encoding and splitting take linear time. Rounds are
//! interleaved; the medians of one run are comparable with each other, not with those of another machine.

use std::hint::black_box;
use std::io;
use std::time::Instant;

use pynba::{Reporter, Rusage, Transport, monitor, timer};

struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, datagram: &[u8]) -> io::Result<()> {
        black_box(datagram);
        Ok(())
    }
}

#[monitor(reporter)]
fn equal(reporter: &Reporter, timers: u32) {
    for _ in 0..timers {
        let _timer = timer!(group = "db", op = "select");
    }
}

#[monitor(reporter)]
fn different(reporter: &Reporter, timers: u32) {
    for n in 0..timers {
        let _timer = timer!(group = "db", n);
    }
}

fn main() {
    // As a test (`cargo test --benches`) it only shows that it runs.
    let rounds = if std::env::args().any(|argument| argument == "--bench") { 31 } else { 1 };
    let reporter = Reporter::builder().transport(Nowhere).rusage(Rusage::Off).build();
    let reporter = reporter.expect("a reporter");
    let sizes = [10, 100, 1000, 10_000, 60_000];
    let mut alike = vec![Vec::new(); sizes.len()];
    let mut others = vec![Vec::new(); sizes.len()];
    for _ in 0..rounds {
        for (at, &timers) in sizes.iter().enumerate() {
            alike[at].push(nanoseconds_per_timer(|| equal(&reporter, timers), timers));
            others[at].push(nanoseconds_per_timer(|| different(&reporter, timers), timers));
        }
    }
    println!(
        "timers  ns per timer, equal tags  ns per timer, different tags   ({rounds} rounds, medians)"
    );
    for (at, timers) in sizes.iter().enumerate() {
        println!("{timers:6}  {:24.1}  {:28.1}", median(&mut alike[at]), median(&mut others[at]));
    }
    println!("{}", reporter.stats());
}

fn nanoseconds_per_timer(request: impl Fn(), timers: u32) -> f64 {
    // As many requests as make a hundred thousand timers, so that the clock is not what is measured.
    let requests = (100_000 / timers).max(1);
    let start = Instant::now();
    for _ in 0..requests {
        request();
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(requests * timers)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
