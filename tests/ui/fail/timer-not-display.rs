//! `%` takes what has a `Display`.

use pynba::timer;

fn main() {
    struct User(#[allow(dead_code)] u32);
    impl User {
        fn new(id: u32) -> Self {
            Self(id)
        }
    }
    let _made = timer!(user = %User::new(1));
}
