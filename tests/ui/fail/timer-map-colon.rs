//! A key takes `=`, not `:`, also in what looks like JSON.

use pynba::timer;

fn main() {
    let _made = timer!(foo = { a: 1, "b": { c: 2 } });
}
