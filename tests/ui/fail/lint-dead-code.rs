//! An annotated function that nobody calls is still dead code.
#![deny(dead_code)]

use pynba::{monitor, timed};

#[monitor]
fn monitored() -> u32 {
    5
}

#[timed(a = "b")]
fn timed_one() {}

fn main() {}
