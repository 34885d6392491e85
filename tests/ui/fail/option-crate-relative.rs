//! `crate` is an absolute path, which means the same everywhere.

use pynba::monitor;

#[monitor(crate = metrics::pynba)]
fn handler() -> u32 {
    200
}

fn main() {}
