//! A result that is not used is still reported, in bodies and in timed work.
#![deny(unused_must_use)]

use pynba::{monitor, timer};

fn fallible() -> Result<(), String> {
    Ok(())
}

#[monitor]
fn monitored() -> u32 {
    fallible();
    5
}

fn main() {
    monitored();
    timer!(a = "b" => fallible());
    timer!(a = "b" => { fallible() });
}
