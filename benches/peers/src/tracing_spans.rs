//! The workloads as spans of `tracing`.

use std::hint::black_box;

use tracing::info_span;

pub(crate) fn named(name: &str) -> fn() {
    match name {
        "w0" => || request("w0", 0),
        "w10" => || request("w10", 2),
        "w100" => || request("w100", 20),
        "d10" => d10,
        other => panic!("no workload {other}"),
    }
}

fn request(name: &'static str, fives: u32) {
    let _request = info_span!("request", name).entered();
    for _ in 0..fives {
        drop(info_span!("timer", group = "db", op = "select").entered());
        drop(info_span!("timer", group = "db", op = "update").entered());
        drop(info_span!("timer", group = "cache", op = "get").entered());
        drop(info_span!("timer", group = "cache", op = "set").entered());
        drop(info_span!("timer", group = "render", op = "page").entered());
    }
}

fn d10() {
    let _request = info_span!("request", name = "d10").entered();
    for shard in 0..2_u32 {
        let shard = black_box(shard);
        drop(info_span!("timer", op = "select", shard).entered());
        drop(info_span!("timer", op = "update", shard).entered());
        drop(info_span!("timer", op = "get", shard).entered());
        drop(info_span!("timer", op = "set", shard).entered());
        drop(info_span!("timer", op = "page", shard).entered());
    }
}
