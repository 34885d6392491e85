//! Without the feature `enable` everything is there, and nothing happens.
#![cfg(not(feature = "enable"))]

use std::time::Duration;

use pynba::testing::{Collector, capture};
use pynba::{Reporter, Tags, current, monitor, tags, timed, timer};

fn never<T>() -> T {
    panic!("nothing of this may be evaluated")
}

#[monitor(never::<&Reporter>(), script_name = never::<String>(), tags(n = never::<u8>()), status = |_| never())]
fn handler(text: &str) -> Result<&str, String> {
    let timer = timer!(group = "db", n = never::<u8>(), lazy = || never::<u8>());
    assert_eq!(timer.elapsed(), Duration::ZERO);
    assert!(!current().is_active());
    current().tag("n", never::<u8>);
    let text = timer!(n = never::<u8>() => timed_function(text))?;
    Ok(text)
}

#[timed(n = never::<u8>())]
fn timed_function(text: &str) -> Result<&str, String> {
    if text.is_empty() { Err("empty".to_owned()) } else { Ok(text) }
}

#[test]
fn functions_do_what_they_did() {
    assert_eq!(handler("text"), Ok("text"));
    assert_eq!(handler(""), Err("empty".to_owned()));
}

#[test]
fn nothing_is_recorded_or_sent() {
    let collector = Collector::bind().unwrap();
    let reporter = Reporter::builder().server(collector.address().to_string()).build().unwrap();
    drop(reporter.open("test"));
    pynba::set_reporter(reporter.clone());
    assert_eq!(capture(|| handler("text")), []);
    assert_eq!(reporter.stats().packets, 0);
    assert_eq!(collector.recv(Duration::from_millis(50)), None);
}

#[test]
fn mistakes_are_still_found() {
    assert!(Reporter::builder().server("nowhere").build().is_err());
}

#[test]
fn tags_are_data_and_work() {
    assert_eq!(tags!(a = "b", n = 1 + 1), Tags::new().with("n", 2).with("a", "b"));
}
