//! A million packets over the loopback, as fast as the gate asks for.

use std::net::UdpSocket;
use std::thread;
use std::time::{Duration, Instant};

use pynba_collector::{Collector, CollectorBuilder, Counts, Query, Report};

/// Packets in a second.
const RATE: u32 = 350_000;

const PACKETS: u32 = 1_000_000;

/// In a second: packets that come within 100 µs are sent together.
const BURSTS: u32 = 10_000;

fn listening() -> CollectorBuilder {
    Collector::builder().listen(([127, 0, 0, 1], 0).into())
}

fn connect(collector: &Collector) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.connect(collector.addresses()[0]).expect("a receiver");
    socket
}

/// A collector with a look at its reports each second, as `pynba top` does.
pub(crate) fn receive_a_million(packets: &[Vec<u8>]) {
    let collector = listening().start().expect("a socket");
    let socket = connect(&collector);

    let mut reports: Vec<Report> =
        super::REPORTS.map(|keys| Report::new(Query::new().by(keys.parse().expect("keys")))).into();
    let begin = Instant::now();
    thread::scope(|scope| {
        let sender = scope.spawn(|| send(&socket, packets, (PACKETS, RATE)));
        while !sender.is_finished() {
            thread::sleep(Duration::from_millis(250));
            let snapshot = collector.snapshot();
            for report in &mut reports {
                report.update(&snapshot);
            }
        }
    });
    let took = begin.elapsed();
    let counts = settled(&[&collector])[0];
    let lost = counts.lost.unwrap_or(u64::from(PACKETS) - counts.packets);
    println!("| sent in {:.2} s | {PACKETS} |", took.as_secs_f64());
    println!("| received | {} |", counts.packets);
    println!("| dropped by the kernel, and counted | {lost} |");
    assert_eq!(
        counts.packets + lost,
        u64::from(PACKETS),
        "each packet is received or counted as lost"
    );
    assert_eq!((counts.requests, counts.invalid()), (counts.packets, 0));
}

/// A collector that passes on what comes to another one.
pub(crate) fn pass_on(packets: &[Vec<u8>], rate: u32) {
    let server = listening().start().expect("a socket");
    let collector =
        listening().forward(server.addresses()[0].to_string()).start().expect("a socket");
    let count = rate * 3;
    send(&connect(&collector), packets, (count, rate));
    let [passed, arrived] = settled(&[&collector, &server])[..] else { unreachable!() };
    let lost = |counts: &Counts| counts.lost.unwrap_or(0);
    let row = [
        rate.into(),
        lost(&passed),
        passed.packets,
        passed.not_forwarded(),
        arrived.packets,
        lost(&arrived),
    ];
    println!("| {} |", row.map(|count: u64| count.to_string()).join(" | "));
    assert_eq!(passed.packets + lost(&passed), count.into());
}

/// The counts, when nothing comes any more.
fn settled(collectors: &[&Collector]) -> Vec<Counts> {
    let counts = || collectors.iter().map(|collector| collector.counts()).collect();
    let mut before: Vec<Counts> = counts();
    loop {
        thread::sleep(Duration::from_millis(200));
        let now = counts();
        if now == before {
            return now;
        }
        before = now;
    }
}

/// So many packets, at such a rate a second.
fn send(socket: &UdpSocket, packets: &[Vec<u8>], (count, rate): (u32, u32)) {
    let packets: Vec<&[u8]> = packets.iter().map(Vec::as_slice).collect();
    let burst = rate / BURSTS;
    let begin = Instant::now();
    let mut sent = 0;
    while sent < count {
        let due = Duration::from_secs(1) * sent / rate;
        while begin.elapsed() < due {
            std::hint::spin_loop();
        }
        let first = sent as usize % packets.len();
        let now = burst.min(count - sent);
        let chosen = packets.iter().cycle().skip(first).take(now as usize);
        send_together(socket, &chosen.copied().collect::<Vec<_>>());
        sent += now;
    }
}

#[cfg(target_os = "linux")]
fn send_together(socket: &UdpSocket, packets: &[&[u8]]) {
    use std::io::IoSlice;
    use std::os::fd::AsRawFd;

    use nix::sys::socket::{MsgFlags, MultiHeaders, sendmmsg};

    let mut left = packets;
    while !left.is_empty() {
        let mut headers = MultiHeaders::<()>::preallocate(left.len(), None);
        let slices: Vec<_> = left.iter().map(|packet| [IoSlice::new(packet)]).collect();
        let none: Vec<Option<()>> = vec![None; left.len()];
        let flags = MsgFlags::empty();
        let sent = sendmmsg(socket.as_raw_fd(), &mut headers, &slices, none, [], flags)
            .expect("a send")
            .count();
        left = &left[sent..];
    }
}

#[cfg(not(target_os = "linux"))]
fn send_together(socket: &UdpSocket, packets: &[&[u8]]) {
    for packet in packets {
        socket.send(packet).expect("a send");
    }
}
