//! A tag with `=` has a value.

use pynba::timer;

fn main() {
    let _made = timer!(foo =);
}
