//! A method without a body has nothing to measure.

use pynba::timed;

trait Handler {
    #[timed(a = "b")]
    fn handle(&self);
}

fn main() {}
