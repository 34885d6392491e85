//! The guard of a timer may cross an `.await`, and nothing else of a function that returns a future does.

use pynba::{monitor, timed, timer};

use std::future::Future;
use std::pin::Pin;

#[monitor]
fn boxed<'a>(text: &'a str) -> Pin<Box<dyn Future<Output = usize> + Send + 'a>> {
    Box::pin(async move {
        let _timer = timer!(a = text);
        let len = timer!(a = "b", len = std::future::ready(5).await => std::future::ready(text.len()).await);
        len
    })
}

#[monitor]
fn opaque(n: u8) -> impl Future<Output = u8> + Send {
    async move { n }
}

#[timed(n = n, later = std::future::ready(n).await)]
async fn timed_one<T: Copy + Into<u64>>(n: u8, value: T) -> u64 {
    std::future::ready(value.into()).await
}

fn main() {
    fn is_send(_: impl Send) {}
    is_send(boxed("x"));
    is_send(opaque(1));
    is_send(timed_one(1, 2u8));
}
