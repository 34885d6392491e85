//! Asynchronous functions of every kind, and the futures stay `Send`.
#![deny(warnings)]

use pynba::{monitor, timed, timer};
use std::convert::Infallible;
use std::future::{Future, ready};
use std::marker::PhantomPinned;
use std::pin::Pin;

#[monitor]
async fn nothing() {}

#[monitor(tags(stop))]
async fn unit(stop: bool) -> () {
    if stop {
        return;
    }
    ready(()).await
}

#[monitor]
async fn question_mark(text: &str) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    if text.is_empty() {
        return Err("empty".into());
    }
    let number = text.parse()?;
    if number == 0 {
        Err("zero")?;
    }
    Ok(ready(number).await)
}

#[monitor]
async fn coerced() -> Box<dyn Fn(&str) -> usize + Send> {
    Box::new(|text| text.len())
}

#[monitor]
async fn pointer() -> fn(&str) -> usize {
    |text| text.len()
}

#[monitor]
async fn never(code: i32) -> ! {
    ready(()).await;
    std::process::exit(code)
}

#[monitor]
async fn never_in_a_loop() -> ! {
    loop {
        ready(()).await;
    }
}

#[monitor]
async fn uninhabited(stop: bool) -> Result<Infallible, u8> {
    if stop { Err(ready(1).await) } else { std::future::pending().await }
}

enum Void {}

#[monitor]
async fn void() -> Void {
    std::future::pending().await
}

#[monitor]
async fn opaque<'a>(words: &'a [String]) -> impl Iterator<Item = &'a str> + use<'a> {
    words.iter().map(String::as_str)
}

#[monitor]
async fn nested_opaque() -> Result<(impl Fn(&str) -> usize, Vec<impl Copy>), impl Copy> {
    if false {
        return Err(5);
    }
    Ok((|text: &str| text.len(), vec![1]))
}

#[monitor]
async fn generic<T, const N: usize>(values: [T; N], (a, mut b): (T, T)) -> (T, [T; N])
where
    T: Copy + Send + std::ops::AddAssign,
{
    b += a;
    ready(()).await;
    (b, values)
}

#[monitor]
async fn borrowed<'a>(text: &'a mut String, other: &str) -> &'a mut String {
    text.push_str(other);
    ready(text).await
}

#[monitor]
async fn arguments(_: u8, mut count: u8, [first, ..]: [u8; 2], _unused: String) -> u8 {
    count += ready(first).await;
    count
}

#[monitor]
async fn implied(names: impl IntoIterator<Item = u8> + Send) -> usize {
    names.into_iter().count()
}

/// # Safety
///
/// The pointer is valid.
#[monitor]
async unsafe fn pointed(pointer: &*const u8) -> u8 {
    unsafe { **pointer }
}

#[monitor]
async fn recursive(n: u64) -> u64 {
    if n == 0 { 1 } else { n * Box::pin(recursive(n - 1)).await }
}

#[monitor]
async fn future_of_a_future() -> std::future::Ready<u8> {
    ready(5)
}

struct Store {
    items: Vec<String>,
    _pinned: PhantomPinned,
}

impl Store {
    #[monitor(tags(items = self.items.len()))]
    async fn first(&mut self) -> Option<&mut String> {
        ready(()).await;
        self.items.first_mut()
    }

    #[monitor]
    async fn name<'a>(&'a self, other: &'a str) -> &'a str {
        self.items.first().map_or(other, |first| first)
    }

    #[monitor]
    async fn into_items(self: Box<Self>) -> Vec<String> {
        self.items
    }

    #[monitor]
    async fn pinned(self: Pin<&mut Self>) -> usize {
        self.items.len()
    }

    #[monitor]
    async fn made() -> Self {
        Self { items: Vec::new(), _pinned: PhantomPinned }
    }

    #[monitor]
    fn opaque(&self) -> impl Future<Output = usize> + Send + '_ {
        async { ready(self.items.len()).await }
    }

    #[monitor]
    fn boxed<'a>(&'a self, name: &'a str) -> Pin<Box<dyn Future<Output = usize> + Send + 'a>> {
        Box::pin(async move { ready(self.items.len() + name.len()).await })
    }
}

trait Handler {
    #[monitor]
    async fn handle(&self) -> Result<u8, String> {
        let name = self.name().await;
        name.parse().map_err(|error| format!("{error}"))
    }

    #[timed(a = "b")]
    async fn name(&self) -> String {
        ready(String::from("5")).await
    }

