use std::fs;
use std::net::UdpSocket;
use std::os::unix::process::CommandExt as _;

use crate::running::command;

/// What it says of arguments that it does not take, and its exit code.
fn refused(args: &[&str]) -> (String, Option<i32>) {
    let output = command(args).output().unwrap();
    assert_eq!(output.stdout, b"");
    (String::from_utf8(output.stderr).unwrap(), output.status.code())
}

#[test]
fn a_port_in_use_says_by_whom_and_what_to_do() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let name = fs::read_to_string(format!("/proc/{}/comm", std::process::id())).unwrap();
    for command in ["listen", "report"] {
        let (said, code) = refused(&[command, "--listen", &address.to_string()]);
        let expected = format!(
            "pynba: UDP port {} is in use by `{}` (process {}); choose another one: --listen 127.0.0.1:",
            address.port(),
            name.trim_end(),
            std::process::id()
        );
        let port = said.trim_end().strip_prefix(&expected).unwrap_or_else(|| panic!("{said}"));
        assert_ne!(port.parse(), Ok(address.port()));
        assert_eq!(code, Some(1));
    }
}

#[test]
fn another_port_is_for_the_same_place() {
    // Of every address, if somebody else has it at one of them.
    let taken = UdpSocket::bind("0.0.0.0:0").unwrap();
    let place = format!(":{}", taken.local_addr().unwrap().port());
    let (said, _) = refused(&["listen", "--listen", &place]);
    assert!(said.contains("; choose another one: --listen :"), "{said}");
}

#[test]
fn ports_for_root_say_so() {
    let listen = || command(&["listen", "--for", "10ms", "--listen", "127.0.0.1:1"]);
    // As nobody, if we may; and whoever may have the port gets it.
    let output = listen().uid(65534).output().or_else(|_| listen().output()).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.success(), !said.contains("ports below 1024 need root"), "{said}");
}

#[test]
fn addresses_that_are_none_are_named() {
    for (address, said) in [
        (
            "localhost:http",
            "cannot listen at `localhost:http`: its port is no number up to 65535; write HOST:PORT",
        ),
        ("http://localhost:3000", "it is a URL, leave `http://` out; write HOST:PORT"),
        ("30003", "a port alone has a colon before it, `:30003`; write"),
        ("[::1", "its bracket is not closed; write "),
        ("fe80::1:2:3:4:5:6:30002", "needs brackets, `[::1]:30002`"),
        ("no-such-host.invalid", "cannot listen at `no-such-host.invalid`: "),
        ("192.0.2.1:30002", "192.0.2.1:30002: this machine does not have that address"),
    ] {
        let (error, code) = refused(&["listen", "--listen", address]);
        assert!(error.starts_with("pynba: ") && error.contains(said), "{error}");
        assert_eq!((error.lines().count(), code), (1, Some(1)), "{error}");
    }
}

#[test]
fn arguments_that_are_none_say_what_to_write() {
    for (args, said) in [
        (&["listen", "--only", "time>fast"][..], "`fast` is no number; write a number"),
        (&["listen", "--for", "soon"], "that is no time; write seconds such as `0.25`"),
        (&["listen", "--memory", "much"], "that is no size; write bytes such as `48000`"),
        (&["listen", "-n", "many"], "write a whole number, such as `100`"),
        (&["report", "--top", "1.5"], "write a whole number, such as `100`"),
        (&["report", "--texts", "2"], "too few to tell requests apart; write `20` at least"),
        (&["report", "--top", "0"], "that is nothing; write a number from 1 on, such as `100`"),
        (&["report", "-n", "0"], "that is nothing; write a number from 1 on"),
        (&["listen", "-n", "0"], "that is nothing; write a number from 1 on"),
        (&["report", "--for", "0"], "that is no time at all; write more, such as `10s`"),
        (&["listen", "--for", "0ms"], "that is no time at all; write more, such as `10s`"),
        (&["report", "--by", "script,host,~script"], "`script` is there twice; write it once"),
        (&["listen", "--forward", "localhost:http"], "the port is a number from 1 to 65535"),
        (&["report", "--by", "plan"], "`+plan` for a tag of requests, `@plan` for a tag of timers"),
        (&["report", "--sort", "speed"], "write `key`, or one of: requests, "),
        (&["top", "--by", "@group,@group"], "`@group` is there twice; write it once"),
        (&["top", "--last", "0s"], "too short to see anything; write `1s` at least"),
        (&["top", "--refresh", "0s"], "too fast to be seen; write `10ms` at least"),
        (&["report", "--json", "--csv"], "cannot be used with"),
    ] {
        let (error, code) = refused(args);
        assert!(error.contains(said), "{error}");
        assert_eq!(code, Some(2));
    }
}
