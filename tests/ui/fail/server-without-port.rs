//! A server has a port.

use pynba::monitor;

#[monitor("127.0.0.1")]
fn handler() {}

fn main() {}
