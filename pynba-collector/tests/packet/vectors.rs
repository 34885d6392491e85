//! Packets that real clients sent are read right; those that servers reject are rejected.

use pynba_collector::packet::{Decoder, Invalid, Packet};
use serde_json::{Map, Value, json};

use crate::same::check;
use crate::vector_files::{bytes, packets};

fn name(vector: &Value) -> &str {
    vector["name"].as_str().expect("a name")
}

/// Those that servers reject; the same as `Request::validate` does.
const REJECTED: [(&str, Invalid); 10] = [
    ("pynba_u32_max", Invalid::Status),
    ("pynba_sequence_empty", Invalid::NoDictionary),
    ("pynba_negative_time", Invalid::NotATime),
    ("php_client_hit_count_zero", Invalid::HitCount),
    ("php_client_u32_max", Invalid::Status),
    ("php_client_large_times", Invalid::NotATime),
    ("php_client_negative_rusage", Invalid::NotATime),
    ("pb_u32_max", Invalid::Status),
    ("pb_varint_widths", Invalid::HitCount),
    ("pb_float_edges", Invalid::NotATime),
];

/// Text as the vectors have it: bytes that are no UTF-8 are digits.
fn text(bytes: &[u8]) -> Value {
    str::from_utf8(bytes).map_or_else(
        |_| {
            let hex = |digits, byte| format!("{digits}{byte:02x}");
            json!({ "$bytes_hex": bytes.iter().fold(String::new(), hex) })
        },
        |text| json!(text),
    )
}

fn pairs(packet: &Packet<'_>, names: &[u32], values: &[u32]) -> Value {
    let pair = |(&name, &value)| [text(packet.word(name)), text(packet.word(value))];
    names.iter().zip(values).map(pair).collect()
}

/// A field of the vectors' `decoded`, with what is there if the client did not say.
fn field(decoded: &Map<String, Value>, name: &str, unsaid: Value) -> Value {
    decoded.get(name).cloned().unwrap_or(unsaid)
}

fn compare(packet: &Packet<'_>, decoded: &Value, name: &str) {
    let decoded = decoded.as_object().expect("fields");
    let texts = [
        ("hostname", packet.hostname),
        ("server_name", packet.server_name),
        ("script_name", packet.script_name),
        ("schema", packet.schema),
    ];
    for (key, ours) in texts {
        assert_eq!(text(ours), field(decoded, key, json!("")), "{name}: {key}");
    }
    let numbers = [
        ("request_count", packet.request_count),
        ("document_size", packet.document_size),
        ("memory_peak", packet.memory_peak),
        ("memory_footprint", packet.memory_footprint),
        ("status", packet.status),
    ];
    for (key, ours) in numbers {
        assert_eq!(json!(ours), field(decoded, key, json!(0)), "{name}: {key}");
    }
    let times = [
        ("request_time", packet.request_time),
        ("ru_utime", packet.ru_utime),
        ("ru_stime", packet.ru_stime),
    ];
    for (key, ours) in times {
        // Vectors have the shortest digits of 64 bits or of 32; both are this number of 32.
        assert_eq!(json!(ours), float(&field(decoded, key, json!(0.0))), "{name}: {key}");
    }
    let words: Value = packet.dictionary().map(text).collect();
    assert_eq!(words, field(decoded, "dictionary", json!([])), "{name}");
}

/// A number as `json!` writes one of 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "it was an f32 before it was JSON")]
fn float(number: &Value) -> Value {
    json!(number.as_f64().expect("a number") as f32)
}

#[test]
fn packets_of_real_clients_are_read_right() {
    let mut decoder = Decoder::new();
    for vector in packets().into_iter().flatten() {
        let name = name(&vector);
        let datagram = bytes(&vector);
        let _ = check(&mut decoder, &datagram);
        let packets = match decoder.decode(&datagram) {
            Ok(packets) => packets,
            Err(reason) => {
                assert!(REJECTED.contains(&(name, reason)), "{name}: {reason}");
                continue;
            }
        };
        let outermost = packets.iter().next().expect("a request");
        compare(&outermost, &vector["decoded"], name);

        let timers: Vec<_> = outermost.timers().collect();
        let expected = vector["decoded_timers"].as_array().expect("timers");
        assert_eq!(timers.len(), expected.len(), "{name}");
        for (timer, expected) in timers.iter().zip(expected) {
            assert_eq!(expected["hit_count"], timer.hit_count, "{name}");
            assert_eq!(float(&expected["value"]), json!(timer.value), "{name}");
            let rusage = [("ru_utime", timer.ru_utime), ("ru_stime", timer.ru_stime)];
            for (key, ours) in rusage {
                let unsaid = json!(0.0);
                assert_eq!(float(expected.get(key).unwrap_or(&unsaid)), json!(ours), "{name}");
            }
            assert_eq!(expected["tags"], pairs(&outermost, timer.names, timer.values), "{name}");
        }
        let (names, values) = outermost.tags();
        assert_eq!(vector["decoded_request_tags"], pairs(&outermost, names, values), "{name}");

        let nested = vector["decoded"].get("requests").and_then(Value::as_array);
        let nested = nested.map_or(&[][..], Vec::as_slice);
        assert_eq!(packets.iter().len(), 1 + nested.len(), "{name}");
        for (packet, decoded) in packets.iter().skip(1).zip(nested) {
            compare(&packet, decoded, name);
        }
    }
}

#[test]
fn packets_that_servers_reject_are_rejected() {
    let vectors = packets().unwrap_or_default();
    for (rejected, reason) in REJECTED {
        for vector in vectors.iter().filter(|vector| name(vector) == rejected) {
            let found = check(&mut Decoder::new(), &bytes(vector));
            assert_eq!(found, Err(reason), "{rejected}");
        }
    }
}

#[test]
fn a_packet_that_is_cut_off_anywhere_is_no_packet() {
    let mut decoder = Decoder::new();
    for vector in packets().into_iter().flatten() {
        let datagram = bytes(&vector);
        // All of the longest would take a while.
        let step = 1 + datagram.len() / 500;
        for end in (0..datagram.len()).step_by(step) {
            let _ = check(&mut decoder, &datagram[..end]);
        }
    }
}
