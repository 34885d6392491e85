//! The program while it runs.

use std::io::{BufRead as _, BufReader, Read};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;

/// Nothing here takes so long, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Running {
    child: Child,
    client: UdpSocket,
    address: SocketAddr,
    out: Receiver<String>,
    err: Receiver<String>,
}

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pynba"));
    command.args(args).env("TZ", "UTC").env_remove("COLUMNS");
    command
}

impl Running {
    /// A command that receives, at a port of the system's choice; it listens already.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut command = command(args);
        command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let out = lines(child.stdout.take().expect("a pipe"));
        let err = lines(child.stderr.take().expect("a pipe"));
        let first = err.recv_timeout(PATIENCE).expect("a line");
        let address = first.strip_prefix("pynba: listening on ").expect(&first);
        let address = address.trim_end().parse().expect(&first);
        let client = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        Self { child, client, address, out, err }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn send(&self, packet: &[u8]) {
        self.client.send_to(packet, self.address).expect("it is sent");
    }

    /// The next line of standard output, with its end.
    pub(crate) fn line(&self) -> String {
        self.out.recv_timeout(PATIENCE).expect("a line")
    }

    /// The next line of standard error.
    pub(crate) fn complaint(&self) -> String {
        self.err.recv_timeout(PATIENCE).expect("a line")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).expect("an id");
        signal::kill(Pid::from_raw(id), signal).expect("it is there");
    }

    /// Waits until it ends, and gives the lines that nobody read yet.
    pub(crate) fn end(mut self) -> Ended {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is ours") {
                break status;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            thread::sleep(Duration::from_millis(5));
        };
        Ended {
            code: status.code(),
            out: self.out.iter().collect(),
            err: self.err.iter().collect(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Read by a thread, so that the program never waits for the test. Bytes that are no text would be a mistake.
fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        loop {
            let mut line = String::new();
            match from.read_line(&mut line) {
                Ok(1..) if sender.send(line).is_ok() => {}
                read => {
                    read.expect("it is UTF-8");
                    return;
                }
            }
        }
    });
    lines
}
