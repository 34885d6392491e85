//! A resolver that the test controls, and a clock that it passes: no test waits for an interval.

use std::net::UdpSocket;
use std::sync::atomic::AtomicUsize;
use std::sync::{Barrier, mpsc};

use super::super::tests::{
    WAIT, received, receiver, receiver_v6, refusing, second_receiver, until,
};
use super::*;
use crate::address::Address;
use crate::stats::OnError;

const MINUTE: Duration = Duration::from_secs(60);
const TARGET: (&str, u16) = ("pinba.test", 30002);

type Answer = io::Result<Vec<SocketAddr>>;

/// A server by host name whose resolver gives what the test wrote last.
struct Named {
    server: Arc<UdpServer>,
    answer: Arc<Mutex<Box<dyn Fn() -> Answer + Send>>>,
    lookups: Arc<AtomicUsize>,
    counters: Arc<Counters>,
}

impl Named {
    fn answers(answer: impl Fn() -> Answer + Send + 'static) -> Self {
        let answer: Arc<Mutex<Box<dyn Fn() -> Answer + Send>>> =
            Arc::new(Mutex::new(Box::new(answer)));
        let lookups = Arc::new(AtomicUsize::new(0));
        let (answers, counting) = (Arc::clone(&answer), Arc::clone(&lookups));
        let resolver: Resolver = Box::new(move |host, port| {
            assert_eq!((host, port), TARGET);
            counting.fetch_add(1, Ordering::SeqCst);
            lock(&answers)()
        });
        let address = Address::Name { host: TARGET.0.to_owned(), port: TARGET.1 };
        let server = Arc::new(UdpServer::new("pinba.test:30002", address, MINUTE, resolver));
        Self { server, answer, lookups, counters: Arc::default() }
    }

    fn at(addresses: &[SocketAddr]) -> Self {
        let addresses = addresses.to_vec();
        Self::answers(move || Ok(addresses.clone()))
    }

    fn now_answers(&self, answer: impl Fn() -> Answer + Send + 'static) {
        *lock(&self.answer) = Box::new(answer);
    }

    fn now_at(&self, addresses: &[SocketAddr]) {
        let addresses = addresses.to_vec();
        self.now_answers(move || Ok(addresses.clone()));
    }

    /// Sends so many seconds after the server was made.
    fn send(&self, second: u64, packet: &[u8]) -> Result<(), Error> {
        self.server.send_by_name(TARGET, packet, &self.counters, second * 1000)
    }

    /// Sends, receives there, and waits for the look-up if the packet began one.
    fn arrives(&self, second: u64, socket: &UdpSocket) {
        let packet = format!("second {second}");
        self.send(second, packet.as_bytes()).unwrap();
        assert_eq!(received(socket), packet.as_bytes());
        self.is_idle();
    }

    /// Sends until somebody refuses, which the last of the packets gets to know.
    fn refused(&self, second: u64, packet: &[u8]) {
        let before = self.counters.snapshot().refused;
        until(|| {
            self.send(second, packet).unwrap();
            self.counters.snapshot().refused > before
        });
        self.is_idle();
    }

    fn is_idle(&self) {
        until(|| !matches!(lock(&self.server.lookups.progress).state, State::Running));
    }

    fn lookups(&self) -> usize {
        self.lookups.load(Ordering::SeqCst)
    }
}

/// An answer that comes when the sender is dropped.
fn hanging(addresses: Vec<SocketAddr>) -> (mpsc::Sender<()>, impl Fn() -> Answer + Send) {
    let (release, hanging) = mpsc::channel();
    let answer = move || {
        let _ = hanging.recv_timeout(WAIT);
        Ok(addresses.clone())
    };
    (release, answer)
}

fn failing() -> Answer {
    Err(ErrorKind::NotFound.into())
}

#[test]
fn the_first_packet_arrives_and_the_name_is_resolved_once_in_an_interval() {
    let (socket, address) = receiver();
    let named = Named::at(&[address]);
    for (second, lookups) in [(7, 1), (8, 1), (66, 1), (67, 2), (68, 2), (126, 2), (1000, 3)] {
        named.arrives(second, &socket);
        assert_eq!(named.lookups(), lookups, "second {second}");
    }
    let stats = named.counters.snapshot();
    assert_eq!((stats.packets, stats.resolve_failures), (7, 0));
}

