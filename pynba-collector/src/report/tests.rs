//! Reports against a slow and obvious computation over the same requests.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "small numbers"
)]

mod memory;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use proptest::collection::vec;
use proptest::prelude::*;
use pynba_runtime::proto::{Message, Request as Message_};

use super::tally::nanoseconds;
use super::*;

use crate::packet::Decoder;
use crate::query::{Filter, Keys};
use crate::snapshot::{Request, Timer};
use crate::{Limits, OTHER, RELATIVE_ERROR, Store, Text};

/// What the packets of these tests are made of.
#[derive(Clone, Debug)]
struct Sent {
    names: [u8; 4],
    status: u32,
    time: f32,
    cpu: [f32; 2],
    bytes: [u32; 2],
    tags: Vec<(u8, u8)>,
    timers: Vec<SentTimer>,
    timer_rusage: bool,
}

#[derive(Clone, Debug)]
struct SentTimer {
    time: f32,
    hits: u32,
    tags: Vec<(u8, u8)>,
}

impl Sent {
    fn packet(&self) -> Vec<u8> {
        let mut dictionary: Vec<String> = Vec::new();
        let mut id = |text: String| {
            let found = dictionary.iter().position(|word| *word == text);
            let index = found.unwrap_or_else(|| {
                dictionary.push(text);
                dictionary.len() - 1
            });
            u32::try_from(index).unwrap()
        };
        let mut ids = |tags: &[(u8, u8)]| -> (Vec<u32>, Vec<u32>) {
            tags.iter()
                .map(|(name, value)| (id(format!("n{name}")), id(format!("v{value}"))))
                .unzip()
        };
        let (tag_name, tag_value) = ids(&self.tags);
        let (mut timer_tag_name, mut timer_tag_value) = (vec![], vec![]);
        for timer in &self.timers {
            let (names, values) = ids(&timer.tags);
            timer_tag_name.extend(names);
            timer_tag_value.extend(values);
        }
        if dictionary.is_empty() {
            dictionary.push("unused".into());
        }
        let [host, server, script, schema] = self.names;
        let rusage: Vec<f32> = if self.timer_rusage {
            self.timers.iter().map(|timer| timer.time / 4.0).collect()
        } else {
            vec![]
        };
        Message_ {
            hostname: format!("host{host}"),
            server_name: format!("server{server}"),
            script_name: format!("script{script}"),
            schema: Some(format!("schema{schema}")),
            status: Some(self.status),
            request_count: 1,
            request_time: self.time,
            ru_utime: self.cpu[0],
            ru_stime: self.cpu[1],
            document_size: self.bytes[0],
            memory_footprint: Some(self.bytes[1]),
            dictionary,
            tag_name,
            tag_value,
            timer_hit_count: self.timers.iter().map(|timer| timer.hits).collect(),
            timer_value: self.timers.iter().map(|timer| timer.time).collect(),
            timer_tag_count: self
                .timers
                .iter()
                .map(|timer| u32::try_from(timer.tags.len()).unwrap())
                .collect(),
            timer_tag_name,
            timer_tag_value,
            timer_ru_utime: rusage.clone(),
            timer_ru_stime: rusage,
            ..Message_::default()
        }
        .encode_to_vec()
    }
}

fn seconds() -> impl Strategy<Value = f32> {
    prop_oneof![
        Just(0.0_f32),
        Just(0.2),
        (1_u16..5000).prop_map(|micros| f32::from(micros) / 1e6),
        (1_u16..5000).prop_map(|millis| f32::from(millis) / 1e3),
    ]
}

fn tags() -> impl Strategy<Value = Vec<(u8, u8)>> {
    vec((0_u8..3, 0_u8..4), 0..4)
}

fn sent() -> impl Strategy<Value = Sent> {
    let timer = (seconds(), prop_oneof![Just(1_u32), 1_u32..10], tags())
        .prop_map(|(time, hits, tags)| SentTimer { time, hits, tags });
    (
        [0_u8..3, 0_u8..2, 0_u8..6, 0_u8..2],
        prop_oneof![Just(200_u32), Just(404), Just(500), Just(503)],
        seconds(),
        [seconds(), seconds()],
        [0_u32..10_000, 0_u32..10_000],
        tags(),
        vec(timer, 0..5),
        any::<bool>(),
    )
        .prop_map(|(names, status, time, cpu, bytes, tags, timers, timer_rusage)| Sent {
            names,
            status,
            time,
            cpu,
            bytes,
            tags,
            timers,
            timer_rusage,
        })
}

/// One row, by the book.
#[derive(Debug, Default)]
struct Expected {
    requests: u64,
    errors: u64,
    hits: u64,
    time: u128,
    user: u128,
    system: u128,
    traffic: u64,
    memory: u64,
    times: Vec<f32>,
}

impl Expected {
    fn request(&mut self, request: &Request<'_>) {
        self.requests += 1;
        self.errors += u64::from(request.status() >= 500);
        self.hits += 1;
        self.traffic += u64::from(request.document_size());
        self.memory += u64::from(request.memory_footprint());
        self.add(request.request_time(), 1, request.ru_utime(), request.ru_stime());
    }

    fn timer(&mut self, request: &Request<'_>, timer: &Timer<'_>, is_first: bool) {
        self.requests += u64::from(is_first);
        self.errors += u64::from(is_first && request.status() >= 500);
        self.hits += u64::from(timer.hit_count());
        self.add(timer.value(), timer.hit_count(), timer.ru_utime(), timer.ru_stime());
    }

