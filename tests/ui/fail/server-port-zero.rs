//! Port 0 is nowhere.

use pynba::monitor;

#[monitor("127.0.0.1:0")]
fn handler() {}

fn main() {}
