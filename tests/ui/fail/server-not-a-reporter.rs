//! Any other expression is a `Reporter`; the error underlines all of it.

use pynba::monitor;

#[monitor(String::from("localhost:30002"))]
fn handler() {}

fn main() {}
