//! A timer without tags tells nothing, not even about an expression.

use pynba::timer;

fn main() {
    let _made = timer!(=> 1 + 1);
}
