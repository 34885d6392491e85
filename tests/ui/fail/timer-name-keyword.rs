//! A keyword as a name is raw or quoted.

use pynba::timer;

fn main() {
    let _made = timer!(type = "a", db.fn = 1);
}
