//! The same for `tags!`, and in a list.

use pynba::tags;

fn main() {
    struct User;
    let _made = tags!(list = [1, User]);
}
