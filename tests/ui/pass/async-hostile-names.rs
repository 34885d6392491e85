//! Nothing is imported, nothing means what it usually means, and asynchronous functions do not care.
#![no_implicit_prelude]
#![deny(warnings)]
#![allow(dead_code, unused_macros, non_camel_case_types)]

mod core {}
mod std {}
mod alloc {}
mod pynba {}

macro_rules! concat {
    ($($t:tt)*) => {
        ::std::compile_error!("taken for ours")
    };
}
macro_rules! status_of {
    ($($t:tt)*) => {
        ::std::compile_error!("taken for ours")
    };
}

struct Ok;
struct Some;
struct None;
struct Box;
struct Option;
struct DetachedRequest;
struct u32;
struct u64;

/// Has the methods that the expansion calls, and takes less of a reference for them.
trait Hostile {
    fn around(&self) {}
    fn current(&self) {}
    fn detached(&self) {}
    fn enter(&self) {}
    fn is_recording(&self) {}
    fn returned(&self) {}
    fn servers(&self) {}
    fn set_prefix(&self) {}
    fn set_status(&self) {}
    fn set_tags(&self) {}
}

impl<T: ?::std::marker::Sized> Hostile for T {}

const SITE: i8 = 1;
const TAGS: i8 = 2;

#[::pynba::monitor(
    prefix = ::std::format!("{guard}{returned}{future}"),
    tags(TAGS, SITE = SITE, guard),
    status = |_returned| 201,
    document_size = |_guard| size(),
    enabled = TAGS == 2,
)]
async fn names_of_ours(guard: i8, returned: i8, future: i8) -> i8 {
    guard + returned + future
}

fn size() -> ::std::primitive::u64 {
    9
}

#[::pynba::monitor(reporter)]
async fn with_reporter(reporter: &::pynba::Reporter) -> ::std::result::Result<i8, i8> {
    let _ = reporter;
    ::std::result::Result::Err(1)
}

#[::pynba::monitor("127.0.0.1:30002", tags(future), status = |_returned| 202)]
fn boxed(
    guard: i8,
    returned: i8,
    future: i8,
) -> ::std::pin::Pin<::std::boxed::Box<dyn ::std::future::Future<Output = i8>>> {
    let sum = guard + returned + future;
    ::std::boxed::Box::pin(async move { sum })
}

#[::pynba::monitor]
async fn never() -> ! {
    loop {
        ::std::future::pending::<()>().await;
    }
}

#[::pynba::timed(guard, TAGS = TAGS)]
fn timed(guard: i8, future: i8) -> impl ::std::future::Future<Output = i8> {
    let sum = guard + future;
    async move { sum }
}

fn poll<F: ::std::future::Future>(future: F) -> ::std::option::Option<F::Output> {
    let context = &mut ::std::task::Context::from_waker(::std::task::Waker::noop());
    match ::std::future::Future::poll(::std::pin::pin!(future), context) {
        ::std::task::Poll::Ready(value) => ::std::option::Option::Some(value),
        ::std::task::Poll::Pending => ::std::option::Option::None,
    }
}

fn main() {
    let requests = ::pynba::testing::capture(|| {
        poll(names_of_ours(1, 2, 3));
        poll(timed(1, 2));
        poll(boxed(1, 2, 3));
        if let ::std::result::Result::Ok(reporter) =
            ::pynba::Reporter::builder().server("a:1").build()
        {
            poll(with_reporter(&reporter));
        }
        poll(never());
    });
    let status = |request: &::pynba::testing::Captured| request.status;
    let status: ::std::vec::Vec<_> =
        ::std::iter::Iterator::collect(::std::iter::Iterator::map(requests.iter(), status));
    if ::std::cfg!(feature = "enable") {
        ::std::assert_eq!(status, [201, 202, 500, 499].map(::std::option::Option::Some));
        ::std::assert_eq!(requests[0].document_size, 9);
        ::std::assert!(requests[0].script_name.starts_with("123"));
    }
}
