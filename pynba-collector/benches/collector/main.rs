//! What it costs to take in a packet: `cargo bench -p pynba-collector`
//!
//! The packets are those of requests with ten timers of two tags each, of 20 scripts on 4 hosts. Everything is measured
//! on one thread, in turns, in the same run; the last part sends a million of them over the loopback.
//!
//! `cargo bench -p pynba-collector -- count reports 1000` takes in so many packets and says nothing: for `callgrind`,
//! see `benches/gate`.

mod loopback;
mod shop;

use std::env;
use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime};

use pynba_collector::packet::Decoder;
use pynba_collector::{Limits, Query, Report, Store};
use pynba_runtime::proto;

/// Each figure is the median of so many rounds, which take turns.
const ROUNDS: usize = 15;

/// Packets of a round.
const PACKETS: u32 = 100_000;

/// The keys of the four reports.
const REPORTS: [&str; 4] = ["script", "host,status", "@group", "script,@group,@operation"];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|it| it != "--bench").collect();
    let packets = shop::packets();
    if let [_, part, count] = arguments.as_slice() {
        let part = PARTS.into_iter().find(|(_, name, _)| name == part).expect("a part");
        return part.2(&packets, count.parse().expect("a number of packets"));
    }
    let bytes = packets.iter().map(Vec::len).sum::<usize>() / packets.len();
    println!("| one packet of {bytes} bytes | ns | packets/s |\n| --- | --- | --- |");
    for (name, time) in medians(&packets) {
        let each = time.as_secs_f64() / f64::from(PACKETS);
        println!("| {name} | {:.0} | {:.0} |", each * 1e9, 1.0 / each);
    }
    println!("\n| memory | bytes |\n| --- | --- |");
    println!("| a packet that is kept | {} |", kept_bytes(&packets));
    histograms();
    println!("\n| over the loopback | packets |\n| --- | --- |");
    loopback::receive_a_million(&packets);
    println!(
        "\n| sent in a second, for 3 s | dropped | received | not passed on | arrived there | dropped there |\n\
         | --- | --- | --- | --- | --- | --- |"
    );
    for rate in [100_000, 200_000, 300_000] {
        loopback::pass_on(&packets, rate);
    }
}

type Part = (&'static str, &'static str, fn(&[Vec<u8>], u32));

const PARTS: [Part; 4] = [
    ("decoded by `prost`", "prost", decode_with_prost),
    ("decoded", "decode", decode),
    ("decoded and kept", "keep", |packets, count| keep(packets, count, &[])),
    ("decoded, kept, in four reports", "reports", |packets, count| keep(packets, count, &REPORTS)),
];

fn medians(packets: &[Vec<u8>]) -> impl Iterator<Item = (&'static str, Duration)> {
    let mut times = PARTS.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for ((.., part), times) in PARTS.iter().zip(&mut times) {
            let begin = Instant::now();
            part(packets, PACKETS);
            times.push(begin.elapsed());
        }
    }
    PARTS.into_iter().zip(times).map(|((name, ..), mut times)| {
        times.sort();
        (name, times[ROUNDS / 2])
    })
}

fn each(packets: &[Vec<u8>], count: u32, mut take: impl FnMut(u32, &[u8])) {
    for (number, packet) in (0..count).zip(packets.iter().cycle()) {
        take(number, packet);
    }
}

fn decode_with_prost(packets: &[Vec<u8>], count: u32) {
    each(packets, count, |_, packet| {
        drop(black_box(<proto::Request as proto::Message>::decode(packet)));
    });
}

fn decode(packets: &[Vec<u8>], count: u32) {
    let mut decoder = Decoder::new();
    each(packets, count, |_, packet| {
        black_box(decoder.decode(packet).map_or(0, |packets| packets.iter().len()));
    });
}

/// As fast as they come, with a look at the reports four times.
fn keep(packets: &[Vec<u8>], count: u32, reports: &[&str]) {
    let mut store = Store::new(Limits::default(), SystemTime::now());
    let query = |keys: &&str| Query::new().by(keys.parse().expect("these are keys"));
    let mut reports: Vec<Report> = reports.iter().map(query).map(Report::new).collect();
    let mut decoder = Decoder::new();
    each(packets, count, |number, packet| {
        let now = at(number);
        for packet in decoder.decode(packet).expect("it is one").iter() {
            store.push(now, &packet);
        }
        if (number + 1) % (count / 4) == 0 {
            let snapshot = store.snapshot(now);
            for report in &mut reports {
                report.update(&snapshot);
            }
        }
    });
    black_box((&store, &reports));
}

/// 333,333 a second.
fn at(number: u32) -> Duration {
    Duration::from_micros(u64::from(number) * 3)
}

fn kept_bytes(packets: &[Vec<u8>]) -> usize {
    let mut store = Store::new(Limits::default(), SystemTime::now());
    let mut decoder = Decoder::new();
    each(packets, 4 * PACKETS, |number, packet| {
        for packet in decoder.decode(packet).expect("it is one").iter() {
            store.push(at(number), &packet);
        }
    });
    let snapshot = store.snapshot(at(4 * PACKETS));
    snapshot.kept().bytes / snapshot.len()
}

/// Ours, and `hdrhistogram` of the precision that comes next, for the same times.
fn histograms() {
    let times: Vec<f32> = (0..1000_u16).map(|number| f32::from(number % 200 + 1) / 1e3).collect();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut bytes = (0, 0);
    for _ in 0..ROUNDS {
        let mut histogram = pynba_collector::Histogram::default();
        ours.push(time(&times, |seconds| histogram.add(seconds, 1)));
        bytes.0 = histogram.bytes();

        // From a nanosecond to half a year.
        let mut histogram =
            hdrhistogram::Histogram::<u64>::new_with_bounds(1, 1 << 54, 2).expect("bounds");
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "some seconds"
        )]
        theirs.push(time(&times, |seconds| {
            histogram.saturating_record((f64::from(seconds) * 1e9) as u64);
        }));
        bytes.1 = histogram.distinct_values() * size_of::<u64>();
    }
    ours.sort_by(f64::total_cmp);
    theirs.sort_by(f64::total_cmp);
    println!(
        "\n| a histogram of 200 times up to 0.2 s | ns for one more | bytes |\n| --- | --- | --- |"
    );
    println!("| ours | {:.1} | {} |", ours[ROUNDS / 2], bytes.0);
    println!("| `hdrhistogram` | {:.1} | {} |", theirs[ROUNDS / 2], bytes.1);
}

/// Nanoseconds for each of many.
fn time(times: &[f32], mut add: impl FnMut(f32)) -> f64 {
    let begin = Instant::now();
    for seconds in times.iter().cycle().take(PACKETS as usize) {
        add(black_box(*seconds));
    }
    begin.elapsed().as_secs_f64() * 1e9 / f64::from(PACKETS)
}
