//! A key of a map stands once.

use pynba::timer;

fn main() {
    let _made = timer!(qux = { map1 = "a", map1 = "b" });
}
