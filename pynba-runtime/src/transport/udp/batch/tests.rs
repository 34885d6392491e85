//! Real sockets, and what the kernel says of them.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use proptest::prelude::*;

use super::super::tests::{receiver, receiver_v6, refusing};
use super::linux::UNASKED;
use super::*;

/// A socket as that of a peer.
fn connected(address: SocketAddr) -> UdpSocket {
    let any: SocketAddr = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }.parse().unwrap();
    let socket = UdpSocket::bind(any).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.connect(address).unwrap();
    socket
}

/// So many packets, each of its own content, of these sizes.
fn packets(sizes: &[usize]) -> Vec<Vec<u8>> {
    let content = |(at, size): (usize, &usize)| (at..at + size).map(|it| it.to_le_bytes()[0]);
    sizes.iter().enumerate().map(|it| content(it).collect()).collect()
}

fn received(socket: &UdpSocket, count: usize) -> Vec<Vec<u8>> {
    let mut buffer = vec![0; 70_000];
    let mut receive = || {
        let length = socket.recv(&mut buffer).expect("a datagram");
        buffer[..length].to_vec()
    };
    (0..count).map(|_| receive()).collect()
}

/// Sends all of them; how many the calls took.
fn send(batch: &Batch, socket: &UdpSocket, packets: &[Vec<u8>]) -> Vec<usize> {
    let (mut rest, mut counts) = (packets, Vec::new());
    while !rest.is_empty() {
        let count = batch.send(socket, rest).unwrap();
        assert!(count > 0);
        counts.push(count);
        rest = &rest[count..];
    }
    counts
}

fn arrive(batch: &Batch, sizes: &[usize]) -> Vec<usize> {
    let (receiver, address) = receiver();
    let packets = packets(sizes);
    let counts = send(batch, &connected(address), &packets);
    assert_eq!(received(&receiver, packets.len()), packets);
    counts
}

/// Makes the kernel refuse to join packets: it does not do that for datagrams without a checksum.
#[allow(unsafe_code)]
fn without_checksums(socket: &UdpSocket) {
    let on: libc::c_int = 1;
    let length = libc::socklen_t::try_from(size_of::<libc::c_int>()).unwrap();
    // SAFETY: the descriptor is open, and the kernel reads one `c_int`.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_NO_CHECK,
            (&raw const on).cast(),
            length,
        )
    };
    assert_eq!(done, 0, "{}", io::Error::last_os_error());
}

#[test]
fn packets_of_a_size_go_through_the_kernel_as_one() {
    let (receiver, address) = receiver();
    let socket = connected(address);
    assert!(system::joins(&socket), "Linux has known how since 4.18");
    let packets = packets(&[300; 64]);
    assert_eq!(system::messages(&packets, system::LARGEST), [64]);
    assert_eq!(system::send(&socket, &packets, system::LARGEST).unwrap(), 64);
    assert_eq!(received(&receiver, 64), packets);
}

#[test]
fn only_packets_of_a_size_are_joined_and_the_last_may_be_shorter() {
    let joined = |sizes: &[usize]| system::messages(&packets(sizes), system::LARGEST);
    assert_eq!(joined(&[5, 5, 5]), [3]);
    assert_eq!(joined(&[5, 5, 4, 5]), [3, 1]);
    assert_eq!(joined(&[5, 5, 4, 4]), [3, 1]);
    assert_eq!(joined(&[4, 5, 5]), [1, 2]);
    assert_eq!(joined(&[5, 0, 5]), [1, 1, 1]);
    assert_eq!(joined(&[0, 0]), [1, 1]);
    assert_eq!(joined(&[1; 64]), [64]);
    assert_eq!(joined(&[1; 65]), [64], "what one call takes");
    assert_eq!(joined(&[21_835, 21_835, 21_836, 1]), [2, 2], "65,507 bytes at most");
    assert_eq!(joined(&[21_836, 21_836, 21_835, 1]), [3, 1]);
    assert_eq!(joined(&[30_000, 30_000, 30_000]), [2, 1]);
    assert_eq!(system::messages(&packets(&[5, 5, 6, 6]), 5), [2, 1, 1]);
    assert_eq!(system::messages(&packets(&[5, 5, 5]), 0), [1, 1, 1]);
}

#[test]
fn more_than_one_call_takes_are_sent_by_several() {
    assert_eq!(arrive(&Batch::new(), &[100; 130]), [64, 64, 2]);
    let sizes: Vec<_> = (0..100).collect();
    assert_eq!(arrive(&Batch::new(), &sizes), [64, 36]);
}

