//! The path of the crate comes first.

use pynba::tags;

fn main() {
    let _made = tags!(foo = "bar", crate = ::pynba);
}
