//! Nothing comes back from `!` to look at.

use pynba::monitor;

#[monitor(status = |_| 200, document_size = |_| 0)]
fn handler() -> ! {
    loop {}
}

fn main() {}
