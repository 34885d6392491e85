//! Nothing is imported, nothing means what it usually means, and the macros do not care.
#![no_implicit_prelude]
#![allow(dead_code, unused_macros, non_camel_case_types)]

mod core {}
mod std {}
mod alloc {}
mod pynba {}
mod pynba_runtime {}

macro_rules! concat {
    ($($t:tt)*) => {
        ::std::compile_error!("taken for ours")
    };
}
macro_rules! module_path {
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
struct StaticTags;
struct Site;
struct bool;
struct u32;
struct u64;
struct str;

/// Has the methods that the expansion calls on things of its own.
trait Hostile {
    fn add(&self) {}
    fn enter(&self) {}
    fn returned(&self) {}
    fn is_recording(&self) {}
    fn current(&self) {}
    fn status(&self) {}
}

impl<T: ?::std::marker::Sized> Hostile for T {}

const TAGS: i8 = 1;
const SITE: i8 = 2;

fn names_of_ours(
    guard: i8,
    returned: i8,
    tags: i8,
    values: i8,
    reporter: i8,
) -> ::std::primitive::bool {
    let v1 = 6;
    let enabled = 7;
    let all = ::pynba::tags!(TAGS, SITE, guard, returned, tags, values, reporter, v1, enabled);
    let sum = ::pynba::timer!(TAGS, guard => TAGS + guard + returned);
    ::std::assert_eq!(sum, 3);
    let _timer = ::pynba::timer!(a = || guard);
    all.len() == 9
}

#[::pynba::monitor(
    prefix = ::std::format!("{guard}{returned}"),
    tags(TAGS, SITE = SITE, guard),
    status = |_returned| 201,
    document_size = |_guard| guard_size(),
    enabled = TAGS == 1,
)]
fn monitored(guard: i8, returned: i8) -> i8 {
    guard + returned
}

fn guard_size() -> ::std::primitive::u64 {
    9
}

#[::pynba::monitor(reporter)]
fn with_reporter(reporter: &::pynba::Reporter) -> ::std::result::Result<i8, i8> {
    let _ = reporter;
    ::std::result::Result::Err(1)
}

#[::pynba::timed(guard, TAGS = TAGS)]
fn timed(guard: i8) -> i8 {
    guard
}

#[::std::prelude::v1::test]
fn everything_still_means_itself() {
    ::std::assert!(names_of_ours(1, 1, 1, 1, 1));
    let requests = ::pynba::testing::capture(|| {
        monitored(1, 2);
        timed(3);
        if let ::std::result::Result::Ok(reporter) =
            ::pynba::Reporter::builder().server("a:1").build()
        {
            let _ = with_reporter(&reporter);
        }
    });
    if ::std::cfg!(feature = "enable") {
        ::std::assert_eq!(requests[0].script_name, "12hygiene::monitored");
        ::std::assert_eq!(requests[0].status, ::std::option::Option::Some(201));
        ::std::assert_eq!(requests[0].document_size, 9);
        ::std::assert_eq!(requests[1].status, ::std::option::Option::Some(500));
    }
}
