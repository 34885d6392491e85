//! Request tags are some.

use pynba::monitor;

#[monitor(tags())]
fn handler() -> u32 {
    200
}

fn main() {}