    fn later(&self) -> impl Future<Output = u8> + Send;
}

impl Handler for Store {
    #[monitor]
    async fn later(&self) -> u8 {
        5
    }
}

#[monitor]
fn prepared(name: String) -> impl Future<Output = Result<usize, String>> + Send {
    let name = name.repeat(2);
    async move {
        if name.is_empty() {
            return Err(String::from("empty"));
        }
        let parsed: usize = name.parse().map_err(|error| format!("{error}"))?;
        Ok(ready(parsed).await)
    }
}

#[monitor]
fn inferred(text: &str) -> impl Future<Output = Result<u64, Box<dyn std::error::Error>>> {
    async move {
        let number = text.parse()?;
        if number == 0 {
            return Err("zero".into());
        }
        Ok(number)
    }
}

#[monitor]
fn early(now: bool) -> Pin<Box<dyn Future<Output = Box<dyn Fn(&str) -> usize>>>> {
    if now {
        return Box::pin(async { Box::new(|text: &str| text.len()) as Box<_> });
    }
    Box::pin(std::future::pending())
}

#[monitor]
fn boxed_opaque() -> Pin<Box<impl Future<Output = Result<u8, String>>>> {
    Box::pin(async move { Ok("5".parse().map_err(|_| "no")?) })
}

#[timed(a = "b", text)]
fn timed_opaque(text: String) -> impl Future<Output = usize> + Send {
    let twice = text.repeat(2);
    async move { ready(twice).await.len() }
}

#[timed(a = "b", text)]
fn timed_block(text: String) -> impl Future<Output = usize> + Send {
    async move { ready(text).await.len() }
}

#[timed(a = "b", text)]
fn timed_boxed(text: String) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    if text.is_empty() {
        return Box::pin(ready(0));
    }
    Box::pin(async move { text.len() })
}

#[timed(a = "b")]
#[monitor]
async fn timed_and_monitored(n: u8) -> u8 {
    let _timer = timer!(c = "d");
    timer!(e = "f" => ready(n).await)
}

#[monitor]
#[timed(a = "b")]
fn monitored_and_timed(n: u8) -> impl Future<Output = u8> + Send {
    async move { ready(n).await }
}

macro_rules! handler {
    ($name:ident, $ty:ty, $body:block) => {
        #[monitor]
        async fn $name() -> $ty $body
    };
}
handler!(from_a_macro, Result<u8, Box<dyn std::error::Error>>, { Ok("5".parse()?) });
handler!(never_from_a_macro, !, { std::process::exit(5) });

fn main() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    drop(is_send(nothing()));
    drop(is_send(unit(true)));
    drop(is_send(question_mark("5")));
    drop(is_send(coerced()));
    drop(is_send(pointer()));
    drop(is_send(never(0)));
    drop(is_send(never_in_a_loop()));
    drop(is_send(uninhabited(true)));
    drop(is_send(void()));
    drop(is_send(opaque(&[])));
    drop(is_send(nested_opaque()));
    drop(is_send(generic([1], (1, 2))));
    drop(is_send(borrowed(&mut String::new(), "")));
    drop(is_send(arguments(1, 2, [3, 4], String::new())));
    drop(is_send(implied([1])));
    let pointer = &raw const DATA;
    drop(unsafe { pointed(&pointer) });
    drop(is_send(recursive(1)));
    drop(is_send(future_of_a_future()));
    drop(is_send(Store::made()));
    let mut store = Box::new(Store { items: Vec::new(), _pinned: PhantomPinned });
    drop(is_send(store.first()));
    drop(is_send(store.name("")));
    drop(is_send(store.opaque()));
    drop(is_send(store.boxed("")));
    drop(store.handle());
    drop(is_send(Handler::later(&*store)));
    drop(is_send(Box::pin(Store { items: Vec::new(), _pinned: PhantomPinned }).as_mut().pinned()));
    drop(is_send(store.into_items()));
    drop(is_send(prepared(String::new())));
    drop(inferred(""));
    drop(early(true));
    drop(boxed_opaque());
    drop(is_send(timed_opaque(String::new())));
    drop(is_send(timed_block(String::new())));
    drop(is_send(timed_boxed(String::new())));
    drop(is_send(timed_and_monitored(1)));
    drop(is_send(monitored_and_timed(1)));
    drop(from_a_macro());
    drop(never_from_a_macro());
}

static DATA: u8 = 7;
