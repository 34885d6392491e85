use std::collections::HashMap;

use nix::sys::signal::Signal;
use pynba_runtime::proto::{Message as _, Request};
use serde_json::{Value, json};

use crate::packets::{packet, request};
use crate::running::{Ended, Running};

/// Four requests: three of `/a`, of which one failed, and one of `/b` on another machine.
fn sent() -> [Request; 4] {
    [
        request("/a"),
        Request { request_time: 0.5, ..request("/a") },
        Request { request_time: 1.0, status: Some(500), ..request("/a") },
        Request { hostname: "web2".into(), request_time: 0.125, ..request("/b") },
    ]
}

fn report(args: &[&str]) -> Ended {
    // Those that fit are waited for: `json_has_all_figures` leaves one out.
    let count = if args.contains(&"--only") { "3" } else { "4" };
    let pynba = Running::start(&[&["report", "-n", count], args].concat());
    for request in sent() {
        pynba.send(&request.encode_to_vec());
    }
    pynba.end()
}

fn document(args: &[&str]) -> Value {
    let ended = report(&[&["--json"], args].concat());
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    serde_json::from_str(&ended.out).unwrap()
}

fn near(figure: &Value, expected: f64) {
    let figure = figure.as_f64().unwrap();
    assert!((figure - expected).abs() <= expected * 0.01, "{figure} instead of {expected}");
}

#[test]
fn text_has_tables_that_fit() {
    let ended = report(&[]);
    assert_eq!(ended.code, Some(0));
    let out = &ended.out;
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    assert!(out.contains(" 4 requests (") && out.contains("1 with status 5xx"), "{out}");
    for table in ["requests by script", "requests by host", "requests by status"] {
        assert!(out.contains(&format!("\n{table}\n")), "{out}");
    }
    assert!(out.contains("\ntimers by @group\n") && out.contains("\ntimers by @op\n"), "{out}");
    let row = out.lines().find(|line| line.starts_with("/a ")).unwrap();
    assert!(row.contains(" 3 ") && row.contains(" 1.75 s ") && row.contains(" 93.3 "), "{row}");
    assert!(ended.err.starts_with("pynba: 4 packets, "), "{}", ended.err);
}

