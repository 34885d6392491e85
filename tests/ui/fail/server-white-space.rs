//! A server has no white space.

use pynba::monitor;

#[monitor("localhost :30002")]
fn handler() {}

fn main() {}
