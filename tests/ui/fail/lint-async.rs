//! Lints see an asynchronous body as they see any other.
#![deny(dead_code, unreachable_code, unused_must_use, unused_mut, unused_variables)]

use pynba::{monitor, timed};
use std::future::{Future, ready};
use std::pin::Pin;

#[monitor]
async fn never_called() {}

#[monitor(tags(a = "b"))]
async fn handler(unused: u8, mut changed: u8) -> u8 {
    let mut never_changed = 5;
    ready(Err::<u8, u8>(1)).await;
    ready(());
    return never_changed;
    handler(1, 2).await
}

#[monitor]
async fn diverges() -> u8 {
    panic!("as it must");
    ready(()).await;
}

#[monitor]
fn boxed(unused: u8) -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(async move {
        let unused = 5;
        ready(Err::<u8, u8>(1)).await;
    })
}

#[timed(a = "b")]
fn prepared(unused: u8) -> impl Future<Output = ()> {
    let unused = 5;
    async { ready(()); }
}

fn main() {
    drop((handler(1, 2), diverges(), boxed(1), prepared(1)));
}
