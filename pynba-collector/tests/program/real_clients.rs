//! Packets that Pynba and the PHP extension made.

use std::net::UdpSocket;

use pynba_collector::packet::Decoder;
use serde_json::{Value, json};

use crate::running::Running;
use crate::vector_files::{bytes, packets};

/// What `listen --json` has under the name of a field that the client did not send.
fn missing(field: &str) -> Value {
    if field == "schema" { json!("") } else { json!(0) }
}

/// Bytes that are no text stand there in digits, and are shown as such, too: `\xE9`.
fn readable(sent: &Value) -> Value {
    if let Some(hex) = sent["$bytes_hex"].as_str() {
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
        let shown = bytes.utf8_chunks().fold(String::new(), |mut shown, chunk| {
            shown.push_str(chunk.valid());
            shown.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02X}")));
            shown
        });
        return json!(shown);
    }
    sent.as_array().map_or_else(|| sent.clone(), |list| list.iter().map(readable).collect())
}

/// Numbers went through `f32`, and are written in the fewest digits that tell them apart.
#[expect(clippy::cast_possible_truncation, reason = "they were f32 before they were JSON")]
fn is_same(shown: &Value, sent: &Value) -> bool {
    match (shown.as_f64(), sent.as_f64()) {
        (Some(shown), Some(sent)) => (shown as f32).to_bits() == (sent as f32).to_bits(),
        _ => shown == sent,
    }
}

fn assert_same(shown: &Value, vector: &Value) {
    let name = &vector["name"];
    for field in [
        "hostname",
        "server_name",
        "script_name",
        "schema",
        "status",
        "request_count",
        "request_time",
        "ru_utime",
        "ru_stime",
        "document_size",
        "memory_peak",
        "memory_footprint",
    ] {
        let sent = vector["decoded"].get(field).map_or_else(|| missing(field), readable);
        assert!(is_same(&shown[field], &sent), "{name}: {field} is {} for {sent}", shown[field]);
    }
    assert_eq!(shown["tags"], readable(&vector["decoded_request_tags"]), "{name}");
    let (timers, sent) =
        (shown["timers"].as_array().unwrap(), vector["decoded_timers"].as_array().unwrap());
    assert_eq!(timers.len(), sent.len(), "{name}");
    for (timer, sent) in timers.iter().zip(sent) {
        for field in ["hit_count", "value", "ru_utime", "ru_stime"] {
            let zero = json!(0);
            let sent = sent.get(field).unwrap_or(&zero);
            assert!(is_same(&timer[field], sent), "{name}: {field} is {} for {sent}", timer[field]);
        }
        assert_eq!(timer["tags"], readable(&sent["tags"]), "{name}");
    }
}

#[test]
fn packets_of_real_clients_come_out_right() {
    let Some(vectors) = packets() else { return };
    let mut decoder = Decoder::new();
    let mut is_one =
        |vector: &Value| decoder.decode(&bytes(vector)).is_ok_and(|all| all.iter().len() == 1);
    let valid: Vec<Value> = vectors.into_iter().filter(&mut is_one).collect();
    assert!(valid.len() >= 55, "only {}", valid.len());
    let pynba = Running::start(&["listen", "--json", "--count", &valid.len().to_string()]);
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    for vector in &valid {
        client.send_to(&bytes(vector), pynba.address()).unwrap();
    }
    let ended = pynba.end();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let shown: Vec<Value> =
        ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(shown.len(), valid.len());
    for (shown, vector) in shown.iter().zip(&valid) {
        assert_same(shown, vector);
    }
}
