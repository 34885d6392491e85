//! A literal that is infinite is a mistake.

use pynba::timer;

fn main() {
    let _made = timer!(a = 1e999, b = 1e39f32);
}
