//! The server comes first.

use pynba::monitor;

#[monitor(prefix = "a", "localhost:30002")]
fn handler() {}

fn main() {}
