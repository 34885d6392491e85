//! A host of digits and dots is an IPv4 address.

use pynba::monitor;

#[monitor("300.1.1.1:30002")]
fn handler() {}

fn main() {}
