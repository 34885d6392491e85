//! The body of an `unsafe fn` is as unsafe as it was.
#![deny(unsafe_op_in_unsafe_fn)]

use pynba::monitor;

#[monitor]
unsafe fn monitored(pointer: *const u32) -> u32 {
    *pointer
}

#[monitor]
fn safe(pointer: *const u32) -> u32 {
    *pointer
}

fn main() {}
