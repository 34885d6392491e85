//! What is no text says what text it would be.

use pynba::timer;

fn main() {
    let _made = timer!(a = b"abc", b = c"abc", c = b'a');
}
