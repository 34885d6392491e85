//! The commands of the program that send, as a shell sees them, with a receiver on the loopback.
#![cfg(feature = "cli")]

mod demo;
mod packaging;
mod program;
#[cfg(unix)]
mod run;
mod send;
#[cfg(unix)]
mod signals;
