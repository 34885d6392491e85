//! A constant is no function, though it begins like one.

use pynba::monitor;

#[monitor]
const LIMIT: u32 = 5;

fn main() {
    let _still_here = LIMIT;
}
