//! Only a variable is short for a tag of its name.

use pynba::timer;

fn main() {
    let _made = timer!(db.host, "foo");
}
