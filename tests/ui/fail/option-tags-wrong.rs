//! Request tags have the grammar of `timer!`, and its errors.

use pynba::monitor;

#[monitor(tags(kind: "user", kind = "a"))]
fn handler() -> u32 {
    200
}

fn main() {}
