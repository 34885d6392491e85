//! An argument or variable that is not used is still reported.
#![deny(unused_variables)]

use pynba::{monitor, timed, timer};

#[monitor]
fn monitored(argument: u32) -> u32 {
    let variable = 5;
    5
}

#[timed(a = "b")]
fn timed_one(argument: u32) {}

fn main() {
    monitored(1);
    timed_one(1);
    timer!(a = "b" => { let in_work = 1; });
}
