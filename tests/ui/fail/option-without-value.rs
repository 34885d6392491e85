//! An option has a value.

use pynba::monitor;

#[monitor(schema = , prefix)]
fn handler() -> u32 {
    200
}

fn main() {}
