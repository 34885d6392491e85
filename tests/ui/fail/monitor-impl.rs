//! `#[monitor]` goes on the functions of an `impl`, not on the `impl`.

use pynba::monitor;

struct User;

#[monitor]
impl User {
    fn name(&self) {}
}

fn main() {
    User.name();
}
