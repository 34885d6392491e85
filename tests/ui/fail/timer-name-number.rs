//! A number as a name is quoted.

use pynba::timer;

fn main() {
    let _made = timer!(42 = "a", db.0 = 1);
}
