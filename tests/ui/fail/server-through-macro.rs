//! A literal that comes through a macro is checked all the same.

use pynba::monitor;

macro_rules! handler {
    ($server:literal) => {
        #[monitor($server)]
        fn handler() {}
    };
}

handler!("localhost");

fn main() {}
