//! After `=>` stands what is timed.

use pynba::timer;

fn main() {
    let _made = timer!(foo = "bar" =>);
}