#[test]
fn a_kernel_that_joins_nothing_gets_them_one_by_one_in_one_call() {
    let (receiver, address) = receiver();
    let socket = connected(address);
    let batch = Batch::new();
    without_checksums(&socket);
    for (size, known) in [(1400, 1232), (1300, 1232), (600, 0), (500, 0)] {
        let packets = packets(&[size; 40]);
        assert_eq!(send(&batch, &socket, &packets), [40], "size {size}");
        assert_eq!(received(&receiver, 40), packets);
        assert_eq!(batch.known(), known, "size {size}");
    }
}

#[test]
fn packets_that_cannot_be_joined_are_no_refusal() {
    let (receiver, address) = receiver();
    let socket = connected(address);
    without_checksums(&socket);
    for sizes in [[10, 1300, 1300], [10, 600, 600], [10, 500, 500]] {
        let batch = Batch::new();
        for _ in 0..3 {
            let packets = packets(&sizes);
            send(&batch, &socket, &packets);
            assert_eq!(received(&receiver, 3), packets);
        }
    }
}

#[test]
fn a_kernel_that_has_never_heard_of_joining_is_not_asked_to() {
    let batch = Batch::new();
    assert_eq!(batch.known(), UNASKED);
    arrive(&batch, &[1, 1]);
    assert_eq!(batch.known(), system::LARGEST, "this one has");
}

#[test]
fn joined_packets_go_over_ipv6() {
    let Some((receiver, address)) = receiver_v6() else { return };
    let packets = packets(&[1000; 64]);
    assert_eq!(send(&Batch::new(), &connected(address), &packets), [64]);
    assert_eq!(received(&receiver, 64), packets);
}

/// All calls until each packet was taken: those that were taken, and those that told of a refusal.
fn refused(packets: &[Vec<u8>]) -> (usize, usize) {
    let (_refusing, address) = refusing();
    let (batch, socket) = (Batch::new(), connected(address));
    let (mut rest, mut refused) = (packets, 0);
    while !rest.is_empty() {
        match batch.send(&socket, rest) {
            Ok(count) => rest = &rest[count..],
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
                refused += 1;
            }
        }
        assert!(refused <= packets.len(), "a refusal is told of once");
    }
    (packets.len(), refused)
}

#[test]
fn a_refusal_is_told_of_though_the_kernel_keeps_it_to_itself() {
    // The kernel says so itself, at the beginning of each call.
    let (_, told) = refused(&packets(&[100; 640]));
    assert!(told >= 8, "{told} of 9");
    // Each packet is a message of its own, and the second one of a call meets the answer to the first.
    let sizes: Vec<_> = (100..130).collect();
    let (sent, told) = refused(&packets(&sizes));
    assert!(told >= sent / 3, "{told} of {sent}");
}

#[test]
fn an_error_of_a_packets_own_is_told_with_it_and_is_no_refusal() {
    let (receiver, address) = receiver();
    let (batch, socket) = (Batch::new(), connected(address));
    let packets = packets(&[10, 65_508, 20, 30]);
    assert_eq!(batch.send(&socket, &packets).unwrap(), 1);
    let error = batch.send(&socket, &packets[1..]).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
    assert_eq!(batch.send(&socket, &packets[2..]).unwrap(), 2);
    assert_eq!(batch.send(&socket, &packets[..1]).unwrap(), 1);
    let lengths = received(&receiver, 4).iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(lengths, [10, 20, 30, 10]);
}

#[test]
fn a_socket_with_room_is_not_waited_for() {
    let (_receiver, address) = receiver();
    let socket = connected(address);
    let at_once = |_| {
        let start = std::time::Instant::now();
        Batch::wait(&socket) && start.elapsed() < PATIENCE
    };
    assert!((0..20).any(at_once), "a machine that is busy may take longer once, not always");
}

/// Sizes as requests have them: often the same several times, sometimes anything.
fn sizes() -> impl Strategy<Value = Vec<usize>> {
    let size = prop_oneof![4 => 0_usize..4, 4 => 500_usize..510, 1 => 0_usize..3000];
    let runs = (size, 1_usize..40).prop_map(|(size, count)| vec![size; count]);
    prop::collection::vec(runs, 1..12).prop_map(|runs| runs.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_sent_arrives_unchanged_and_in_order(
        sizes in sizes(),
        up_to in prop_oneof![Just(system::LARGEST), Just(0), 1_usize..600],
    ) {
        let (receiver, address) = receiver();
        let socket = connected(address);
        let packets = packets(&sizes);
        let mut rest = &packets[..];
        while !rest.is_empty() {
            // No more than fit into the receiver's buffer.
            let ends = rest.iter().scan(0, |bytes, packet| {
                *bytes += packet.len();
                Some(*bytes)
            });
            let count = ends.take_while(|bytes| *bytes < 40_000).count();
            let sent = system::send(&socket, &rest[..count], up_to).unwrap();
            prop_assert_eq!(sent, count.min(system::MOST), "all of them, in one call");
            prop_assert_eq!(received(&receiver, sent), &rest[..sent]);
            rest = &rest[sent..];
        }
    }
}
