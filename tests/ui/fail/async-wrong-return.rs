//! A wrong `return` is reported where it stands, against the declared type, as in any function.

use pynba::monitor;
use std::future::Future;
use std::pin::Pin;

#[monitor]
async fn early(stop: bool) -> Result<u32, String> {
    if stop {
        return 5;
    }
    Ok(1)
}

#[monitor]
async fn last() -> Result<impl Copy, Vec<String>> {
    if true {
        return Ok(1);
    }
    "no"
}

#[monitor]
async fn none() -> Result<u32, String> {
    let _unused = last().await;
}

#[monitor]
async fn nothing() {
    5
}

#[monitor]
async fn never(stop: bool) -> ! {
    if stop {
        return 5;
    }
    loop {}
}

#[monitor]
fn block() -> impl Future<Output = u32> {
    async move { "no" }
}

#[monitor]
fn boxed() -> Pin<Box<dyn Future<Output = u32>>> {
    Box::pin(async move { "no" })
}

#[monitor]
fn prepared() -> impl Future<Output = u32> {
    let text = "no";
    async move { text }
}

#[monitor]
fn prepared_boxed() -> Pin<Box<dyn Future<Output = u32>>> {
    let text = "no";
    Box::pin(async move { text })
}

#[monitor]
fn no_future() -> impl Future<Output = u32> {
    5
}

fn main() {}
