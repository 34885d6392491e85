//! `pynba demo`.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use pynba_runtime::testing::{Captured, Collector};

use crate::program::{LONG, collector, pynba, text};

fn demo(collector: &Collector, arguments: &[&str]) -> std::process::Command {
    let mut command = pynba(collector);
    // It does not go where real requests go.
    command.env("PINBA_SERVER", "nowhere.invalid:1").args(["demo", "--server"]);
    command.arg(collector.address().to_string()).args(arguments);
    command
}

/// What was sent is there: it has ended.
fn received(collector: &Collector) -> Vec<Captured> {
    std::iter::from_fn(|| collector.recv(Duration::from_millis(1))).collect()
}

#[test]
fn a_shop_sends_believable_requests() {
    let collector = collector();
    let output = demo(&collector, &["--count", "150", "--rate", "1000"]).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    let said = text(&output.stdout);
    let [begin, end] = said.lines().collect::<Vec<_>>()[..] else { panic!("{said}") };
    assert!(begin.contains("1000 requests/s") && begin.contains("`pynba top`"), "{begin}");
    assert!(end.starts_with("Sent 150 packets, "), "{end}");

    let requests = received(&collector);
    assert_eq!(requests.len(), 150);
    for request in &requests {
        assert_eq!(request.validate(), Ok(()));
        assert!(request.request_time > 0.0 && request.server_name.ends_with("shop.example"));
    }
    let different =
        |of: fn(&Captured) -> String| requests.iter().map(of).collect::<HashSet<_>>().len();
    assert!(different(|request| request.hostname.clone()) >= 5);
    assert!(different(|request| request.script_name.clone()) >= 6);
    assert!(requests.iter().flat_map(Captured::timers).any(|timer| timer.tags.len() > 1));
}

#[test]
fn what_nobody_received_is_not_told_as_if_it_were() {
    let dead = { collector().address().to_string() };
    let arguments = ["demo", "--server", &dead, "--count", "20", "--rate", "1000"];
    let output = pynba(&collector()).args(arguments).output().unwrap();
    let said = text(&output.stdout);
    assert!(said.ends_with(" refused (nobody listens there; may count as sent).\n"), "{said}");
}

#[test]
fn the_same_seed_sends_the_same() {
    let sent = |seed| {
        let collector = collector();
        let arguments = ["--count", "40", "--rate", "2000", "--seed", seed];
        assert!(demo(&collector, &arguments).output().unwrap().status.success());
        received(&collector)
    };
    assert_eq!(sent("5"), sent("5"));
    assert_ne!(sent("5"), sent("6"));
}

#[test]
fn it_lasts_as_long_as_told() {
    let collector = collector();
    let began = Instant::now();
    let output = demo(&collector, &["--for", "300ms", "--rate", "50"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(began.elapsed() < LONG);
    assert!((1..60).contains(&received(&collector).len()));
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_it_with_a_word() {
    use std::process::Stdio;

    let collector = collector();
    let child = demo(&collector, &[]).stdout(Stdio::piped()).spawn().unwrap();
    assert!(collector.recv(LONG).is_some());
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("\nSent "));
}

#[test]
fn switched_off_it_says_so() {
    let collector = collector();
    let output = demo(&collector, &[]).env("PINBA_ENABLED", "0").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "pynba: nothing is sent, PINBA_ENABLED says so\n");
}

#[test]
fn what_is_out_of_range_is_refused() {
    for (arguments, problem) in [
        (["--rate", "0"], "write a number from 0.1 to 10000"),
        (["--rate", "NaN"], "write a number from 0.1 to 10000"),
        (["--day", "10ms"], "a day takes a second at least"),
        (["--for", "soon"], "that is no time"),
    ] {
        let output = demo(&collector(), &arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(problem), "{arguments:?}");
    }
}