#[test]
fn the_servers_own_clock_goes() {
    let (_socket, address) = receiver();
    let named = Named::at(&[address]);
    named.server.send(b"", &named.counters).unwrap();
    named.is_idle();
    let before = named.server.lookups.now();
    thread::sleep(Duration::from_millis(5));
    assert!((5..60_000).contains(&(named.server.lookups.now() - before)));
    named.server.lookups.interval.store(1, Ordering::Relaxed);
    named.server.send(b"", &named.counters).unwrap();
    until(|| named.lookups() == 2);
}

#[test]
fn a_server_that_moves_is_followed() {
    let ((old, old_address), (new, new_address)) = (receiver(), receiver());
    let named = Named::at(&[old_address]);
    named.arrives(0, &old);
    named.now_at(&[new_address]);
    named.arrives(59, &old);
    // It begins the look-up and does not wait for it.
    named.arrives(60, &old);
    named.arrives(61, &new);
    named.now_at(&[old_address]);
    named.arrives(120, &new);
    named.arrives(121, &old);
    assert_eq!(named.counters.snapshot().resolve_failures, 0);
}

#[test]
fn a_server_that_moves_to_ipv6_is_followed_there_and_back() {
    let Some((new, new_address)) = receiver_v6() else { return };
    let (old, old_address) = receiver();
    let named = Named::at(&[old_address]);
    named.arrives(0, &old);
    named.now_at(&[new_address]);
    named.arrives(60, &old);
    named.arrives(61, &new);
    named.now_at(&[old_address]);
    named.arrives(121, &new);
    named.arrives(122, &old);
}

#[test]
fn a_refusal_by_the_old_address_is_not_the_new_ones() {
    let ((old, old_address), (new, new_address)) = (receiver(), receiver());
    let named = Named::at(&[old_address]);
    named.arrives(0, &old);
    drop(old);
    named.now_at(&[new_address]);
    named.send(60, b"refused").unwrap();
    named.is_idle();
    named.arrives(61, &new);
    assert_eq!(named.counters.snapshot().refused, 0);
}

#[test]
fn answers_in_turns_change_nothing() {
    let ((one, first), (other, second)) = (receiver(), receiver());
    let named = Named::at(&[first, second]);
    named.arrives(0, &one);
    named.now_at(&[second, first]);
    named.arrives(60, &one);
    named.arrives(61, &one);
    named.now_at(&[second]);
    named.arrives(120, &one);
    named.arrives(121, &other);
}

#[test]
fn ipv4_addresses_come_first_in_the_resolvers_order() {
    let address = |ip: &str| SocketAddr::new(ip.parse().unwrap(), 30002);
    let answer = ["::1", "127.0.0.2", "::ffff:127.0.0.1", "127.0.0.1", "fe80::1", "127.0.0.2"];
    let sorted = ["127.0.0.2", "127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1", "fe80::1"];
    assert_eq!(ipv4_first(&answer.map(address)[..]).unwrap(), sorted.map(address));
}

#[test]
fn the_systems_resolver_is_asked() {
    assert_eq!(resolve("127.0.0.2", 7).unwrap(), [SocketAddr::from(([127, 0, 0, 2], 7))]);
    // Its length is one that no resolver looks for.
    assert!(resolve(&"pinba".repeat(100), 7).is_err());
}

#[test]
fn an_address_that_refuses_is_left_for_the_next_one_until_the_next_look_up() {
    let (_refusing, first) = refusing();
    let Some((socket, second)) = second_receiver() else { return };
    let named = Named::at(&[first, second]);
    named.refused(0, b"second attempt");
    assert_eq!(received(&socket), b"second attempt");
    named.arrives(0, &socket);
    // It begins the look-up, which leads back to where nobody listens.
    named.arrives(60, &socket);
    named.refused(61, b"found nobody");
    assert_eq!(received(&socket), b"found nobody");
    let stats = named.counters.snapshot();
    assert_eq!((stats.refused, stats.failed, named.lookups()), (2, 0, 2));
}

