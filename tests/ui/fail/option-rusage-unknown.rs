//! `rusage` is one of three.

use pynba::monitor;

#[monitor(rusage = "cpu")]
fn handler() -> u32 {
    200
}

fn main() {}
