//! Those who read what `listen` prints.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, ChildStderr, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::packets::packet;
use crate::running::command;

/// One whose output is a pipe that nobody reads yet, and where it listens.
fn unread(args: &[&str]) -> (Child, BufReader<ChildStderr>, SocketAddr) {
    let mut command = command(&[&["listen", "--listen", "127.0.0.1:0"], args].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut first = String::new();
    err.read_line(&mut first).unwrap();
    let address = first.trim_end().rsplit(' ').next().unwrap();
    (child, err, address.parse().unwrap())
}

/// Ten times as much as a pipe holds, slowly enough for any receive buffer.
fn send_much(address: SocketAddr) {
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    for number in 0..2000 {
        client.send_to(&packet(&format!("/{number}")), address).unwrap();
        if number % 50 == 0 {
            thread::sleep(Duration::from_millis(2));
        }
    }
    thread::sleep(Duration::from_millis(200));
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    let (mut child, mut err, address) = unread(&[]);
    // As `| head` does, at once.
    drop(child.stdout.take());
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.send_to(&packet("/"), address).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    err.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn a_reader_who_has_gone_is_noticed_while_nothing_comes() {
    let (mut child, mut err, _) = unread(&[]);
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    err.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn a_reader_who_is_slow_loses_nothing() {
    let (child, err, address) = unread(&["--json", "-n", "2000"]);
    send_much(address);
    let output = child.wait_with_output().unwrap();
    drop(err);
    let lines = String::from_utf8(output.stdout).unwrap();
    let parse = |line| serde_json::from_str::<Value>(line).unwrap();
    let scripts = lines.lines().map(|line| parse(line)["script_name"].clone());
    assert!(scripts.eq((0..2000).map(|number| json!(format!("/{number}")))));
}

#[test]
fn who_asks_twice_does_not_wait_for_the_reader() {
    let (mut child, _err, address) = unread(&["--json"]);
    send_much(address);
    let id = Pid::from_raw(i32::try_from(child.id()).unwrap());
    signal::kill(id, Signal::SIGINT).unwrap();
    thread::sleep(Duration::from_millis(200));
    assert_eq!(child.try_wait().unwrap(), None);
    signal::kill(id, Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
