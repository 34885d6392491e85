//! `pynba send`.

use std::process::Output;
use std::time::Duration;

use pynba_runtime::testing::Captured;

use crate::program::{collector, pynba, text, told};

fn send(arguments: &[&str]) -> Captured {
    let (output, request) = told(&[&["send"], arguments].concat());
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    assert_eq!(text(&output.stdout), "");
    request.expect("a packet")
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn a_name_is_enough() {
    let request = send(&["--name", "/import"]);
    assert_eq!((request.script_name.as_str(), request.status), ("/import", Some(200)));
    assert_eq!((request.request_time, request.ru_utime, request.ru_stime), (0.0, 0.0, 0.0));
    assert_eq!((request.memory_peak, request.document_size), (0, 0));
    assert!(request.tags().is_empty() && request.timers().is_empty());
    assert!(!request.hostname.is_empty() && !request.server_name.is_empty());
}

#[test]
fn every_field_can_be_told() {
    let request = send(&[
        "-n",
        "/import",
        "--time",
        "1.5",
        "--status",
        "404",
        "--user-time",
        "250ms",
        "--system-time",
        "125ms",
        "--document-size",
        "48k",
        "--memory-peak",
        "64KiB",
        "--memory-footprint",
        "32000",
        "--hostname",
        "web-1",
        "--server-name",
        "shop.example",
        "--schema",
        "https",
        "-t",
        "plan=free",
        "--tag",
        "query=a=b,c",
    ]);
    assert_eq!((request.request_time, request.status), (1.5, Some(404)));
    assert_eq!((request.ru_utime, request.ru_stime), (0.25, 0.125));
    assert_eq!((request.document_size, request.memory_peak), (48_000, 65_536));
    assert_eq!(request.memory_footprint, Some(32_000));
    assert_eq!((&*request.hostname, &*request.server_name), ("web-1", "shop.example"));
    assert_eq!(request.schema.as_deref(), Some("https"));
    assert_eq!(request.tags(), pairs(&[("plan", "free"), ("query", "a=b,c")]));
}

#[test]
fn timers_have_tags_times_and_hits() {
    let request =
        send(&["-n=/", "--timer", "group=db,op=select:0.25", "--timer", "op=a:b=c\\,d:500ms/4"]);
    let timers = request.timers();
    assert_eq!((timers[0].value, timers[0].hit_count), (0.25, 1));
    assert_eq!(timers[0].tags, pairs(&[("group", "db"), ("op", "select")]));
    assert_eq!((timers[1].value, timers[1].hit_count), (0.5, 4));
    assert_eq!(timers[1].tags, pairs(&[("op", "a:b=c,d")]));
}

#[test]
fn what_is_wrong_is_said_with_what_to_write() {
    for (arguments, problem) in [
        (&[][..], "--name <NAME>"),
        (&["--timer", "group=db"], "the time is missing; write `group=db,op=select:0.25`"),
        (&["--timer", "group=db:x"], "time `x`: that is no time; write seconds such as `0.25`"),
        (&["--timer", "group=db:nan"], "time `nan`: that is no finite number"),
        (&["--timer", ":1"], "there is no tag; write `NAME=VALUE`"),
        (&["--time", "100000000000h"], "that does not fit; write `18446744073` at most"),
        (&["--timer", "a=b:1e15"], "that does not fit; write `18446744073` at most"),
        (&["--memory-peak", "5TB"], "that does not fit; write `4294967295` at most"),
        (&["--document-size", "4294967296"], "that does not fit; write `4294967295` at most"),
        (&["--time", "-1"], "a time is not negative; write seconds such as `0.25`"),
        (&["--time", "NaN"], "that is no finite number; write seconds"),
        (&["--user-time", "1h2x"], "that is no time"),
        (&["--memory-peak", "-3k"], "a size is not negative; write bytes such as `48000`"),
        (&["--document-size", "big"], "that is no size; write bytes"),
        (&["--status", "-1"], "write a number from 0 to 4294967294, such as `404`"),
        (&["--status", "4294967295"], "write a number from 0 to 4294967294"),
        (&["--name", ""], "a name is missing, such as `/import`"),
        (&["--tag", "plan"], "there is no `=`; write `plan=VALUE`"),
        (&["--server", "[::1]"], "the port is missing; write `[::1]:30002`"),
    ] {
        let has_name = arguments.is_empty() || arguments[0] == "--name";
        let name = if has_name { &[][..] } else { &["-n", "/"] };
        let (output, request) = told(&[&["send"], name, arguments].concat());
        assert_eq!((output.status.code(), request), (Some(2), None), "{arguments:?}");
        let error = text(&output.stderr);
        assert!(error.starts_with("error: ") && error.contains(problem), "{arguments:?}: {error}");
    }
}

fn elsewhere(server: &str) -> Output {
    pynba(&collector()).args(["send", "-n", "/", "--server", server]).output().unwrap()
}

#[test]
fn what_cannot_be_sent_is_a_failure() {
    let output = elsewhere("nowhere.invalid:30002");
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(
        error.starts_with("pynba: cannot find the address of nowhere.invalid:30002: "),
        "{error}"
    );

    let collector = collector();
    let mut command = pynba(&collector);
    let output =
        command.env("PINBA_SERVER", "localhost").args(["send", "-n", "/"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "pynba: PINBA_SERVER: \"localhost\": the port is missing; write `host:30002`\n"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn what_the_system_refuses_is_a_failure() {
    // Sending to everybody has to be asked for.
    let output = elsewhere("255.255.255.255:30002");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains(" to 255.255.255.255:30002: "));
}

#[test]
fn names_of_servers_are_looked_up() {
    let collector = collector();
    let server = format!("localhost:{}", collector.address().port());
    let output = pynba(&collector).args(["send", "-n", "/", "-s", &server]).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    assert!(collector.recv(Duration::from_secs(5)).is_some());
}

#[test]
fn switched_off_it_sends_nothing() {
    let collector = collector();
    let mut command = pynba(&collector);
    let output = command.env("PINBA_ENABLED", "0").args(["send", "-n", "/"]).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    assert_eq!(collector.recv(Duration::from_millis(50)), None);
}

#[test]
fn a_dry_run_shows_the_request() {
    let (output, request) = told(&[
        "send",
        "--dry-run",
        "-n",
        "/import",
        "--time",
        "1.5",
        "--hostname",
        "web-1",
        "--server-name",
        "shop",
        "-t",
        "plan=free",
        "--timer",
        "op=select,group=db:0.25/3",
        "--memory-peak",
        "3MB",
    ]);
    assert_eq!((output.status.code(), request), (Some(0), None));
    let expected = "\
hostname         web-1
server_name      shop
script_name      /import
status           200
request_time     1.5 s
memory_peak      3000000 bytes
tag              plan=free
timer            0.25 s ×3 group=db op=select
";
    assert_eq!(text(&output.stdout), expected);
}

#[test]
fn a_dry_run_does_not_drive_the_terminal() {
    let request = ["-n", "/\n\x1b[2J", "-t", "a=\x1b[2J", "--timer", "b=\x1b[2J:1"];
    let (output, _) = told(&[&["send", "--dry-run"], &request[..]].concat());
    let shown = text(&output.stdout);
    for line in ["script_name      /\\n\\u{1b}[2J", "tag              a=\\u{1b}[2J"] {
        assert!(shown.lines().any(|shown| shown == line), "{shown}");
    }
    assert!(shown.ends_with("timer            1 s ×1 b=\\u{1b}[2J\n"), "{shown}");
}
