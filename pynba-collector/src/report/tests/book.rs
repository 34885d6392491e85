//! The same figures by a slow and obvious computation.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::tally::nanoseconds;
use super::super::*;

use crate::query::Filter;
use crate::snapshot::{Request, Timer};
use crate::{RELATIVE_ERROR, Text};

/// One row, by the book.
#[derive(Debug, Default)]
pub(super) struct Expected {
    pub(super) requests: u64,
    pub(super) errors: u64,
    pub(super) hits: u64,
    pub(super) time: u128,
    pub(super) user: u128,
    pub(super) system: u128,
    pub(super) traffic: u64,
    pub(super) memory: u64,
    pub(super) times: Vec<f32>,
}

impl Expected {
    pub(super) fn request(&mut self, request: &Request<'_>) {
        self.requests += 1;
        self.errors += u64::from(request.status() >= 500);
        self.hits += 1;
        self.traffic += u64::from(request.document_size());
        self.memory += u64::from(request.memory_footprint());
        self.add(request.request_time(), 1, request.ru_utime(), request.ru_stime());
    }

    pub(super) fn timer(&mut self, request: &Request<'_>, timer: &Timer<'_>, is_first: bool) {
        self.requests += u64::from(is_first);
        self.errors += u64::from(is_first && request.status() >= 500);
        self.hits += u64::from(timer.hit_count());
        self.add(timer.value(), timer.hit_count(), timer.ru_utime(), timer.ru_stime());
    }

    pub(super) fn add(&mut self, time: f32, hits: u32, user: f32, system: f32) {
        self.time += u128::from(nanoseconds(time));
        self.user += u128::from(nanoseconds(user));
        self.system += u128::from(nanoseconds(system));
        let each = (f64::from(time) / f64::from(hits)) as f32;
        self.times.extend((0..hits).map(|_| each));
    }

    pub(super) fn check(&self, row: &Row<'_>) {
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
pub(super) fn by_the_book(
    query: &Query,
    snapshot: &Snapshot,
) -> (BTreeMap<Vec<String>, Expected>, Expected) {
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
