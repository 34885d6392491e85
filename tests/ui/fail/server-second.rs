//! A second server goes into a list.

use pynba::monitor;

#[monitor("a:30002", "b:30002")]
fn handler() {}

fn main() {}
