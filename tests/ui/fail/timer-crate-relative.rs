//! The path of the crate is absolute.

use pynba::timer;

fn main() {
    let _made = timer!(crate = metrics::pynba, foo = "bar");
}
