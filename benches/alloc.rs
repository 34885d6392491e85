//! What `pynba::alloc::Tracking` adds to an allocation and its release: `cargo bench --bench alloc`.
//!
//! Rounds of all contenders are interleaved, so that whatever else the machine does hits them alike. Only the
//! ratios mean anything; the spread is from the lower to the upper quartile of the rounds' ratios.

#![allow(unsafe_code, reason = "an allocator that is not the program's own is called by hand")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::time::Instant;

use pynba::alloc::Tracking;
use pynba::testing;

const ROUNDS: usize = 401;
/// A round takes a millisecond or so.
const PAIRS: u32 = 50_000;
const SIZES: [usize; 3] = [16, 256, 4096];

static TRACKING: Tracking = Tracking::new();

fn main() {
    // As a test (`cargo test --benches`) it only shows that it runs.
    let rounds = if std::env::args().any(|argument| argument == "--bench") { ROUNDS } else { 3 };
    println!("malloc + free, {rounds} interleaved rounds, medians");
    println!("bytes  System ns  Tracking  ratio (quartiles)   in a request  ratio (quartiles)");
    for size in SIZES {
        let layout = Layout::array::<u8>(size).unwrap();
        compare(layout, rounds);
    }
}

fn compare(layout: Layout, rounds: usize) {
    let (mut system, mut tracking, mut inside) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        system.push(nanoseconds_per_pair(&System, layout));
        tracking.push(nanoseconds_per_pair(&TRACKING, layout));
        testing::capture(|| {
            #[pynba::monitor]
            fn handler(layout: Layout) -> f64 {
                nanoseconds_per_pair(&TRACKING, layout)
            }
            inside.push(handler(layout));
        });
    }
    println!(
        "{:5}  {:9.2}  {:8.2}  {}  {:13.2}  {}",
        layout.size(),
        quartiles(&system)[1],
        quartiles(&tracking)[1],
        ratio(&tracking, &system),
        quartiles(&inside)[1],
        ratio(&inside, &system),
    );
}

// One copy of the loop for each allocator, the same but for the calls.
#[inline(never)]
fn nanoseconds_per_pair<A: GlobalAlloc>(allocator: &A, layout: Layout) -> f64 {
    let start = Instant::now();
    for _ in 0..PAIRS {
        let layout = black_box(layout);
        // SAFETY: the layout is not of size zero, and the block is released once, with its layout.
        unsafe { allocator.dealloc(black_box(allocator.alloc(layout)), layout) };
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(PAIRS)
}

fn ratio(measured: &[f64], system: &[f64]) -> String {
    let ratios: Vec<_> = measured.iter().zip(system).map(|(one, other)| one / other).collect();
    let [low, middle, high] = quartiles(&ratios);
    format!("{middle:.2} ({low:.2}–{high:.2})")
}

fn quartiles(values: &[f64]) -> [f64; 3] {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[values.len() * quarter / 4])
}
