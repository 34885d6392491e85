//! What keeps a body from being `Send` is named, and nothing of ours.

use pynba::{monitor, timed};
use std::future::{Future, ready};
use std::pin::Pin;
use std::rc::Rc;

#[monitor]
async fn handler() -> usize {
    let shared = Rc::new(5);
    ready(()).await;
    *shared
}

#[timed(a = "b")]
#[monitor]
fn boxed() -> Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async move {
        let shared = Rc::new(5);
        ready(()).await;
        *shared
    })
}

fn assert_send<T: Send>(_: T) {}

fn main() {
    assert_send(handler());
    assert_send(boxed());
}
