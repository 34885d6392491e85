//! `?` takes what has a `Debug`.

use pynba::timer;

fn main() {
    struct Id;
    let user = (Id,);
    let _made = timer!(user = ?user.0);
}
