//! Several mistakes are reported at once, each where it is.

use pynba::timer;

fn main() {
    let _made = timer!(foo: "bar", type = 1, list = [], foo = b"x" 5 = 1 + , "" = 2);
}
