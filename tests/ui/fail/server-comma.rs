//! Several servers are a list, not a text with commas.

use pynba::monitor;

#[monitor("a:30002,b:30002")]
fn handler() {}

fn main() {}
