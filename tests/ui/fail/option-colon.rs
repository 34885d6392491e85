//! An option takes `=`.

use pynba::monitor;

#[monitor(prefix: "a")]
fn handler() -> u32 {
    200
}

fn main() {}
