//! Only `timer!` times an expression.

use pynba::tags;

fn main() {
    let _made = tags!(foo = "bar" => 1);
}
