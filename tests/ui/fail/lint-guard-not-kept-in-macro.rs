//! The same when a macro of the program is in between.
#![deny(unused_must_use)]

use pynba::timer;

macro_rules! measure {
    ($name:ident, $value:literal) => {
        timer!($name = $value);
    };
}

fn main() {
    measure!(foo, "bar");
}
