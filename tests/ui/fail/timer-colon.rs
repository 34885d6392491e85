//! A tag takes `=`, not `:`.

use pynba::timer;

fn main() {
    let _made = timer!(foo: "bar");
}