#[test]
fn packets_that_wait_for_the_first_look_up_leave_an_address_that_refuses_too() {
    let arrives = |_| {
        let ((_refusing, first), (socket, second)) = (refusing(), receiver());
        let (release, answer) = hanging(vec![first, second]);
        let named = Named::answers(answer);
        for _ in 0..QUEUE_LENGTH {
            named.send(0, b"queued").unwrap();
        }
        drop(release);
        named.is_idle();
        socket.set_nonblocking(true).unwrap();
        socket.recv(&mut [0; 6]).is_ok()
    };
    assert!((0..20).any(arrives), "a refusal may come after the last of them once, not always");
}

#[test]
fn who_is_told_of_a_refusal_may_send() {
    let ((_refusing, first), (socket, second)) = (refusing(), receiver());
    let mut named = Named::at(&[first, second]);
    let server = Arc::clone(&named.server);
    let told = move |error: &Error| {
        assert_eq!(Kind::of(error), Kind::Refused);
        server.send_by_name(TARGET, b"told", &Arc::default(), 0).unwrap();
    };
    named.counters = Arc::new(Counters::new(OnError(Some(Arc::new(told)))));
    named.refused(0, b"second attempt");
    assert_eq!(received(&socket), b"told");
    assert_eq!(received(&socket), b"second attempt");
}

#[test]
fn a_look_up_that_fails_keeps_the_address_and_is_counted() {
    let ((old, old_address), (new, new_address)) = (receiver(), receiver());
    let named = Named::at(&[old_address]);
    named.arrives(0, &old);
    let unreachable: SocketAddr = "255.255.255.255:9".parse().unwrap();
    let nothing: [fn(SocketAddr) -> Answer; 3] =
        [|_| failing(), |_| Ok(vec![]), |unreachable| Ok(vec![unreachable])];
    for (failures, answer) in (1..).zip(nothing) {
        named.now_answers(move || answer(unreachable));
        named.arrives(60 * failures, &old);
        until(|| named.counters.snapshot().resolve_failures == failures);
        named.arrives(60 * failures + 59, &old);
    }
    named.now_at(&[new_address]);
    named.arrives(300, &old);
    named.arrives(301, &new);
    let stats = named.counters.snapshot();
    assert_eq!((stats.resolve_failures, stats.unresolved), (3, 0));
}

#[test]
fn a_packet_that_comes_as_the_address_is_found_is_not_left_behind() {
    let (socket, address) = receiver();
    let named = Named::at(&[address]);
    named.arrives(0, &socket);
    // It has seen that there is no address before there was one.
    named.server.enqueue(TARGET, b"late", &named.counters, 0).unwrap();
    assert_eq!(received(&socket), b"late");
    assert_eq!(named.lookups(), 1);
}

#[test]
fn a_look_up_that_hangs_delays_nobody_and_is_the_only_one() {
    let ((old, old_address), (new, new_address)) = (receiver(), receiver());
    let named = Named::at(&[old_address]);
    named.arrives(0, &old);
    let (release, answer) = hanging(vec![new_address]);
    named.now_answers(answer);
    // Sent and received one by one on this thread, while the resolver waits for it.
    for second in 60..=200 {
        named.send(second, b"old").unwrap();
        assert_eq!(received(&old), b"old");
    }
    until(|| named.lookups() == 2);
    assert_eq!(named.counters.snapshot().resolve_failures, 2, "missed at 120 and at 180");
    drop(release);
    named.is_idle();
    named.arrives(201, &new);
    named.arrives(240, &new);
    assert_eq!((named.lookups(), named.counters.snapshot().resolve_failures), (3, 2));
}

#[test]
fn of_many_threads_one_looks_up() {
    const THREADS: usize = 8;
    let (socket, address) = receiver();
    let named = Named::at(&[address]);
    named.arrives(0, &socket);
    for round in 1..=50 {
        let barrier = Barrier::new(THREADS);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    barrier.wait();
                    named.send(60 * round, b"").unwrap();
                });
            }
        });
        named.is_idle();
        assert_eq!(named.lookups() as u64, 1 + round);
    }
    assert_eq!(named.counters.snapshot().resolve_failures, 0);
}

