//! A request goes to eight servers at most, as in the PHP extension.

use pynba::monitor;

#[monitor([
    "a:1", "a:2", "a:3", "a:4", "a:5", "a:6", "a:7", "a:8",
    "a:9",
])]
fn handler() {}

fn main() {}
