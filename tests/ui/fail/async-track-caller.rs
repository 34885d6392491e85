//! `#[track_caller]` has no caller to see: what polls a future is none, and a closure of ours is in between.

use pynba::monitor;
use std::future::{Future, ready};

#[monitor]
#[track_caller]
async fn handler() {}

#[monitor]
#[track_caller]
fn prepared(numbers: &[u8]) -> impl Future<Output = u8> + use<> {
    let first = numbers[0];
    async move { first }
}

#[monitor]
#[track_caller]
fn block() -> impl Future<Output = u8> {
    async { ready(5).await }
}

fn main() {}
