//! The error points at the element of the list that is wrong.

use pynba::monitor;

#[monitor(["a:1", "b"])]
fn handler() {}

fn main() {}
