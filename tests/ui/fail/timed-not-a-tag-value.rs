//! What is no value of a tag is underlined in an attribute, too.

use pynba::timed;

struct User;

#[timed(user = User)]
fn handler() {}

fn main() {}
