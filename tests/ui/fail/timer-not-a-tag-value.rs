//! What is no value of a tag is underlined, and all of it.

use pynba::timer;

fn main() {
    struct User {
        #[allow(dead_code)]
        id: u32,
    }
    let _made = timer!(a = 1, user = User { id: 1 });
}
