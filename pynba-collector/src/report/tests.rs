//! Reports against a slow and obvious computation over the same requests.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "small numbers"
)]

mod book;
mod memory;
mod sent;

use std::time::{Duration, SystemTime};

use proptest::collection::vec;
use proptest::prelude::*;

use self::book::by_the_book;
use self::sent::{Sent, SentTimer, sent};
use super::*;

use crate::packet::Decoder;
use crate::query::Keys;
use crate::{Limits, OTHER, Store};

fn query() -> impl Strategy<Value = Query> {
    let keys = ["script", "host", "server", "schema", "status", "+n0", "+n1", "@n0", "@n1", "@n2"];
    let filters = [
        "status>=500",
        "status!=404",
        "time>0.2",
        "cpu<=0.01",
        "script~*2",
        "script~script[12]",
        "host!=host1",
        "+n1=v2",
        "+n0!=v1",
        "@n0=v1",
        "@n1!=v3",
        "@n2~*",
    ];
    let keys = proptest::sample::subsequence(keys.to_vec(), 0..4).prop_shuffle();
    let filters = proptest::sample::subsequence(filters.to_vec(), 0..3);
    (keys, filters, any::<bool>()).prop_map(|(keys, filters, of_timers)| {
        let query = if of_timers { Query::of_timers() } else { Query::new() };
        let keys = keys.iter().map(|key| key.parse().unwrap()).collect();
        let with_keys = query.by(Keys(keys));
        filters.iter().fold(with_keys, |query, filter| query.only(filter).unwrap())
    })
}

fn store(limits: Limits) -> Store {
    Store::new(limits, SystemTime::UNIX_EPOCH)
}

fn push(store: &mut Store, decoder: &mut Decoder, now: Duration, sent: &Sent) {
    for packet in decoder.decode(&sent.packet()).unwrap().iter() {
        store.push(now, &packet);
    }
}

fn check(report: &Report, snapshot: &Snapshot) {
    let (mut expected, total) = by_the_book(report.query(), snapshot);
    total.check(&report.total());
    let fitting = snapshot.requests().filter(|request| report.query().fits(request));
    assert_eq!(fitting.count() as u64, total.requests);
    for row in report.rows() {
        let key: Vec<String> = row.key().map(String::from).collect();
        let expected = expected.remove(&key).unwrap_or_else(|| panic!("{key:?} is no row"));
        expected.check(&row);
    }
    assert!(expected.is_empty(), "missing: {expected:?}");
}

proptest! {
    #[test]
    fn reports_are_what_they_should_be(
        sent in vec((sent(), 0_u64..400, prop::bool::weighted(0.1)), 1..120),
        query in query(),
        few_texts in any::<bool>(),
    ) {
        let limits = Limits::default().window(Duration::from_secs(10));
        let mut store = store(if few_texts { limits.texts(15) } else { limits });
        let mut decoder = Decoder::new();
        let (mut whole, mut last) = (Report::new(query.clone()), Report::new(query.clone()));
        let mut news = Report::new(query);
        let mut before = store.snapshot(Duration::ZERO);
        let mut now = Duration::ZERO;
        for (sent, pause, is_looked_at) in sent {
            now += Duration::from_millis(pause);
            push(&mut store, &mut decoder, now, &sent);
            if is_looked_at {
                let snapshot = store.snapshot(now);
                whole.update(&snapshot);
                check(&whole, &snapshot);
                let part = snapshot.last(Duration::from_secs(2));
                last.update(&part);
                check(&last, &part);
                let part = snapshot.since(&before);
                prop_assert_eq!(part.len(), snapshot.requests_from(before.next_id()).count());
                news.update(&part);
                check(&news, &part);
                before = snapshot;
            }
        }
        let snapshot = store.snapshot(now);
        whole.update(&snapshot);
        check(&whole, &snapshot);
        check(&Report::over(whole.query().clone(), &snapshot), &snapshot);
    }

    #[test]
    fn what_has_no_row_of_its_own_is_not_lost(
        sent in vec((sent(), 0_u64..400, prop::bool::weighted(0.1)), 1..120),
        most in 1_usize..6,
    ) {
        let mut store = store(Limits::default().window(Duration::from_secs(10)));
        let mut decoder = Decoder::new();
        let query = Query::new().by("script,status".parse().unwrap());
        let mut report = Report::with(query, Most { rows: most, bytes: MOST_BYTES });
        let mut now = Duration::ZERO;
        for (sent, pause, is_looked_at) in sent {
            now += Duration::from_millis(pause);
            push(&mut store, &mut decoder, now, &sent);
            if !is_looked_at {
                continue;
            }
            let snapshot = store.snapshot(now);
            report.update(&snapshot);
            let (mut expected, total) = by_the_book(report.query(), &snapshot);
            let distinct = expected.len();
            let mut requests = 0;
            for row in report.rows() {
                requests += row.requests();
                let key: Vec<String> = row.key().map(String::from).collect();
                if row.is_other() {
                    prop_assert_eq!(key, [OTHER, OTHER]);
                } else {
                    expected.remove(&key).unwrap().check(&row);
                }
            }
            prop_assert_eq!(requests, total.requests);
            prop_assert!(report.rows().filter(|row| !row.is_other()).count() <= most);
            if distinct <= most / 2 {
                prop_assert!(report.rows().all(|row| !row.is_other()));
            }
        }
    }
}

