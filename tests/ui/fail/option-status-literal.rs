//! `status` looks at the returned value.

use pynba::monitor;

#[monitor(status = 200)]
fn handler() -> u32 {
    200
}

fn main() {}
