//! A timer without tags tells nothing.

use pynba::timer;

fn main() {
    let _made = timer!();
}
