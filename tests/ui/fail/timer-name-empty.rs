//! A name is not empty.

use pynba::timer;

fn main() {
    let _made = timer!("" = 1);
}
