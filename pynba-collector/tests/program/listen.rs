use nix::sys::signal::Signal;
use pynba_runtime::Reporter;
use pynba_runtime::proto::{Message as _, Request};
use serde_json::{Value, json};

use crate::packets::{packet, request};
use crate::running::Running;

fn parse(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

#[test]
fn text_is_a_line_for_the_request_and_for_each_timer() {
    let pynba = Running::start(&["listen", "--count", "1"]);
    pynba.send(&packet("/checkout"));
    let ended = pynba.end();
    let lines: Vec<&str> = ended.out.lines().collect();
    let (clock, request) = lines[0].split_at("14:03:07.250".len());
    assert!(clock.bytes().all(|byte| byte.is_ascii_digit() || b":.".contains(&byte)), "{clock}");
    assert_eq!(
        request,
        "  200   250 ms  web1 shop /checkout  cpu 75.0 ms  12.3 KB  mem 2.00 MB  peak 3.00 MB  https  plan=free"
    );
    assert_eq!(lines[1].trim_start(), "125 ms  ×1    ████      group=db  op=select");
    assert_eq!(lines[2].trim_start(), "100 ms  ×4    ███▎      group=cache");
    assert_eq!(lines.len(), 3);
    assert_eq!(ended.code, Some(0));
    let packet = packet("/checkout");
    assert_eq!(
        ended.err,
        format!(
            "pynba: 1 packet, {} bytes, 1 request, 0 invalid, 0 lost by the kernel\n",
            packet.len()
        )
    );
}

#[test]
fn json_has_every_field() {
    let pynba = Running::start(&["listen", "--json", "--count", "1"]);
    pynba.send(&packet("/checkout"));
    let mut object = parse(&pynba.end().out);
    let time = object["time"].take();
    assert!(time.as_str().is_some_and(|time| time.ends_with('Z') && time.len() == 27), "{time}");
    assert_eq!(
        object,
        json!({
            "id": 0,
            "time": null,
            "hostname": "web1",
            "server_name": "shop",
            "script_name": "/checkout",
            "schema": "https",
            "status": 200,
            "request_count": 1,
            "request_time": 0.25,
            "ru_utime": 0.05,
            "ru_stime": 0.025,
            "document_size": 12345,
            "memory_peak": 3_000_000,
            "memory_footprint": 2_000_000,
            "tags": [["plan", "free"]],
            "timers": [
                {
                    "hit_count": 1,
                    "value": 0.125,
                    "ru_utime": 0.01,
                    "ru_stime": 0.0,
                    "tags": [["group", "db"], ["op", "select"]],
                },
                {
                    "hit_count": 4,
                    "value": 0.1,
                    "ru_utime": 0.02,
                    "ru_stime": 0.005,
                    "tags": [["group", "cache"]],
                },
            ],
        })
    );
}

#[test]
fn what_the_runtime_sends_comes_out() {
    let pynba = Running::start(&["listen", "--json", "--count", "1"]);
    let reporter = Reporter::builder().server(pynba.address().to_string()).hostname("web7");
    let request = reporter.build().unwrap().open("import");
    request.current().set_status(418);
    request.current().tag("run", "a=b");
    drop(request);
    let object = parse(&pynba.end().out);
    assert_eq!((&object["hostname"], &object["status"]), (&json!("web7"), &json!(418)));
    assert_eq!(object["tags"], json!([["run", "a=b"]]));
}

#[test]
fn a_tag_may_come_several_times() {
    let pynba = Running::start(&["listen", "--json", "--count", "1"]);
    let twice = Request {
        tag_name: vec![0, 0, 0],
        tag_value: vec![1, 2, 1],
        dictionary: ["baz", "seq1", "seq2"].map(String::from).to_vec(),
        ..Request::default()
    };
    pynba.send(&twice.encode_to_vec());
    let object = parse(&pynba.end().out);
    assert_eq!(object["tags"], json!([["baz", "seq1"], ["baz", "seq2"], ["baz", "seq1"]]));
}

#[test]
fn only_what_fits_is_printed_and_counted() {
    let filters = ["--only", "status>=500", "--only", "script~/api/*"];
    let pynba = Running::start(&[&["listen", "--json", "-n", "2"], &filters[..]].concat());
    for (script, status) in [("/api/a", 200), ("/api/b", 500), ("/c", 500), ("/api/d", 503)] {
        let sent = Request { status: Some(status), ..request(script) };
        pynba.send(&sent.encode_to_vec());
    }
    let ended = pynba.end();
    let scripts: Vec<_> =
        ended.out.lines().map(|line| parse(line)["script_name"].clone()).collect();
    assert_eq!(scripts, ["/api/b", "/api/d"]);
    assert!(ended.err.contains(" 4 requests, "), "{}", ended.err);
}

#[test]
fn what_was_printed_takes_no_room() {
    let pynba = Running::start(&["listen", "--json", "--texts", "20"]);
    for number in 0..30 {
        let script = format!("/{number}");
        pynba.send(&packet(&script));
        assert_eq!(parse(&pynba.line())["script_name"], script);
    }
}

#[test]
fn hostile_text_does_not_reach_the_terminal() {
    let sent = Request {
        tag_name: vec![0],
        tag_value: vec![0],
        dictionary: vec!["\x1b]0;title\x07\n\u{9b}2J".into()],
        script_name: "/\x1b[2J\r\u{202e}".into(),
        ..Request::default()
    };
    for args in [&["listen", "-n1"][..], &["listen", "-n1", "--json"]] {
        let pynba = Running::start(args);
        pynba.send(&sent.encode_to_vec());
        let ended = pynba.end();
        let out = ended.out.trim_end_matches('\n');
        assert!(!out.chars().any(char::is_control) && !out.contains('\u{202e}'), "{out:?}");
        if args.contains(&"--json") {
            let object = parse(out);
            assert_eq!(object["script_name"], sent.script_name);
            assert_eq!(object["tags"][0][0], sent.dictionary[0]);
        } else {
            assert!(out.contains(r" /\u{1b}[2J\r\u{202e}"), "{out}");
            assert!(out.contains(r"\u{1b}]0;title\u{7}\n\u{9b}2J="), "{out}");
        }
    }
}

#[test]
fn bytes_that_are_no_text_are_shown_as_such() {
    let pynba = Running::start(&["listen", "--json", "-n1"]);
    let mut packet = packet("/x?");
    let at = packet.windows(3).position(|bytes| bytes == b"/x?").unwrap();
    packet[at + 2] = 0xe9;
    pynba.send(&packet);
    assert_eq!(parse(&pynba.end().out)["script_name"], r"/x\xE9");
}

#[test]
fn what_is_no_packet_is_told_by_reason() {
    let pynba = Running::start(&["listen"]);
    pynba.send(b"garbage");
    pynba.send(b"\x0a\x04web1");
    pynba.send(b"\x0a\x04web1");
    // They may be told of in one line or in several.
    let mut told = String::new();
    while !told.contains("required field") {
        told += &pynba.complaint();
    }
    pynba.send(&packet("/"));
    pynba.line();
    pynba.signal(Signal::SIGTERM);
    let ended = pynba.end();
    let said = told + &ended.err;
    assert!(said.starts_with("pynba: no packet of Pinba: "), "{said}");
    assert!(said.contains("× a required field is missing"), "{said}");
    assert!(ended.err.contains("4 packets, "), "{said}");
    assert!(ended.err.ends_with(" 1 request, 3 invalid, 0 lost by the kernel\n"), "{said}");
}

#[test]
fn a_signal_ends_it_gracefully() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let pynba = Running::start(&["listen", "--json"]);
        pynba.send(&packet("/a"));
        pynba.send(&packet("/b"));
        assert!(pynba.line().contains("/a") && pynba.line().contains("/b"));
        pynba.signal(signal);
        let ended = pynba.end();
        assert_eq!(ended.code, Some(0));
        assert!(ended.err.starts_with("pynba: 2 packets, ") && ended.err.lines().count() == 1);
    }
}

#[test]
fn it_ends_after_its_time() {
    let ended = Running::start(&["listen", "--for", "50ms"]).end();
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""));
    let ended = Running::start(&["listen", "--for", "50ms", "--count", "1"]).end();
    assert_eq!(ended.code, Some(1));
}
