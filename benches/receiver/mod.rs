//! The server's part: another process that takes packets off a loopback port.
//!
//! It never waits in `recv`, so that no `send` pays for waking it up; it looks some ten thousand times a second, for
//! what comes meanwhile fits into the socket's buffer.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

const ARGUMENT: &str = "--receive";

/// Another process of this program, until dropped.
pub(crate) struct Receiver {
    process: Child,
    said: BufReader<std::process::ChildStdout>,
    pub(crate) address: SocketAddr,
}

/// To be called first thing in `main`: does not return in the process that receives.
pub(crate) fn receive_if_asked() {
    if !std::env::args().any(|argument| argument == ARGUMENT) {
        return;
    }
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a socket");
    socket.set_nonblocking(true).expect("a socket that does not wait");
    println!("{}", socket.local_addr().expect("an address"));
    let received = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&received);
    thread::spawn(move || drain(&socket, &count));
    // The other process closes it when it wants to know, or when it ends, in whichever way.
    let _ = io::stdin().read_to_end(&mut Vec::new());
    // When it ended, nobody reads it.
    let _ = writeln!(io::stdout(), "{}", received.load(Ordering::Relaxed));
    std::process::exit(0);
}

fn drain(socket: &UdpSocket, received: &AtomicU64) {
    let mut packet = vec![0; 65_536];
    loop {
        match socket.recv(&mut packet) {
            Ok(_) => _ = received.fetch_add(1, Ordering::Relaxed),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                thread::sleep(Duration::from_micros(20));
            }
            Err(_) => {}
        }
    }
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let program = std::env::current_exe().expect("this program's file");
        let mut command = Command::new(program);
        command.arg(ARGUMENT).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("another process");
        let mut said = BufReader::new(process.stdout.take().expect("a pipe"));
        let address = line(&mut said).parse().expect("an address");
        Self { process, said, address }
    }

    /// How many packets came.
    pub(crate) fn stop(mut self) -> u64 {
        // What was sent last is still in the buffer.
        thread::sleep(Duration::from_millis(50));
        drop(self.process.stdin.take());
        let received = line(&mut self.said).parse().expect("a number");
        let _ = self.process.wait();
        received
    }
}

fn line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).expect("a line");
    line.trim().to_owned()
}
