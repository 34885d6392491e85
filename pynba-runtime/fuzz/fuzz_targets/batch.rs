//! Any lengths of packets: sent many at a time, they all arrive, whole and in their order.
#![no_main]

use std::io::{self, ErrorKind};
use std::net::UdpSocket;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use pynba_runtime::{Background, Reporter, Transport};

/// As many as go into one call.
const MOST: usize = 64;

/// What fits into the buffer of the receiver, where each packet takes as much again as the smallest one.
const ROOM: usize = 120_000;
const SMALLEST: usize = 1_000;

/// The largest datagram.
const LARGEST: usize = 65_507;

const WAIT: Duration = Duration::from_secs(10);

thread_local! {
    static RECEIVER: UdpSocket = {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.set_nonblocking(true).expect("it never waits");
        socket
    };
}

/// Keeps the thread that sends at the first packet until all others are there, so that they are sent together.
struct Gate {
    is_first: AtomicBool,
    reached: Sender<()>,
    open: Mutex<Receiver<()>>,
}

impl Transport for Gate {
    fn send(&self, _: &[u8]) -> io::Result<()> {
        if self.is_first.swap(false, Ordering::Relaxed) {
            let _ = self.reached.send(());
            let _ = self.open.lock().expect("no panic").recv_timeout(WAIT);
        }
        Ok(())
    }
}

/// Each packet has its own content.
fn packet(number: u8, length: usize) -> Vec<u8> {
    (0..length).map(|at| at.to_le_bytes()[0].wrapping_add(number)).collect()
}

/// Runs of packets of a length: two bytes, and how many there are.
fn packets(data: &[u8]) -> Vec<Vec<u8>> {
    let runs = data.chunks_exact(3).flat_map(|run| {
        let length = usize::from(u16::from_le_bytes([run[0], run[1]])).min(LARGEST);
        std::iter::repeat_n(length, usize::from(run[2]).min(MOST))
    });
    let lengths = runs.scan(0, |bytes, length| {
        *bytes += length + SMALLEST;
        (*bytes <= ROOM).then_some(length)
    });
    (1..).zip(lengths.take(MOST)).map(|(number, length)| packet(number, length)).collect()
}

fn receive(socket: &UdpSocket, buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    buffer.resize(LARGEST + 1, 0);
    match socket.recv(buffer) {
        Ok(length) => Some(buffer[..length].to_vec()),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            None
        }
    }
}

fuzz_target!(|data: &[u8]| RECEIVER.with(|socket| {
    let ((reached, at_gate), (opener, open)) = (channel(), channel());
    let gate = Gate { is_first: true.into(), reached, open: open.into() };
    let server = socket.local_addr().expect("an address").to_string();
    let builder = Reporter::builder().transport(gate).server(server).max_datagram(LARGEST);
    let reporter = builder.background(Background::new()).raise_on_fail(true).build().unwrap();
    let mut sent = vec![packet(0, 1)];
    sent.extend(packets(data));
    reporter.send(&sent[0]).unwrap();
    at_gate.recv_timeout(WAIT).expect("the thread has started");
    for packet in &sent[1..] {
        reporter.send(packet).unwrap();
    }
    opener.send(()).expect("the thread waits");
    assert!(reporter.shutdown(WAIT));
    let mut buffer = Vec::new();
    for packet in &sent {
        assert_eq!(receive(socket, &mut buffer).as_ref(), Some(packet));
    }
    assert_eq!(receive(socket, &mut buffer), None);
}));
