//! A `const fn` has no clock.

use pynba::monitor;

#[monitor]
const fn handler() -> u32 {
    5
}

fn main() {
    let _still_here = handler();
}
