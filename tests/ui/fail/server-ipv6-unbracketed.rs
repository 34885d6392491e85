//! An IPv6 address stands in brackets, or its port could not be told from it.

use pynba::monitor;

#[monitor("::1:30002")]
fn handler() {}

fn main() {}
