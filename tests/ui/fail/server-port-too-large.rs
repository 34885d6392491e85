//! A port has 16 bits.

use pynba::monitor;

#[monitor("127.0.0.1:70000")]
fn handler() {}

fn main() {}
