//! An option is given once; the error points at the second.

use pynba::monitor;

#[monitor(prefix = "a", schema = "https", prefix = "b")]
fn handler() -> u32 {
    200
}

fn main() {}
