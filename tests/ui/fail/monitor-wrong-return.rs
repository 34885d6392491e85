//! A wrong `return` is reported where it stands, against the declared type.

use pynba::monitor;

#[monitor]
fn early(stop: bool) -> Result<u32, String> {
    if stop {
        return 5;
    }
    Ok(1)
}

#[monitor]
fn last() -> Result<u32, String> {
    "no"
}

fn main() {}
