//! A server has a host.

use pynba::monitor;

#[monitor(":30002")]
fn handler() {}

fn main() {}
