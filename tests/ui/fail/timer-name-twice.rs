//! A tag stands once and has a list; the error points at the second.

use pynba::timer;

fn main() {
    let _made = timer!(foo = "bar", baz = 1, foo = 2);
}