#[test]
fn a_thread_that_comes_late_neither_waits_nor_looks_up() {
    let (socket, address) = receiver();
    let named = Named::at(&[address]);
    named.arrives(0, &socket);
    let (done, returned) = mpsc::channel();
    thread::scope(|scope| {
        let busy = lock(&named.server.lookups.progress);
        scope.spawn(|| done.send(named.send(60, b"")));
        returned.recv_timeout(WAIT).expect("it does not wait").unwrap();
        drop(busy);
    });
    assert_eq!(received(&socket), b"");
    assert_eq!(named.lookups(), 1, "another thread was about to");

    named.arrives(61, &socket);
    // It has found the look-up due before that one began.
    named.server.look_up_again(TARGET, &named.counters, 60_000);
    named.is_idle();
    assert_eq!((named.lookups(), named.counters.snapshot().resolve_failures), (2, 0));
}

#[test]
fn the_shortest_interval_holds_and_none_is_below_a_second() {
    let shared = |interval| UdpServer::shared("intervals.test:1", interval).unwrap();
    let server = shared(Duration::MAX);
    let lookups = &server.lookups;
    assert!(!lookups.is_due(u64::MAX - 1), "never");
    for (asked, held) in [(90, 90), (30, 30), (60, 30), (0, 1)] {
        shared(Duration::from_secs(asked));
        assert!(!lookups.is_due(held * 1000 - 1), "{asked}");
        assert!(lookups.is_due(held * 1000), "{asked}");
    }
    drop(server);
    let server = shared(Duration::from_millis(1));
    assert!(!server.lookups.is_due(999), "also when it is the first");
    assert!(server.lookups.is_due(1000));
}

#[test]
fn a_program_that_sends_one_packet_and_ends_gets_it_out() {
    let (_socket, address) = receiver();
    let gets_it_out = |_| {
        let named = Named::answers(move || {
            thread::sleep(FIRST_LOOKUP_PATIENCE / 10);
            Ok(vec![address])
        });
        let start = Instant::now();
        named.send(0, b"only").unwrap();
        // As soon as it is out, and not when patience is at an end.
        named.counters.snapshot().packets == 1 && start.elapsed() < FIRST_LOOKUP_PATIENCE
    };
    assert!((0..20).any(gets_it_out), "a machine that is busy may take longer once, not always");
}

#[test]
fn a_first_look_up_that_hangs_delays_nobody_for_long_and_loses_nothing_it_can_keep() {
    let (socket, address) = receiver();
    let (release, answer) = hanging(vec![address]);
    let named = Named::answers(answer);
    // Only the first one waits, and it returns although the resolver still hangs.
    named.send(0, b"0").unwrap();
    for _ in 1..QUEUE_LENGTH {
        named.send(1, b"queued").unwrap();
    }
    for second in [59, 60, 61] {
        let error = named.send(second, b"too many").unwrap_err();
        assert_eq!(Kind::of(&error), Kind::Unresolved);
    }
    let stats = named.counters.snapshot();
    assert_eq!((stats.packets, stats.resolve_failures, named.lookups()), (0, 1, 1));

    drop(release);
    assert_eq!(received(&socket), b"0");
    for _ in 1..QUEUE_LENGTH {
        assert_eq!(received(&socket), b"queued");
    }
    until(|| named.counters.snapshot().packets == QUEUE_LENGTH as u64);
}

#[test]
fn a_first_look_up_that_fails_is_counted_and_tried_again_after_a_pause() {
    let (socket, address) = receiver();
    let named = Named::answers(failing);
    named.send(5, b"lost").unwrap();
    until(|| named.counters.snapshot().unresolved == 1);
    assert_eq!(named.counters.snapshot().resolve_failures, 1);
    let error = named.send(5, b"too early").unwrap_err();
    assert!(
        matches!(&error, Error::Resolve { source, .. } if source.kind() == ErrorKind::NotFound)
    );
    assert_eq!(named.lookups(), 1);

    named.now_at(&[address]);
    named.arrives(6, &socket);
    assert_eq!(named.lookups(), 2);
}
