//! A map has keys.

use pynba::timer;

fn main() {
    let _made = timer!(foo = {});
}
