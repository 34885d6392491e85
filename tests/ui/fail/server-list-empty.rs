//! A list of servers has some.

use pynba::monitor;

#[monitor([])]
fn handler() {}

fn main() {}
