//! Any program of requests and timers: it measures what the model does, and `AddressSanitizer` finds nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../bytes.rs"]
mod bytes;
#[path = "../../tests/programs/program.rs"]
mod program;

fuzz_target!(|data: &[u8]| bytes::run(data));
