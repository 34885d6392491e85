//! An `async fn` is not measured yet.

use pynba::monitor;

#[monitor]
async fn handler() -> u32 {
    5
}

fn main() {
    let _still_here = handler();
}
