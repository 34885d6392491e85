//! The macros find the crate by the path they are given.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use pynba_renamed_test as program;
use renamed::testing::capture;

#[test]
fn expands_to_the_given_path() {
    let (fixed, dynamic) = program::both("x");
    assert_eq!(fixed.iter().collect::<Vec<_>>(), [("a", "1")]);
    assert_eq!(dynamic.iter().collect::<Vec<_>>(), [("a", "1"), ("dynamic", "x")]);
    assert_eq!(program::temporaries(&std::sync::Mutex::new(String::from("abc"))), 3);
}

#[test]
#[cfg_attr(not(feature = "enable"), ignore = "nothing is recorded")]
fn records_like_any_other() {
    let requests = capture(|| {
        assert!(program::handler(true).is_err());
        assert!(program::handler(false).is_ok());
    });
    let seen: Vec<_> = requests.iter().map(|one| (one.status, one.timers().len())).collect();
    assert_eq!(seen, [(Some(503), 4), (Some(200), 4)]);
    assert_eq!(requests[0].script_name, "renamed:pynba_renamed_test::handler");
}

#[test]
#[cfg_attr(not(feature = "enable"), ignore = "nothing is recorded")]
fn asynchronous_functions_record_like_any_other() {
    fn poll<F: Future>(future: F) -> Poll<F::Output> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }
    let requests = capture(|| {
        assert_eq!(poll(program::async_handler(true)), Poll::Ready(Err("toldtold".to_owned())));
        assert_eq!(poll(program::async_handler(false)), Poll::Ready(Ok("to".to_owned())));
        assert!(poll(program::async_never()).is_pending());
    });
    let seen: Vec<_> = requests.iter().map(|one| (one.status, one.timers().len())).collect();
    assert_eq!(seen, [(Some(500), 2), (Some(200), 0), (Some(200), 2), (Some(499), 0)]);
    assert_eq!(requests[0].script_name, "renamed:pynba_renamed_test::async_handler");
}

#[test]
fn works_behind_a_macro_of_another_crate() {
    let group = 5;
    assert_eq!(program::measure!(group => group + 1), 6);
}
