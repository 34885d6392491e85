//! Request tags stand in parentheses.

use pynba::monitor;

#[monitor(tags = "a")]
fn handler() -> u32 {
    200
}

fn main() {}
