//! A timer without tags tells nothing.

use pynba::timed;

#[timed]
fn handler() {}

#[timed()]
fn other() {}

fn main() {}
