//! A `const fn` has no clock.

use pynba::timed;

#[timed(a = "b")]
const fn handler() -> u32 {
    5
}

fn main() {
    let _still_here = handler();
}
