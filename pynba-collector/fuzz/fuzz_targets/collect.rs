//! Any datagrams, one after the other, with little room: kept or refused, never stopping, and reports that agree with the
//! requests that are there.
#![no_main]

use std::time::{Duration, SystemTime};

use libfuzzer_sys::fuzz_target;
use pynba_collector::packet::Decoder;
use pynba_collector::{Limits, Query, Report, Snapshot, Store};

fuzz_target!(|data: &[u8]| {
    let limits = Limits::default().window(Duration::from_secs(1)).memory(100_000).texts(20);
    let mut store = Store::new(limits, SystemTime::UNIX_EPOCH);
    let mut decoder = Decoder::new();
    let mut reports = ["script", "status,+a", "@a", "host,@a"].map(report);
    let (mut now, mut left) = (Duration::ZERO, data);
    // Each datagram has its length and what happens after it before it.
    while let [low, high, after, rest @ ..] = left {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        let (datagram, behind) = rest.split_at(length);
        left = behind;
        if let Ok(packets) = decoder.decode(datagram) {
            for packet in packets.iter() {
                store.push(now, &packet);
            }
        }
        now += Duration::from_millis(u64::from(after >> 1) * 4);
        if after & 1 == 1 {
            let snapshot = store.snapshot(now);
            for report in &mut reports {
                check(report, &snapshot);
            }
        }
    }
    let snapshot = store.snapshot(now);
    for report in &mut reports {
        check(report, &snapshot);
    }
    read_all(&snapshot);
});

fn report(keys: &str) -> Report {
    Report::new(Query::new().by(keys.parse().expect("keys")).only("status!=404").expect("a filter"))
}

fn check(report: &mut Report, snapshot: &Snapshot) {
    report.update(snapshot);
    let fits = snapshot.requests().filter(|request| report.query().fits(request)).count() as u64;
    assert_eq!(report.total().requests(), fits);
    let again = Report::over(report.query().clone(), snapshot);
    assert_eq!(report.rows().count(), again.rows().count());
    let sum = |report: &Report| -> (u64, u64) {
        report.rows().fold((0, 0), |(requests, hits), row| {
            assert!(row.quantile(0.5) <= row.longest() && row.requests() <= fits);
            (requests + row.requests(), hits.wrapping_add(row.hits()))
        })
    };
    assert_eq!(sum(report), sum(&again));
}

fn read_all(snapshot: &Snapshot) {
    for request in snapshot.requests() {
        let texts =
            [request.hostname(), request.server_name(), request.script_name(), request.schema()];
        let tags = request.tags().chain(request.timers().flat_map(|timer| timer.tags()));
        let bytes: usize = texts.iter().map(|text| text.as_bytes().len()).sum();
        let of_tags: usize =
            tags.map(|(name, value)| name.as_bytes().len() + value.as_bytes().len()).sum();
        assert!(of_tags + bytes < 1 << 30);
    }
}
