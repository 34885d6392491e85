//! A literal server is text.

use pynba::monitor;

#[monitor(30002)]
fn handler() {}

fn main() {}
