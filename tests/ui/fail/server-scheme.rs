//! A server is no URL.

use pynba::monitor;

#[monitor("udp://localhost:30002")]
fn handler() {}

fn main() {}
