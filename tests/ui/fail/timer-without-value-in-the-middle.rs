//! The next tag is looked at after one without a value.

use pynba::timer;

fn main() {
    let _made = timer!(foo = , bar =, baz = []);
}
