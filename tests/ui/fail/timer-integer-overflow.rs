//! A literal fits into the type that it names.

use pynba::timer;

fn main() {
    let _made = timer!(a = 256u8, b = -1u32, c = 340282366920938463463374607431768211456);
}
