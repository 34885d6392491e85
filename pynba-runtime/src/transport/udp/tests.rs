//! Real sockets on the loopback.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::Instant;

use super::*;
#[cfg(all(unix, not(pynba_portable)))]
use crate::stats::Kind;

pub(super) const WAIT: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn receiver() -> (UdpSocket, SocketAddr) {
    listening(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap())
}

/// At 127.0.0.2, which is only part of the loopback where somebody has seen to it, as Linux does.
pub(super) fn second_receiver() -> Option<(UdpSocket, SocketAddr)> {
    let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 2), 0))
        .inspect_err(|_| eprintln!("skipped: this machine has no 127.0.0.2"));
    socket.ok().map(listening)
}

/// An address that refuses everything. The socket keeps its port from other tests, and hears one sender only,
/// which is none of ours.
pub(super) fn refusing() -> (UdpSocket, SocketAddr) {
    let (socket, address) = receiver();
    socket.connect((Ipv4Addr::LOCALHOST, 9)).unwrap();
    (socket, address)
}

/// `None` on a machine without IPv6.
pub(super) fn receiver_v6() -> Option<(UdpSocket, SocketAddr)> {
    let socket = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0))
        .inspect_err(|_| eprintln!("skipped: this machine has no IPv6 loopback"));
    socket.ok().map(listening)
}

fn listening(socket: UdpSocket) -> (UdpSocket, SocketAddr) {
    socket.set_read_timeout(Some(WAIT)).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

pub(super) fn received(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = [0; 1024];
    let length = socket.recv(&mut buffer).expect("a datagram");
    buffer[..length].to_vec()
}

pub(super) fn until(condition: impl Fn() -> bool) {
    let end = Instant::now() + WAIT;
    while !condition() {
        assert!(Instant::now() < end, "waited too long");
        thread::sleep(Duration::from_millis(1));
    }
}

fn shared(server: impl std::fmt::Display) -> Arc<UdpServer> {
    UdpServer::shared(&server.to_string(), MINUTE).unwrap()
}

#[test]
fn servers_are_shared_while_they_are_used() {
    let (first, second) = ("127.0.0.1:9", "127.0.0.1:10");
    let one = shared(first);
    assert!(Arc::ptr_eq(&one, &shared(first)));
    assert!(!Arc::ptr_eq(&one, &shared(second)));
}

#[test]
fn sends_over_ipv6() {
    let Some((socket, address)) = receiver_v6() else { return };
    shared(address).send(b"six", &Arc::default()).unwrap();
    assert_eq!(received(&socket), b"six");
}

#[test]
fn the_first_packet_after_a_restart_arrives() {
    let (socket, address) = receiver();
    drop(socket);
    let server = shared(address);
    let counters = Arc::<Counters>::default();
    server.send(b"nobody listens", &counters).unwrap();
    // The refusal is waiting in our socket when the collector is back.
    let Ok(socket) = UdpSocket::bind(address) else {
        eprintln!("skipped: another process took the port meanwhile");
        return;
    };
    socket.set_read_timeout(Some(WAIT)).unwrap();
    server.send(b"first", &counters).unwrap();
    assert_eq!(received(&socket), b"first");
    assert_eq!(counters.snapshot().refused, 1);
    assert_eq!(counters.snapshot().packets, 2, "the system took both");
}

#[test]
#[cfg(all(unix, not(pynba_portable)))]
fn a_packet_larger_than_any_datagram_counts_as_one() {
    let (_socket, address) = receiver();
    let error = shared(address).send(&vec![0; 65_508], &Arc::default()).unwrap_err();
    assert_eq!(Kind::of(&error), Kind::TooLarge, "{error:?}");
}

#[test]
fn an_address_that_nothing_leads_to_is_tried_again() {
    // Nobody may connect to the broadcast address unless he has asked for it before.
    let server = shared("255.255.255.255:9");
    for _ in 0..2 {
        let error = server.send(b"lost", &Arc::default()).unwrap_err();
        assert!(matches!(error, Error::Connect { .. }), "{error:?}");
        assert!(server.fixed.get().is_none());
    }
}
