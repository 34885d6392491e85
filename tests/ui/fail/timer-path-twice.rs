//! Two spellings of one flattened name are the same tag.

use pynba::timer;

fn main() {
    let _made = timer!(db.host = "a", db = { host = "b" });
}
