//! `#[timed]` goes on functions, and leaves other things in place.

use pynba::timed;

#[timed(a = "b")]
struct User;

fn main() {
    let _user = User;
}
