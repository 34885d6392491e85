//! The program as people run it, with packets as clients send them.
//!
//! Some of it is asked for by signals and found in `/proc`, so it runs on Linux.

#![cfg(target_os = "linux")]

mod errors;
mod forward;
mod listen;
#[path = "../packets/mod.rs"]
mod packets;
mod places;
mod readers;
mod real_clients;
mod report;
mod running;
#[path = "../../../pynba-runtime/tests/vectors/mod.rs"]
mod vector_files;
