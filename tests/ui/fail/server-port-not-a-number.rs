//! A port is a number, not the name of a service.

use pynba::monitor;

#[monitor("localhost:pinba")]
fn handler() {}

fn main() {}
