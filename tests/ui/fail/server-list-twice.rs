//! A server stands in a list once; the error points at the second.

use pynba::monitor;

#[monitor(["a:1", "b:1", "a:1"])]
fn handler() {}

fn main() {}
