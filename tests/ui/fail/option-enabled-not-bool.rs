//! `enabled` is a `bool`; the error points at its value.

use pynba::monitor;

#[monitor(enabled = "no")]
fn handler() -> u32 {
    200
}

fn main() {}
