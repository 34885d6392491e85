//! An unknown option is an error, with the list of options when none is near.

use pynba::monitor;

#[monitor(colour = "red")]
fn handler() -> u32 {
    200
}

fn main() {}