    fn add(&mut self, time: f32, hits: u32, user: f32, system: f32) {
        self.time += u128::from(nanoseconds(time));
        self.user += u128::from(nanoseconds(user));
        self.system += u128::from(nanoseconds(system));
        let each = (f64::from(time) / f64::from(hits)) as f32;
        self.times.extend((0..hits).map(|_| each));
    }

    fn check(&self, row: &Row<'_>) {
        let found = (row.requests(), row.errors(), row.hits(), row.traffic());
        assert_eq!(found, (self.requests, self.errors, self.hits, self.traffic));
        assert_eq!(row.memory_footprint_total(), self.memory);
        assert_eq!(row.memory_footprint(), self.memory.checked_div(self.requests).unwrap_or(0));
        assert_eq!(row.time().as_nanos(), self.time);
        assert_eq!(
            (row.user_time().as_nanos(), row.system_time().as_nanos()),
            (self.user, self.system)
        );
        let mut times = self.times.clone();
        times.sort_by(f32::total_cmp);
        let longest = times.last().copied().unwrap_or_default();
        assert_eq!(row.longest(), Duration::from_secs_f32(longest));
        for share in [0.0, 0.5, 0.9, 0.95, 0.99, 1.0] {
            let rank = ((share * times.len() as f64).ceil() as usize).max(1);
            let truth = f64::from(times.get(rank - 1).copied().unwrap_or_default());
            let found = row.quantile(share).as_secs_f64();
            assert!(
                (found - truth).abs() <= truth * RELATIVE_ERROR + 1e-9,
                "p{share}: {found} for {truth}"
            );
        }
    }
}

/// All rows, by the book; and the total.
fn by_the_book(query: &Query, snapshot: &Snapshot) -> (BTreeMap<Vec<String>, Expected>, Expected) {
    let (mut rows, mut total) = (BTreeMap::<Vec<String>, Expected>::new(), Expected::default());
    let filters: Vec<String> = query.filters().iter().map(Filter::to_string).collect();
    for request in snapshot.requests() {
        if !filters.iter().all(|filter| request_fits(filter, &request)) {
            continue;
        }
        let timers: Vec<Timer<'_>> = request
            .timers()
            .filter(|timer| filters.iter().all(|filter| timer_fits(filter, timer)))
            .collect();
        if timers.is_empty() && filters.iter().any(|filter| filter.starts_with('@')) {
            continue;
        }
        total.request(&request);
        if query.is_of_timers() {
            let mut seen = Vec::new();
            for timer in timers {
                if let Some(key) = key(query, &request, Some(&timer)) {
                    rows.entry(key.clone()).or_default().timer(
                        &request,
                        &timer,
                        !seen.contains(&key),
                    );
                    seen.push(key);
                }
            }
        } else if let Some(key) = key(query, &request, None) {
            rows.entry(key).or_default().request(&request);
        }
    }
    (rows, total)
}

fn key(query: &Query, request: &Request<'_>, timer: Option<&Timer<'_>>) -> Option<Vec<String>> {
    let keys = query.keys().iter().map(|key| match key.to_string().as_str() {
        "script" => Some(request.script_name().to_string()),
        "host" => Some(request.hostname().to_string()),
        "server" => Some(request.server_name().to_string()),
        "schema" => Some(request.schema().to_string()),
        "status" => Some(request.status().to_string()),
        tag => {
            let tags: Vec<_> = match tag.split_at(1).0 {
                "+" => request.tags().collect(),
                _ => timer?.tags().collect(),
            };
            tags.into_iter().find(|(name, _)| *name == tag[1..]).map(|(_, value)| value.to_string())
        }
    });
    keys.collect()
}

fn has<'a>(mut tags: impl Iterator<Item = (Text<'a>, Text<'a>)>, name: &str, value: &str) -> bool {
    tags.any(|tag| tag.0 == name && tag.1 == value)
}

fn request_fits(filter: &str, request: &Request<'_>) -> bool {
    match filter {
        "status>=500" => request.status() >= 500,
        "status!=404" => request.status() != 404,
        "time>0.2" => request.request_time() > 0.2,
        "cpu<=0.01" => request.ru_utime() + request.ru_stime() <= 0.01,
        "script~script[12]" => false,
        "script~*2" => request.script_name().as_bytes().ends_with(b"2"),
        "host!=host1" => request.hostname() != "host1",
        "+n1=v2" => has(request.tags(), "n1", "v2"),
        "+n0!=v1" => !has(request.tags(), "n0", "v1"),
        filter => filter.starts_with('@'),
    }
}

fn timer_fits(filter: &str, timer: &Timer<'_>) -> bool {
    match filter {
        "@n0=v1" => has(timer.tags(), "n0", "v1"),
        "@n1!=v3" => !has(timer.tags(), "n1", "v3"),
        "@n2~*" => timer.tags().any(|(name, _)| name == "n2"),
        filter => !filter.starts_with('@'),
    }
}

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
    Sent {
        names: [0, 0, number, 0],
        status: 200,
        time: 0.1,
        cpu: [0.0; 2],
        bytes: [0; 2],
        tags: vec![],
        timers: vec![],
        timer_rusage: false,
    }
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
