//! A name goes on after its dot.

use pynba::timer;

fn main() {
    let _made = timer!(db. = 1, db..host = 2);
}
