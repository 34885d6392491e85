//! A list of servers is a list of literals.

use pynba::monitor;

#[monitor(["a:1", other])]
fn handler() {}

fn main() {}
