//! A server has a port behind its colon.

use pynba::monitor;

#[monitor("localhost:")]
fn handler() {}

fn main() {}