#[test]
fn several_keys_can_be_read() {
    let pynba = Running::start(&["report", "-n", "1", "--by", "script,host,server,status"]);
    let request = Request {
        hostname: "web-3.east".into(),
        server_name: "shop.test".into(),
        ..request("/products")
    };
    pynba.send(&request.encode_to_vec());
    let out = pynba.end().out;
    assert!(out.contains("\n/products  web-3.east  shop.test  200"), "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
}

#[test]
fn wide_text_has_all_columns() {
    let out = report(&["--wide", "--by", "script"]).out;
    let titles = out.lines().find(|line| line.starts_with("script ")).unwrap();
    for title in
        ["req/s", "err/s", "hits/s", "time/s", "p90", "p99", "cpu/s", "traffic/s", "memory"]
    {
        assert!(titles.contains(title), "{title}");
    }
}

#[test]
fn json_has_all_figures() {
    let document = document(&["--by", "script", "--by", "host,@group", "--only", "status<500"]);
    assert_eq!(document["only"], json!(["status<500"]));
    assert_eq!(document["packets"]["packets"], 4);
    assert_eq!(document["packets"]["invalid"], json!({}));
    assert_eq!(document["total"]["requests"], 3);
    let [by_script, by_group] = document["reports"].as_array().unwrap().as_slice() else {
        panic!("{document}");
    };
    assert_eq!((&by_script["by"], &by_script["of"]), (&json!(["script"]), &json!("requests")));
    let row = &by_script["rows"][0];
    assert_eq!((&row["key"], &row["is_other"]), (&json!({"script": "/a"}), &json!(false)));
    assert_eq!((&row["requests"], &row["hits"], &row["errors"]), (&json!(2), &json!(2), &json!(0)));
    near(&row["time"], 0.75);
    near(&row["requests_percent"], 200.0 / 3.0);
    near(&row["time_percent"], 75.0 / 0.875);
    near(&row["p50"], 0.25);
    near(&row["p99"], 0.5);
    assert_eq!(row["max"], 0.5);
    near(&row["user_time"], 0.1);
    near(&row["system_time"], 0.05);
    assert_eq!((&row["traffic"], &row["memory_footprint"]), (&json!(24_690), &json!(2_000_000)));
    let seconds = document["seconds"].as_f64().unwrap();
    near(&row["requests_per_second"], 2.0 / seconds);
    near(&row["traffic_per_second"], 24_690.0 / seconds);

    assert_eq!(by_group["of"], "timers");
    let rows = by_group["rows"].as_array().unwrap();
    let of = |host, group| {
        let key = json!({"host": host, "@group": group});
        rows.iter().find(|row| row["key"] == key).unwrap()
    };
    assert_eq!(rows.len(), 4);
    assert_eq!(
        (&of("web1", "cache")["hits"], &of("web1", "cache")["requests"]),
        (&json!(8), &json!(2))
    );
    near(&of("web2", "db")["time"], 0.125);
    near(&of("web1", "cache")["p50"], 0.025);
}

#[test]
fn csv_has_the_same_rows() {
    let ended = report(&["--csv", "--by", "script,status", "--by", "@group", "--sort", "key"]);
    let mut csv = csv::Reader::from_reader(ended.out.as_bytes());
    let titles = csv.headers().unwrap().clone();
    assert_eq!(
        titles.iter().take(5).collect::<Vec<_>>(),
        ["report", "script", "status", "@group", "requests"]
    );
    let rows: Vec<HashMap<String, String>> = csv.deserialize().map(Result::unwrap).collect();
    let shown: Vec<_> = rows
        .iter()
        .map(|row| {
            ["report", "script", "status", "@group", "requests", "hits"]
                .map(|name| row[name].as_str())
        })
        .collect();
    assert_eq!(
        shown,
        [
            ["script,status", "/a", "200", "", "2", "2"],
            ["script,status", "/a", "500", "", "1", "1"],
            ["script,status", "/b", "200", "", "1", "1"],
            ["@group", "", "", "cache", "4", "16"],
            ["@group", "", "", "db", "4", "4"],
        ]
    );
    assert_eq!(rows[0]["max"], "0.5");
}

#[test]
fn rows_are_sorted_and_left_out() {
    let by = |sort| {
        let document = document(&["--by", "script,host", "--sort", sort]);
        let rows = document["reports"][0]["rows"].as_array().unwrap().clone();
        rows.iter().map(|row| row["key"]["script"].as_str().unwrap().to_owned()).collect::<String>()
    };
    assert_eq!([by("key"), by("requests"), by("max")], ["/a/b", "/a/b", "/a/b"]);
    let document = document(&["--by", "script", "--top", "1"]);
    assert_eq!(document["reports"][0]["left_out"], 1);
    assert_eq!(document["reports"][0]["rows"].as_array().unwrap().len(), 1);
    let out = report(&["--by", "script", "--top", "1"]).out;
    assert!(out.ends_with("  … 1 more row, see with --top 2\n"), "{out}");
}

#[test]
fn a_signal_ends_it_early_with_what_there_is() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let pynba = Running::start(&["report", "--for", "1h", "--json"]);
        pynba.send(b"garbage");
        // Only told after a while, so the packet has arrived before the signal.
        pynba.complaint();
        pynba.signal(signal);
        let ended = pynba.end();
        let document: Value = serde_json::from_str(&ended.out).unwrap();
        assert_eq!(document["packets"]["packets"], 1);
        assert_eq!(document["packets"]["invalid"].as_object().unwrap().len(), 1);
        assert_eq!(ended.code, Some(0));
    }
}

#[test]
fn scripts_notice_when_nothing_came() {
    let ended = Running::start(&["report", "--for", "50ms"]).end();
    assert_eq!(ended.code, Some(0));
    assert!(ended.out.contains("requests by script\n  none\n"), "{}", ended.out);
    let ended = Running::start(&["report", "--for", "50ms", "--fail-if-empty"]).end();
    assert_eq!(ended.code, Some(1));
    let ended = Running::start(&["report", "--for", "50ms", "-n", "1"]).end();
    assert_eq!(ended.code, Some(1));
    let pynba = Running::start(&["report", "-n", "1", "--fail-if-empty", "--only", "script=/b"]);
    pynba.send(&packet("/a"));
    pynba.send(&packet("/b"));
    assert_eq!(pynba.end().code, Some(0));
}

#[test]
fn hostile_text_does_not_reach_the_terminal() {
    let sent = Request { hostname: "\x1b[2J".into(), ..request("/\n\x1b]0;title\x07") };
    for args in [&[][..], &["--json"]] {
        let pynba = Running::start(&[&["report", "-n1"], args].concat());
        pynba.send(&sent.encode_to_vec());
        let out = pynba.end().out;
        assert!(!out.chars().any(|char| char.is_control() && char != '\n'), "{out:?}");
        assert_eq!(args.is_empty(), out.contains(" 1 request ("), "{out}");
        assert!(out.contains("\\u{1b}[2J") || out.contains("\\u001b[2J"), "{out}");
    }
}
