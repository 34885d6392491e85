//! Code that is never reached is still reported.
#![deny(unreachable_code)]

use pynba::monitor;

#[monitor]
fn monitored() -> u32 {
    return 5;
    println!("never");
}

fn main() {
    monitored();
}
