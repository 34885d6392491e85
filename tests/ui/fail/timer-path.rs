//! A path is no name.

use pynba::timer;

fn main() {
    let _made = timer!(foo::bar);
}
