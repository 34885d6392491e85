//! `#[monitor]` goes on functions, and leaves other things in place.

use pynba::monitor;

#[monitor]
struct User;

fn main() {
    let _user = User;
}
