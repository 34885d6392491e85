//! A million packets over the loopback, as fast as the gate asks for.

use std::net::UdpSocket;
use std::thread;
use std::time::{Duration, Instant};

use pynba_collector::{Collector, Query, Report};

/// Packets in a second.
const RATE: u32 = 350_000;

const PACKETS: u32 = 1_000_000;

/// Packets that are sent together: in 100 µs at that rate.
const BURST: u32 = RATE / 10_000;

/// A collector with a look at its reports each second, as `pynba top` does.
pub(crate) fn receive_a_million(packets: &[Vec<u8>]) {
    let collector =
        Collector::builder().listen(([127, 0, 0, 1], 0).into()).start().expect("a socket");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.connect(collector.addresses()[0]).expect("a receiver");

    let mut reports: Vec<Report> =
        super::REPORTS.map(|keys| Report::new(Query::new().by(keys.parse().expect("keys")))).into();
    let begin = Instant::now();
    thread::scope(|scope| {
        let sender = scope.spawn(|| send(&socket, packets, begin));
        while !sender.is_finished() {
            thread::sleep(Duration::from_millis(250));
            let snapshot = collector.snapshot();
            for report in &mut reports {
                report.update(&snapshot);
            }
        }
    });
    let took = begin.elapsed();
    let counts = settled(&collector);
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

/// The counts, when nothing comes any more.
fn settled(collector: &Collector) -> pynba_collector::Counts {
    let mut counts = collector.counts();
    loop {
        thread::sleep(Duration::from_millis(200));
        let now = collector.counts();
        if now == counts {
            return now;
        }
        counts = now;
    }
}

fn send(socket: &UdpSocket, packets: &[Vec<u8>], begin: Instant) {
    let packets: Vec<&[u8]> = packets.iter().map(Vec::as_slice).collect();
    let mut due = Duration::ZERO;
    for burst in 0..PACKETS / BURST {
        while begin.elapsed() < due {
            std::hint::spin_loop();
        }
        due += Duration::from_secs(1) * BURST / RATE;
        let first = (burst * BURST) as usize % packets.len();
        let chosen = packets.iter().cycle().skip(first).take(BURST as usize);
        send_together(socket, &chosen.copied().collect::<Vec<_>>());
    }
    let left = PACKETS % BURST;
    send_together(socket, &packets[..left as usize]);
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
