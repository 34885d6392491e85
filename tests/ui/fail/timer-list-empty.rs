//! A list of literals has values.

use pynba::timer;

fn main() {
    let _made = timer!(foo = [], bar = [["a"], []]);
}
