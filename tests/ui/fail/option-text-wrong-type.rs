//! The options of text take text; the error points at the value.

use pynba::monitor;

#[monitor(prefix = 5)]
fn handler() -> u32 {
    200
}

fn main() {}
