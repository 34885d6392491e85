//! An unknown option is an error, with a suggestion when one is near.

use pynba::monitor;

#[monitor(prefx = "a")]
fn handler() -> u32 {
    200
}

fn main() {}
