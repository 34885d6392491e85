//! What it costs to take in a packet: `cargo bench -p pynba-collector`
//!
//! The packets are those of requests with ten timers of two tags each, 552 bytes, of 20 scripts on 4 hosts. Everything is
//! measured on one thread, in the same run; the last part also receives them from a socket of the loopback.

mod shop;

use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime};

use pynba_collector::packet::Decoder;
use pynba_collector::{Limits, Query, Report, Store};
use pynba_runtime::proto::{Message as _, Request};

/// Each figure is the median of so many rounds, which take turns.
const ROUNDS: usize = 9;

/// Packets of a round.
const PACKETS: usize = 100_000;

fn main() {
    let packets = shop::packets();
    let bytes = packets.iter().map(Vec::len).sum::<usize>() / packets.len();
    println!("packets of {bytes} bytes on average, {PACKETS} a round, median of {ROUNDS} rounds\n");

    type Part<'a> = (&'a str, Box<dyn FnMut(&[Vec<u8>])>);
    let mut parts: [Part<'_>; 4] = [
        ("decoded by `prost`", Box::new(decode_with_prost)),
        ("decoded", Box::new(decode)),
        ("decoded and kept", Box::new(|packets| keep(packets, &[]))),
        ("decoded, kept, in four reports", Box::new(|packets| keep(packets, &REPORTS))),
    ];
    let mut times = vec![Vec::new(); parts.len()];
    for _ in 0..ROUNDS {
        for ((_, part), times) in parts.iter_mut().zip(&mut times) {
            let begin = Instant::now();
            part(&packets);
            times.push(begin.elapsed());
        }
    }
    for ((name, _), times) in parts.iter().zip(&mut times) {
        times.sort();
        let each = times[ROUNDS / 2].as_secs_f64() / PACKETS as f64;
        println!("{name:<32} {:>7.0} ns {:>10.0} packets/s", each * 1e9, 1.0 / each);
    }
}

const REPORTS: [&str; 4] = ["script", "host,status", "@group", "script,@group,@operation"];

fn each(packets: &[Vec<u8>], mut take: impl FnMut(usize, &[u8])) {
    for (number, packet) in packets.iter().cycle().take(PACKETS).enumerate() {
        take(number, packet);
    }
}

fn decode_with_prost(packets: &[Vec<u8>]) {
    each(packets, |_, packet| drop(black_box(Request::decode(packet))));
}

fn decode(packets: &[Vec<u8>]) {
    let mut decoder = Decoder::new();
    each(packets, |_, packet| {
        black_box(decoder.decode(packet).map_or(0, |packets| packets.iter().len()));
    });
}

/// As fast as they come, with a look at the reports after each quarter of a round.
fn keep(packets: &[Vec<u8>], reports: &[&str]) {
    let mut store = Store::new(Limits::default(), SystemTime::now());
    let query = |keys: &&str| Query::new().by(keys.parse().expect("these are keys"));
    let mut reports: Vec<Report> = reports.iter().map(query).map(Report::new).collect();
    let mut decoder = Decoder::new();
    each(packets, |number, packet| {
        let now = Duration::from_micros(number as u64 * 3);
        for packet in decoder.decode(packet).expect("it is one").iter() {
            store.push(now, &packet);
        }
        if (number + 1) % (PACKETS / 4) == 0 {
            let snapshot = store.snapshot(now);
            reports.iter_mut().for_each(|report| report.update(&snapshot));
        }
    });
    black_box((&store, &reports));
}
