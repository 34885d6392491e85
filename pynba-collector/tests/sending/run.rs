//! `pynba run`.

use std::process::Output;
use std::time::{Duration, Instant};

use pynba_runtime::testing::Captured;

use crate::program::{LONG, collector, pynba, tag, text, told};

fn run(arguments: &[&str]) -> (Output, Captured) {
    let (output, request) = told(&[&["run"], arguments].concat());
    (output, request.expect("a packet"))
}

#[test]
fn a_command_is_a_request() {
    let (output, request) =
        run(&["--", "/bin/sh", "-c", "echo out; echo err >&2; sleep 0.2", "secret"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!((text(&output.stdout), text(&output.stderr)), ("out\n".into(), "err\n".into()));
    assert_eq!((request.script_name.as_str(), request.status), ("sh", Some(200)));
    assert!((0.2..10.0).contains(&request.request_time), "{}", request.request_time);
    assert_eq!(request.tags(), [("exit".to_owned(), "0".to_owned())]);
    assert!(!request.hostname.is_empty() && !request.server_name.is_empty());
}

#[test]
fn standard_input_is_the_commands() {
    use std::io::Write;
    use std::process::Stdio;

    let collector = collector();
    let mut child = pynba(&collector)
        .args(["run", "cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"through").unwrap();
    assert_eq!(text(&child.wait_with_output().unwrap().stdout), "through");
}

#[test]
fn names_and_tags_are_as_told() {
    let (_, request) = run(&[
        "--name=cron/import",
        "-t",
        "source=ftp",
        "--tag=list=b",
        "--tag=list=a=1,2",
        "--schema=cron",
        "--hostname=worker-1",
        "--server-name=jobs.example",
        "true",
        "--help",
    ]);
    assert_eq!(request.script_name, "cron/import");
    assert_eq!(request.schema.as_deref(), Some("cron"));
    assert_eq!((&*request.hostname, &*request.server_name), ("worker-1", "jobs.example"));
    let tags = [("exit", "0"), ("list", "a=1,2"), ("list", "b"), ("source", "ftp")];
    assert_eq!(request.tags(), tags.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

/// Two hundred milliseconds of arithmetic, or more on a slow machine.
#[test]
fn processor_time_and_memory_are_those_of_the_child() {
    let script = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
    let (_, request) = run(&["--", "sh", "-c", script]);
    let busy = request.ru_utime + request.ru_stime;
    assert!(busy > 0.02 && busy <= request.request_time * 1.5 + 0.1, "{request:?}");

    let idle = run(&["--", "sleep", "0.3"]).1;
    assert!(idle.ru_utime + idle.ru_stime < 0.2, "{idle:?}");

    // `dd` has a buffer of that size, and has filled it.
    let (_, large) = run(&["--", "dd", "if=/dev/zero", "of=/dev/null", "bs=64000000", "count=1"]);
    assert!((64_000_000..200_000_000).contains(&large.memory_peak), "{large:?}");
    // It takes less than we do, and how much the system does not tell.
    assert_eq!(idle.memory_peak, 0, "{idle:?}");
}

#[test]
fn what_earlier_children_used_is_not_the_commands() {
    let collector = collector();
    let script = "(i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done); exec \"$0\" run sleep 0.01";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_pynba")]).env_remove("PINBA_ENABLED");
    command.env("PINBA_SERVER", collector.address().to_string());
    assert!(command.status().unwrap().success());
    let request = collector.recv(LONG).expect("a packet");
    assert!(request.ru_utime + request.ru_stime < 0.02, "{request:?}");
}

#[test]
fn exit_codes_are_passed_on() {
    for code in ["1", "3", "255"] {
        let (output, request) = run(&["--", "sh", "-c", &format!("exit {code}")]);
        assert_eq!(output.status.code(), code.parse().ok());
        assert_eq!((request.status, tag(&request, "exit")), (Some(500), Some(code)));
        assert_eq!(tag(&request, "signal"), None);
        assert_eq!(text(&output.stderr), "");
    }
}

#[test]
fn a_signal_that_killed_it_is_told() {
    for (signal, code) in [("KILL", "137"), ("TERM", "143"), ("SEGV", "139")] {
        let (output, request) = run(&["--", "sh", "-c", &format!("kill -{signal} $$")]);
        assert_eq!(output.status.code(), code.parse().ok());
        assert_eq!(request.status, Some(500));
        assert_eq!((tag(&request, "exit"), tag(&request, "signal")), (Some(code), Some(signal)));
    }
}

#[test]
fn a_command_that_is_missing_is_a_request_as_well() {
    let (output, request) = run(&["--", "/nowhere/no-such-command", "--password=x"]);
    assert_eq!(output.status.code(), Some(127));
    let error = text(&output.stderr);
    assert!(error.starts_with("pynba: cannot run `/nowhere/no-such-command`: "), "{error}");
    assert_eq!(error.lines().count(), 1);
    assert_eq!((request.ru_utime, request.ru_stime, request.memory_peak), (0.0, 0.0, 0));
    assert_eq!((request.script_name.as_str(), request.status), ("no-such-command", Some(500)));
    assert_eq!(request.tags(), [("exit".to_owned(), "127".to_owned())]);
}

#[test]
fn a_command_without_a_name_is_seen_to_have_none() {
    let (output, _) = run(&["--", ""]);
    assert_eq!(output.status.code(), Some(127));
    assert!(text(&output.stderr).starts_with("pynba: cannot run ``: "));
}

#[test]
fn a_command_that_cannot_be_executed_is_told_apart() {
    let (output, request) = run(&["--", "/etc/passwd"]);
    assert_eq!(output.status.code(), Some(126));
    assert!(text(&output.stderr).contains("cannot run `/etc/passwd`"));
    assert_eq!(request.memory_peak, 0);
    assert_eq!(tag(&request, "exit"), Some("126"));
}

#[test]
fn the_network_only_causes_warnings() {
    let collector = collector();
    let began = Instant::now();
    let alive = collector.address().to_string();
    let servers = format!("nowhere.invalid:30002, {alive}");
    for (variable, arguments) in [("", vec!["--server", &servers]), (&*servers, vec![])] {
        let mut command = pynba(&collector);
        command.env("PINBA_SERVER", variable).arg("run").args(arguments);
        let output = command.args(["--", "sh", "-c", "exit 7"]).output().unwrap();
        assert_eq!(output.status.code(), Some(7));
        let warning = text(&output.stderr);
        assert!(
            warning.starts_with("pynba: warning: cannot find the address of nowhere.invalid:30002")
        );
        // The other one gets it nevertheless.
        assert!(collector.recv(LONG).is_some());
    }
    let output =
        pynba(&collector).env("PINBA_SERVER", "nowhere").args(["run", "true"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let warning = text(&output.stderr);
    assert!(warning.starts_with("pynba: warning: PINBA_SERVER: \"nowhere\": the port is missing"));

    // Nobody listens there, and over UDP nobody can know.
    let dead = { crate::program::collector().address().to_string() };
    let output = pynba(&collector).args(["run", "-s", &dead, "true"]).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    assert!(began.elapsed() < LONG);
}

#[test]
fn every_server_gets_it() {
    let [one, two] = [collector(), collector()];
    let both = format!("{},{}", one.address(), two.address());
    assert!(pynba(&one).args(["run", "--server", &both, "true"]).status().unwrap().success());
    assert!(one.recv(LONG).is_some() && two.recv(LONG).is_some());
}

#[test]
fn switched_off_it_only_runs() {
    let collector = collector();
    let mut command = pynba(&collector);
    command.env("PINBA_ENABLED", "0").args(["run", "-s", "nowhere.invalid:1", "-s"]);
    let output =
        command.arg(collector.address().to_string()).args(["sh", "-c", "exit 5"]).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(5), String::new()));
    assert_eq!(collector.recv(Duration::from_millis(50)), None);
}

#[test]
fn wrong_arguments_run_nothing() {
    for (arguments, problem) in [
        (&["run"][..], "<COMMAND>..."),
        (&["run", "--nome", "x", "true"], "unexpected argument '--nome'"),
        (&["run", "--server", "nowhere", "true"], "the port is missing; write `host:30002`"),
        (&["run", "--server", "", "true"], "it is empty; write `host:port`"),
        (&["run", "--name", "", "true"], "a name is missing, such as `/import`"),
        (&["run", "--tag", "plan", "true"], "there is no `=`; write `plan=VALUE`"),
    ] {
        let (output, request) = told(arguments);
        assert_eq!((output.status.code(), request), (Some(2), None), "{arguments:?}");
        let error = text(&output.stderr);
        assert!(error.contains(problem), "{arguments:?}: {error}");
    }
}
