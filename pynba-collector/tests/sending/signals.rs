//! `pynba run` and the signals it gets.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pynba_runtime::testing::{Captured, Collector};

use crate::program::{LONG, collector, pynba, tag};

/// A shell under `pynba run`, in a group of its own: not in the foreground of the terminal that the tests may have.
struct Run {
    collector: Collector,
    child: Child,
    lines: Receiver<String>,
}

impl Run {
    /// The script says `ready` when it is.
    fn begin(script: &str) -> Self {
        let collector = collector();
        let mut command = pynba(&collector);
        command.args(["run", "--", "sh", "-c", script]).process_group(0).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (line, lines) = mpsc::channel();
        thread::spawn(move || stdout.lines().try_for_each(|read| line.send(read.unwrap())));
        let run = Self { collector, child, lines };
        assert_eq!(run.line(), "ready");
        run
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(LONG).expect("a line")
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    fn end(mut self) -> (Option<i32>, Captured) {
        let mut status = None;
        wait_for("its end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let status = status.unwrap();
        (status.code(), self.collector.recv(LONG).expect("a packet"))
    }
}

impl Drop for Run {
    /// A test that failed leaves nothing behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// A loop of short sleeps: shells run traps only between commands.
const FOREVER: &str = "echo ready; while :; do sleep 0.05; done";

/// Whoever runs the tests may have had them ignore it, as `nohup` does, and so would the command.
fn is_ignored(signal: Signal) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap());
    mask & (1 << (signal as i32 - 1)) != 0
}

#[test]
fn what_kills_is_passed_on() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGUSR1] {
        if is_ignored(signal) {
            continue;
        }
        let run = Run::begin(FOREVER);
        run.signal(signal);
        let (exit, request) = run.end();
        let code = 128 + signal as i32;
        assert_eq!((exit, request.status), (Some(code), Some(500)));
        assert_eq!(tag(&request, "signal"), signal.as_str().strip_prefix("SIG"));
        assert_eq!(tag(&request, "exit"), Some(&*code.to_string()));
    }
}

#[test]
fn what_is_handled_is_the_commands_affair() {
    let run = Run::begin(&format!("trap 'echo bye; exit 0' TERM; {FOREVER}"));
    run.signal(Signal::SIGTERM);
    assert_eq!(run.line(), "bye");
    let (exit, request) = run.end();
    assert_eq!((exit, request.status), (Some(0), Some(200)));
    assert_eq!((tag(&request, "signal"), tag(&request, "exit")), (None, Some("0")));
}

#[test]
fn what_is_ignored_ends_nothing() {
    let run = Run::begin(&format!(
        "trap '' TERM HUP; trap 'echo one' USR1; trap 'echo two; exit 9' USR2; {FOREVER}"
    ));
    run.signal(Signal::SIGTERM);
    run.signal(Signal::SIGHUP);
    run.signal(Signal::SIGUSR1);
    assert_eq!(run.line(), "one");
    run.signal(Signal::SIGWINCH);
    run.signal(Signal::SIGUSR2);
    assert_eq!(run.line(), "two");
    let (exit, request) = run.end();
    assert_eq!((exit, tag(&request, "exit")), (Some(9), Some("9")));
}

#[test]
#[cfg(target_os = "linux")]
fn what_we_are_to_ignore_so_is_the_command() {
    let collector = collector();
    // As `nohup` does it.
    let script =
        "trap '' HUP; exec \"$0\" run -- sh -c 'kill -HUP $PPID; kill -HUP $$; echo alive'";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_pynba")]);
    command.env("PINBA_SERVER", collector.address().to_string()).env_remove("PINBA_ENABLED");
    let output = command.output().unwrap();
    assert_eq!(output.stdout, b"alive\n");
    assert_eq!(output.status.code(), Some(0));
}

/// The state of a process, as `ps` writes it.
fn state(pid: Pid) -> char {
    let output = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().chars().next().unwrap_or('?')
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < until, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn stop_and_continue_are_passed_on() {
    let run = Run::begin(&format!(
        "trap 'echo stopping' TSTP; trap 'echo going on; exit 6' CONT; {FOREVER}"
    ));
    run.signal(Signal::SIGTSTP);
    assert_eq!(run.line(), "stopping");
    run.signal(Signal::SIGCONT);
    assert_eq!(run.line(), "going on");
    assert_eq!(run.end().0, Some(6));
}

#[test]
fn a_command_that_is_stopped_stops_us_as_well() {
    let run = Run::begin("echo ready; kill -TSTP $$; echo again; exit 2");
    let pid = run.pid();
    wait_for("stopped", || state(pid) == 'T');
    run.signal(Signal::SIGCONT);
    assert_eq!(run.line(), "again");
    assert_eq!(run.end().0, Some(2));
}
