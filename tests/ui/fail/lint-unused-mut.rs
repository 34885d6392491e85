//! A `mut` that is not needed is still reported.
#![deny(unused_mut)]

use pynba::{monitor, timed};

#[monitor]
fn monitored(mut argument: u32) -> u32 {
    argument
}

#[timed(a = "b")]
fn timed_one(mut argument: u32) -> u32 {
    argument
}

fn main() {
    monitored(1);
    timed_one(1);
}
