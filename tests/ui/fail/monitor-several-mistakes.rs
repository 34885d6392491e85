//! Several mistakes are reported at once, and callers still compile.

use pynba::monitor;

#[monitor("localhost", prefx = "a", rusage = "cpu", status = |_| 200, tags(a: 1))]
const fn handler() -> u32 {
    200
}

fn main() {
    let _code: u32 = handler();
}
