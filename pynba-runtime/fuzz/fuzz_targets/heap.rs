//! The same programs where the allocator counts, with which no request takes the shortest way.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pynba_runtime::alloc::Tracking;

#[path = "../bytes.rs"]
mod bytes;
#[path = "../../tests/programs/program.rs"]
mod program;

/// Over that of the system, which `AddressSanitizer` replaces.
#[global_allocator]
static GLOBAL: Tracking = Tracking::new();

fuzz_target!(|data: &[u8]| bytes::run(data));
