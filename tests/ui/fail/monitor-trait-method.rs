//! A method without a body has nothing to measure.

use pynba::monitor;

trait Handler {
    #[monitor]
    fn handle(&self);
}

fn main() {}
