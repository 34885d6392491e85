//! To look at the returned value changes what `#[track_caller]` sees.

use pynba::monitor;

#[monitor(status = |returned| *returned)]
#[track_caller]
fn handler() -> u32 {
    200
}

fn main() {}
