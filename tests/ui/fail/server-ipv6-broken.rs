//! What stands in brackets is an IPv6 address.

use pynba::monitor;

#[monitor("[::g]:30002")]
fn handler() {}

fn main() {}
