//! The error points at where a comma is missing.

use pynba::timer;

fn main() {
    let _made = timer!(foo = "bar" baz = ["a" "b"]);
}