#[test]
fn rates_and_percentages_are_of_what_fits() {
    let mut store = store(Limits::default());
    let mut decoder = Decoder::new();
    for (second, script) in [(1_u64, 0_u8), (2, 0), (3, 1), (4, 0)] {
        let timers = vec![SentTimer { time: 0.5, hits: 2, tags: vec![(0, script), (0, 9)] }; 2];
        let sent = Sent {
            names: [0, 0, script, 0],
            status: if second == 4 { 500 } else { 200 },
            time: 2.0,
            cpu: [0.5, 0.25],
            bytes: [1000, 3000],
            tags: vec![],
            timers,
            timer_rusage: false,
        };
        push(&mut store, &mut decoder, Duration::from_secs(second), &sent);
    }
    let snapshot = store.snapshot(Duration::from_secs(8));
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-6, "{found}");

    let report = Report::over(Query::new().by("script".parse().unwrap()), &snapshot);
    let row = report.rows().find(|row| row.key().eq(["script0"])).unwrap();
    near(row.requests_per_second(), 3.0 / 8.0);
    near(row.requests_percent(), 75.0);
    near(row.errors_per_second(), 1.0 / 8.0);
    near(row.time_percent(), 75.0);
    near(row.time_per_second(), 6.0 / 8.0);
    near(row.cpu_per_second(), 3.0 * 0.75 / 8.0);
    near(row.traffic_per_second(), 3000.0 / 8.0);
    assert_eq!(row.memory_footprint(), 3000);

    // Two timers of half a second are half of the time of a request; the first value is the one that counts.
    let query = Query::new().by("@n0".parse().unwrap()).only("status<500").unwrap();
    let report = Report::over(query, &snapshot);
    let row = report.rows().find(|row| row.key().eq(["v0"])).unwrap();
    assert_eq!((row.requests(), row.hits()), (2, 8));
    near(row.requests_percent(), 200.0 / 3.0);
    near(row.time_percent(), 100.0 / 3.0);
    near(row.hits_per_second(), 1.0);
    near(row.quantile(0.5).as_secs_f64(), 0.25);
}

fn of_script(number: u8) -> Sent {
    Sent { names: [0, 0, number, 0], ..Sent::plain() }
}

#[test]
fn a_number_that_stands_for_another_text_is_asked_again() {
    // No more than one request needs.
    let limits = Limits::default().window(Duration::from_secs(10)).texts(7);
    let (mut store, mut decoder) = (store(limits), Decoder::new());
    let mut report = Report::new(Query::new().only("script=script2").unwrap());
    // Which number a text gets is a matter of chance.
    for turn in 0..20 {
        let (now, script) = (Duration::from_secs(100 * turn), if turn % 2 == 0 { 1 } else { 2 });
        push(&mut store, &mut decoder, now, &of_script(script));
        let snapshot = store.snapshot(now);
        assert_eq!(snapshot.kept().spilled, 0);
        report.update(&snapshot);
        assert_eq!(report.total().requests(), turn % 2, "in turn {turn}");
    }
}

#[test]
fn snapshots_may_be_of_another_store() {
    let mut report = Report::new(Query::new().only("script=script1").unwrap());
    for (script, expected) in [(1, 1), (2, 0), (1, 1)] {
        let mut store = store(Limits::default());
        push(&mut store, &mut Decoder::new(), Duration::ZERO, &of_script(script));
        report.update(&store.snapshot(Duration::ZERO));
        assert_eq!(report.total().requests(), expected);
    }
}

#[test]
fn of_a_part_nothing_is_taken_away_that_was_not_in_it() {
    let mut store = store(Limits::default().window(Duration::from_secs(10)));
    let mut report = Report::new(Query::new().by("script".parse().unwrap()));
    let mut at = |millis: u64| {
        let now = Duration::from_millis(millis);
        push(&mut store, &mut Decoder::new(), now, &of_script(1));
        store.snapshot(now)
    };
    let first = at(0);
    at(50);
    // The first two have become one chunk, of which the part has only the second.
    report.update(&at(5000).since(&first));
    assert_eq!(report.total().requests(), 2);
    let later = at(12_000);
    report.update(&later);
    check(&report, &later);
}
