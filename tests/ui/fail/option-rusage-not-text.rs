//! `rusage` is text.

use pynba::monitor;

#[monitor(rusage = off)]
fn handler() -> u32 {
    200
}

fn main() {}
