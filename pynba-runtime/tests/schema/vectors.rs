//! Packets that real clients sent.

use std::fmt::Write as _;

use prost_reflect::{DynamicMessage, Value as Field};
use pynba_runtime::proto::{Invalid, Message, Request};
use serde_json::Value;

use crate::dynamic::{dynamic, float, schema, show};
use crate::vector_files::{bytes, packets};

fn name(vector: &Value) -> &str {
    vector["name"].as_str().expect("a name")
}

/// The only packet of these that a `String` cannot hold.
const NOT_UTF8: &str = "php_client_bytes_not_utf8";

/// Each message of the vectors, as ours.
fn requests() -> Vec<(Value, Request)> {
    let vectors = packets().into_iter().flatten();
    let readable = vectors.filter(|vector| name(vector) != NOT_UTF8);
    readable
        .map(|vector| {
            let request = Request::decode(bytes(&vector).as_slice());
            let request = request.unwrap_or_else(|error| panic!("{}: {error}", name(&vector)));
            (vector, request)
        })
        .collect()
}

/// `decoded` of a vector as the text that [`show`] gives for the message.
fn expected(value: &Value, field: &str) -> String {
    match value {
        Value::Object(special) if special.contains_key("$float") => match &special["$float"] {
            word if word == "nan" => float(f32::NAN),
            word if word == "inf" => float(f32::INFINITY),
            word => panic!("{field}: the float {word}"),
        },
        Value::Object(fields) => {
            let mut all: Vec<_> =
                fields.iter().map(|(name, value)| (name, expected(value, name))).collect();
            all.sort();
            all.into_iter().fold(String::new(), |mut text, (name, value)| {
                write!(text, "{name}: {value}; ").expect("a String");
                text
            })
        }
        Value::Array(list) => {
            let list: Vec<_> = list.iter().map(|value| expected(value, field)).collect();
            format!("{list:?}")
        }
        #[expect(clippy::cast_possible_truncation, reason = "it was an f32 before it was JSON")]
        Value::Number(number) if number.is_f64() => float(number.as_f64().expect("f64") as f32),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("{text:?}"),
        Value::Bool(_) | Value::Null => panic!("{field}: {value}"),
    }
}

#[test]
fn packets_of_real_clients_are_read_right() {
    for (vector, request) in requests() {
        let ours = show(&Field::Message(dynamic(&request)));
        assert_eq!(ours, expected(&vector["decoded"], ""), "{}", name(&vector));
    }
}

#[test]
fn packets_of_real_clients_are_written_back() {
    for (vector, request) in requests() {
        let same = request.encode_to_vec() == bytes(&vector);
        assert_eq!(vector["canonical"], same, "{}", name(&vector));
        let theirs = DynamicMessage::decode(schema(), bytes(&vector).as_slice()).expect("decodes");
        assert_eq!(theirs.encode_to_vec(), request.encode_to_vec(), "{}", name(&vector));
    }
}

#[test]
fn text_that_is_not_utf8_is_an_error() {
    for vector in packets().into_iter().flatten().filter(|vector| name(vector) == NOT_UTF8) {
        let error = Request::decode(bytes(&vector).as_slice()).unwrap_err().to_string();
        assert!(error.contains("Request.script_name"), "{error}");
    }
}

/// `[[name, value], …]` of a vector.
fn pairs(list: &Value) -> Vec<(&str, &str)> {
    let list = list.as_array().expect("pairs").iter();
    list.map(|pair| (pair[0].as_str().expect("text"), pair[1].as_str().expect("text"))).collect()
}

#[test]
fn timers_and_tags_have_their_words() {
    for (vector, request) in requests() {
        let timers: Vec<_> = request.timers().collect();
        let expected = vector["decoded_timers"].as_array().expect("timers");
        assert_eq!(timers.len(), expected.len(), "{}", name(&vector));
        for (timer, expected) in timers.iter().zip(expected) {
            assert_eq!(expected["hit_count"], timer.hit_count, "{}", name(&vector));
            assert_eq!(pairs(&expected["tags"]), timer.tags, "{}", name(&vector));
            let value = self::expected(&expected["value"], "value");
            assert_eq!(float(timer.value), value, "{}", name(&vector));
        }
        let tags: Vec<_> = request.tags().collect();
        assert_eq!(pairs(&vector["decoded_request_tags"]), tags, "{}", name(&vector));
    }
}

/// All others are packets that a server takes as they are meant.
fn rejected() -> Vec<(&'static str, Invalid)> {
    let time = |field, index, value| Invalid::Float { field, index, value };
    let never_ran = Invalid::HitCount { index: 0 };
    vec![
        ("pynba_u32_max", Invalid::Status),
        // Its one timer has no tags, so that there are no words either.
        ("pynba_sequence_empty", Invalid::NoDictionary { timers: 1 }),
        // A wall clock that went back.
        ("pynba_negative_time", time("request_time", None, -1.5)),
        ("php_client_hit_count_zero", never_ran.clone()),
        ("php_client_u32_max", Invalid::Status),
        // Microseconds that do not fit in PHP's integers.
        ("php_client_large_times", time("timer_value", Some(2), -2_147_485_700.0)),
        ("php_client_negative_rusage", time("ru_stime", None, -0.5)),
        ("pb_u32_max", Invalid::Status),
        ("pb_varint_widths", never_ran),
        ("pb_float_edges", time("timer_value", Some(1), -0.0)),
    ]
}

#[test]
fn only_broken_packets_are_rejected() {
    let requests = requests();
    if requests.is_empty() {
        return;
    }
    let found: Vec<_> = requests
        .iter()
        .filter_map(|(vector, request)| Some((name(vector), request.validate().err()?)))
        .collect();
    assert_eq!(found, rejected());
}
