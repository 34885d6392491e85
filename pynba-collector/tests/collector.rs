//! Collectors on the loopback, with good and bad clients.

mod packets;

use std::net::{Ipv6Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use pynba_collector::packet::Invalid;
use pynba_collector::{Collector, Counts, Limits, Query, Report, StartError};
use pynba_runtime::proto::{Message, Request};
use pynba_runtime::{Reporter, Tags};

use self::packets::{packet, request};

const LOOPBACK: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

fn collector() -> Collector {
    Collector::builder().listen(LOOPBACK.into()).start().expect("a socket")
}

fn client(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind((server.ip(), 0)).expect("a socket");
    socket.connect(server).expect("a server");
    socket
}

/// The counts once they are as they should be, or whatever they are in the end.
fn counts(collector: &Collector, are_right: impl Fn(&Counts) -> bool) -> Counts {
    let begin = Instant::now();
    loop {
        let counts = collector.counts();
        if are_right(&counts) || begin.elapsed() > Duration::from_secs(10) {
            return counts;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_pynba_sends_is_in_the_report() {
    let collector = collector();
    let reporter =
        Reporter::builder().server(collector.addresses()[0].to_string()).build().unwrap();
    for status in [200, 200, 503] {
        let request = reporter.open("/users/{id}");
        pynba_runtime::current().set_status(status);
        pynba_runtime::current().add_timer(
            Tags::new().with("group", "db"),
            Duration::from_millis(20),
            4,
        );
        drop(request);
    }
    let counted = counts(&collector, |counts| counts.packets == 3);
    assert_eq!((counted.packets, counted.requests, counted.invalid()), (3, 3, 0));

    let snapshot = collector.snapshot();
    let report = Report::over(Query::new().by("script,@group".parse().unwrap()), &snapshot);
    let rows: Vec<_> = report.rows().collect();
    assert!(rows.len() == 1 && rows[0].key().eq(["/users/{id}", "db"]));
    assert_eq!((rows[0].requests(), rows[0].hits(), rows[0].errors()), (3, 12, 1));
    assert_eq!(rows[0].time().as_millis(), 60);
    let median = rows[0].quantile(0.5).as_secs_f64();
    assert!((median / 0.005 - 1.0).abs() < 0.01, "{median}");
}

#[test]
fn nothing_that_is_sent_stops_it() {
    let collector = collector();
    let client = client(collector.addresses()[0]);
    let good = packet("/good");
    // Cut anywhere, with any byte changed, and what is none at all.
    let mut bad: Vec<Vec<u8>> = (0..good.len()).map(|length| good[..length].to_vec()).collect();
    bad.extend((0..good.len()).map(|at| {
        let mut changed = good.clone();
        changed[at] ^= 0xff;
        changed
    }));
    bad.extend([
        vec![0xff; 65_000],
        vec![0; 65_507],
        vec![0x0a; 40_000],
        b"GET / HTTP/1.1".to_vec(),
    ]);
    let nested = |inner, _| Request { requests: vec![inner], ..request("/nested") };
    bad.push((0..200).fold(request("/innermost"), nested).encode_to_vec());

    for packet in &bad {
        client.send(packet).unwrap();
        // Slower than the smallest receive buffer loses.
        if packet.len() > 1000 {
            thread::sleep(Duration::from_millis(1));
        }
    }
    client.send(&good).unwrap();
    let sent = bad.len() as u64 + 1;
    let counted = counts(&collector, |counts| counts.packets + counts.lost.unwrap_or(0) >= sent);
    assert_eq!(counted.packets + counted.lost.unwrap_or(0), sent);
    assert!(counted.invalid() > good.len() as u64, "{counted:?}");
    let by_reason: u64 = counted.reasons().map(|(_, count)| count).sum();
    assert_eq!(by_reason, counted.invalid());
    let reasons: Vec<Invalid> = counted.reasons().map(|(reason, _)| reason).collect();
    for expected in [Invalid::Empty, Invalid::Truncated, Invalid::TooDeep, Invalid::MissingField] {
        assert!(reasons.contains(&expected), "{reasons:?}");
    }
    let snapshot = collector.snapshot();
    assert_eq!(snapshot.requests().next_back().unwrap().script_name(), "/good");
}

#[test]
fn several_addresses_of_either_kind() {
    let six: SocketAddr = (Ipv6Addr::LOCALHOST, 0).into();
    let with_six = Collector::builder().listen_at_all([LOOPBACK.into(), six]).start();
    let collector = with_six.unwrap_or_else(|error| {
        println!("without IPv6: {error}");
        Collector::builder().listen(LOOPBACK.into()).listen(LOOPBACK.into()).start().unwrap()
    });
    let [one, other] = collector.addresses() else { panic!("{collector:?}") };
    assert!(one.port() == other.port() || other.is_ipv4(), "{one}, {other}");
    for address in collector.addresses() {
        client(*address).send(&packet(&address.to_string())).unwrap();
    }
    counts(&collector, |counts| counts.packets == 2);
    let mut scripts: Vec<String> =
        collector.snapshot().requests().map(|request| request.script_name().to_string()).collect();
    let mut expected: Vec<String> =
        collector.addresses().iter().map(SocketAddr::to_string).collect();
    scripts.sort();
    expected.sort();
    assert_eq!(scripts, expected);
}

#[test]
fn snapshots_are_taken_while_packets_arrive() {
    const PACKETS: u64 = 20_000;

    let collector = Collector::builder().listen(LOOPBACK.into());
    let collector = collector.limits(Limits::default().memory(1_000_000)).start().unwrap();
    let address = collector.addresses()[0];
    let sender = thread::spawn(move || {
        let client = client(address);
        for number in 0..PACKETS {
            client.send(&packet(&format!("/{}", number % 100))).unwrap();
            if number % 50 == 0 {
                thread::sleep(Duration::from_micros(500));
            }
        }
    });
    let mut report = Report::new(Query::new().by("script".parse().unwrap()));
    let (mut seen, mut next) = (0, 0);
    let is_all = |counts: &Counts| {
        counts.packets + counts.lost.unwrap_or(PACKETS - counts.packets) == PACKETS
    };
    while !sender.is_finished() || !is_all(&collector.counts()) || next < collector.counts().packets
    {
        let snapshot = collector.snapshot();
        report.update(&snapshot);
        assert_eq!(report.total().requests(), snapshot.len() as u64);
        // One after the other, without a gap but for what had to leave.
        for request in snapshot.requests_from(next) {
            assert!(request.id() >= next);
            next = request.id() + 1;
            seen += 1;
        }
    }
    sender.join().unwrap();
    let counts = collector.counts();
    let kept = collector.snapshot().kept();
    assert_eq!((kept.came, next), (counts.packets, counts.packets));
    assert!(seen <= next && seen + kept.pushed_out >= next, "{seen} of {next}, {kept:?}");
}

#[test]
fn dropped_it_is_gone() {
    let collector = collector();
    let address = collector.addresses()[0];
    let begin = Instant::now();
    drop(collector);
    assert!(begin.elapsed() < Duration::from_secs(5));
    UdpSocket::bind(address).expect("the port is free again");
}

#[test]
fn what_the_kernel_has_at_the_end_is_taken_in() {
    let mut collector = collector();
    let client = client(collector.addresses()[0]);
    for number in 0..2000 {
        client.send(&packet(&format!("/{number}"))).unwrap();
    }
    collector.stop();
    let counted = collector.counts();
    assert_eq!(
        counted.packets + counted.lost.unwrap_or(2000 - counted.packets),
        2000,
        "{counted:?}"
    );
    assert_eq!(collector.snapshot().len() as u64, counted.packets);
    // The port is free again, and the counts stay.
    UdpSocket::bind(collector.addresses()[0]).expect("the port");
    assert_eq!(collector.counts(), counted);
}

#[test]
fn it_does_not_forward_to_itself() {
    // The port is free, unless somebody else gets it just then.
    let refused = (0..10).find_map(|_| {
        let address = collector().addresses()[0];
        let started = Collector::builder().listen(address).forward(address.to_string()).start();
        let error = started.expect_err("it would never end");
        (!matches!(error, StartError::Bind(_))).then(|| (error.to_string(), address))
    });
    let (error, address) = refused.expect("a free port");
    assert_eq!(error, format!("cannot forward to {address}: it is received here"));
}
