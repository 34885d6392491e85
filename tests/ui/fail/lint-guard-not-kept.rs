//! A guard that is not kept times nothing, and the compiler says so.
#![deny(unused_must_use)]

use pynba::timer;

fn main() {
    let name = "x";
    timer!(foo = "bar");
    timer!(foo = "bar", name);
}
