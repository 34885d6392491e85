//! What `status` gives is a `u32`; the error points into the closure.

use pynba::monitor;

#[monitor(status = |returned| u64::from(*returned))]
fn handler() -> u32 {
    200
}

fn main() {}
