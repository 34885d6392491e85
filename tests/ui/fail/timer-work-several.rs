//! After `=>` stands one expression.

use pynba::timer;

fn first() {}
fn second() {}

fn main() {
    let _made = timer!(foo = "bar" => first(); second());
}
