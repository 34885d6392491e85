//! Whole functions may come from a macro.

use pynba::{monitor, timed};

macro_rules! handler {
    ($(#[$attribute:meta])* $visibility:vis fn $name:ident($($argument:ident: $ty:ty),*) -> $output:ty $body:block, $server:expr) => {
        #[monitor($server, tags(name = stringify!($name), $($argument),*))]
        $(#[$attribute])*
        $visibility fn $name($($argument: $ty),*) -> $output $body

    };
}

handler!(
    #[inline]
    pub(crate) fn add(a: u32, b: u32) -> u32 {
        if a == 0 {
            return b;
        }
        a + b
    },
    "localhost:30002"
);
handler!(fn none() -> () {}, ["a:1", "b:2"]);

macro_rules! item {
    ($item:item) => {
        #[timed(a = "b")]
        $item
    };
}

item! {
    fn timed_one() -> u32 {
        5
    }
}

fn main() {
    assert_eq!(add(1, 2) + timed_one(), 8);
    none();
}
