//! Nothing comes out of `async fn … -> !` to look at, and what comes out elsewhere has its type.

use pynba::monitor;
use std::future::Future;

#[monitor(status = |_| 200, document_size = |_| 0)]
async fn never() -> ! {
    loop {}
}

#[monitor(status = |result: &Result<u8, u8>| result.is_ok())]
async fn wrong_type() -> Result<u8, u8> {
    Ok(5)
}

#[monitor(document_size = |size| *size)]
fn wrong_size() -> impl Future<Output = u8> {
    async { 5 }
}

fn main() {}
