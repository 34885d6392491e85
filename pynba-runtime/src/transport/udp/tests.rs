//! Real sockets on the loopback, and a resolver that the test controls.

use std::sync::mpsc;
use std::thread;

use super::*;

const WAIT: Duration = Duration::from_secs(10);

fn receiver() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(WAIT)).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

fn received(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = [0; 1024];
    let length = socket.recv(&mut buffer).expect("a datagram");
    buffer[..length].to_vec()
}

fn named(resolver: Resolver) -> Arc<UdpServer> {
    let address = Address::Name { host: "pinba.test".to_owned(), port: 30002 };
    Arc::new(UdpServer::new("pinba.test:30002", address, resolver))
}

fn until(condition: impl Fn() -> bool) {
    let end = Instant::now() + WAIT;
    while !condition() {
        assert!(Instant::now() < end, "waited too long");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn servers_are_shared_while_they_are_used() {
    let (first, second) = ("127.0.0.1:9", "127.0.0.1:10");
    let one = UdpServer::shared(first).unwrap();
    assert!(Arc::ptr_eq(&one, &UdpServer::shared(first).unwrap()));
    assert!(!Arc::ptr_eq(&one, &UdpServer::shared(second).unwrap()));
}

#[test]
fn sends_over_ipv6() {
    let Ok(socket) = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)) else {
        eprintln!("skipped: this machine has no IPv6 loopback");
        return;
    };
    socket.set_read_timeout(Some(WAIT)).unwrap();
    let server = UdpServer::shared(&socket.local_addr().unwrap().to_string()).unwrap();
    server.send(b"six", &Arc::default()).unwrap();
    assert_eq!(received(&socket), b"six");
}

#[test]
fn the_first_packet_after_a_restart_arrives() {
    let (socket, address) = receiver();
    drop(socket);
    let server = UdpServer::shared(&address.to_string()).unwrap();
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
fn a_host_name_is_resolved_once_and_the_first_packet_arrives() {
    let (socket, address) = receiver();
    let lookups = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&lookups);
    let server = named(Box::new(move |host, port| {
        seen.lock().unwrap().push((host.to_owned(), port));
        Ok(vec![address])
    }));
    let counters = Arc::<Counters>::default();
    for packet in [b"one", b"two", b"tri"] {
        server.send(packet, &counters).unwrap();
        assert_eq!(received(&socket), packet);
    }
    assert_eq!(*lookups.lock().unwrap(), [("pinba.test".to_owned(), 30002)]);
    assert_eq!(counters.snapshot().packets, 3);
}

#[test]
fn a_resolver_that_hangs_delays_nobody_for_long_and_loses_nothing_it_can_keep() {
    let (socket, address) = receiver();
    let (release, hanging) = mpsc::channel::<()>();
    let hanging = Mutex::new(hanging);
    let server = named(Box::new(move |_, _| {
        let _ = hanging.lock().unwrap().recv_timeout(WAIT);
        Ok(vec![address])
    }));
    let counters = Arc::<Counters>::default();
    // Only the first one waits, and it returns although the resolver still hangs.
    server.send(b"0", &counters).unwrap();
    for _ in 1..QUEUE_LENGTH {
        server.send(b"queued", &counters).unwrap();
    }
    let error = server.send(b"too many", &counters).unwrap_err();
    assert_eq!(Kind::of(&error), Kind::Unresolved);
    assert_eq!(counters.snapshot().packets, 0);

    release.send(()).unwrap();
    assert_eq!(received(&socket), b"0");
    for _ in 1..QUEUE_LENGTH {
        assert_eq!(received(&socket), b"queued");
    }
    until(|| counters.snapshot().packets == QUEUE_LENGTH as u64);
}

#[test]
fn a_resolver_that_fails_is_counted_and_asked_again_later() {
    let (socket, address) = receiver();
    let answers = Mutex::new(vec![Ok(vec![address]), Err(ErrorKind::NotFound.into())]);
    let server = named(Box::new(move |_, _| answers.lock().unwrap().pop().unwrap()));
    let counters = Arc::<Counters>::default();
    server.send(b"lost", &counters).unwrap();
    until(|| counters.snapshot().unresolved == 1);
    let error = server.send(b"too early", &counters).unwrap_err();
    assert!(
        matches!(&error, Error::Resolve { source, .. } if source.kind() == ErrorKind::NotFound)
    );

    lock(&server.lookup).state =
        LookupState::Failed { again: Instant::now(), kind: ErrorKind::NotFound };
    server.send(b"found", &counters).unwrap();
    assert_eq!(received(&socket), b"found");
}

#[test]
fn a_name_without_an_address_is_an_error() {
    assert_eq!(connect_any(&[]).unwrap_err().kind(), ErrorKind::NotFound);
}
