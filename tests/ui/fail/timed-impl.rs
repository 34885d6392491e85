//! `#[timed]` goes on the functions of an `impl`, not on the `impl`.

use pynba::timed;

struct User;

#[timed(a = "b")]
impl User {
    fn name(&self) {}
}

fn main() {
    User.name();
}
