//! `proto/pinba.proto` and `proto::Request` say the same, and real clients' packets are read right.

#[path = "schema/dynamic.rs"]
mod dynamic;
#[path = "vectors/mod.rs"]
mod vector_files;
#[path = "schema/vectors.rs"]
mod vectors;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use prost_reflect::{Cardinality, DynamicMessage, Kind, Syntax, Value};
use pynba_runtime::proto::{Message, Request};

use dynamic::{compile, dynamic, schema, show, text};

const REQUIRED: Cardinality = Cardinality::Required;
const OPTIONAL: Cardinality = Cardinality::Optional;
const REPEATED: Cardinality = Cardinality::Repeated;

/// Every field with a value that no other field has.
fn distinct() -> Request {
    Request {
        hostname: "host".into(),
        server_name: "server".into(),
        script_name: "script".into(),
        request_count: u32::MAX,
        document_size: 5,
        memory_peak: 6,
        request_time: 7.5,
        ru_utime: 8.5,
        ru_stime: 9.5,
        timer_hit_count: vec![10, 1000],
        timer_value: vec![11.5, 1100.5],
        timer_tag_count: vec![12, 1200],
        timer_tag_name: vec![13, 1300],
        timer_tag_value: vec![14, 1400],
        dictionary: vec!["fifteen".into(), String::new()],
        status: Some(16),
        memory_footprint: Some(17),
        requests: vec![
            Request { hostname: "inner".into(), ..Request::default() },
            Request { status: Some(18), ..Request::default() },
        ],
        schema: Some("nineteen".into()),
        tag_name: vec![20, 2000],
        tag_value: vec![21, 2100],
        timer_ru_utime: vec![22.5, 2200.5],
        timer_ru_stime: vec![23.5, 2300.5],
    }
}

#[test]
fn the_schema_has_pinbas_fields() {
    let request = schema();
    assert_eq!(request.full_name(), "Request", "Pinba's message is in no package");
    assert_eq!(request.parent_file().syntax(), Syntax::Proto2);
    let expected = [
        (1, "hostname", Kind::String, REQUIRED),
        (2, "server_name", Kind::String, REQUIRED),
        (3, "script_name", Kind::String, REQUIRED),
        (4, "request_count", Kind::Uint32, REQUIRED),
        (5, "document_size", Kind::Uint32, REQUIRED),
        (6, "memory_peak", Kind::Uint32, REQUIRED),
        (7, "request_time", Kind::Float, REQUIRED),
        (8, "ru_utime", Kind::Float, REQUIRED),
        (9, "ru_stime", Kind::Float, REQUIRED),
        (10, "timer_hit_count", Kind::Uint32, REPEATED),
        (11, "timer_value", Kind::Float, REPEATED),
        (12, "timer_tag_count", Kind::Uint32, REPEATED),
        (13, "timer_tag_name", Kind::Uint32, REPEATED),
        (14, "timer_tag_value", Kind::Uint32, REPEATED),
        (15, "dictionary", Kind::String, REPEATED),
        (16, "status", Kind::Uint32, OPTIONAL),
        (17, "memory_footprint", Kind::Uint32, OPTIONAL),
        (18, "requests", Kind::Message(request.clone()), REPEATED),
        (19, "schema", Kind::String, OPTIONAL),
        (20, "tag_name", Kind::Uint32, REPEATED),
        (21, "tag_value", Kind::Uint32, REPEATED),
        (22, "timer_ru_utime", Kind::Float, REPEATED),
        (23, "timer_ru_stime", Kind::Float, REPEATED),
    ];
    let fields: Vec<_> = request.fields().collect();
    assert_eq!(fields.len(), expected.len());
    for (field, (number, name, kind, label)) in fields.iter().zip(expected) {
        assert_eq!(field.number(), number, "number of {name}");
        assert_eq!(field.name(), name, "name of field {number}");
        assert_eq!(field.kind(), kind, "type of {name}");
        assert_eq!(field.cardinality(), label, "label of {name}");
        assert!(!field.is_packed(), "{name} is unpacked");
    }
}

#[test]
fn each_field_goes_where_the_schema_says() {
    let ours = distinct();
    let theirs = DynamicMessage::decode(schema(), ours.encode_to_vec().as_slice()).unwrap();
    let expected = dynamic(&ours);
    for field in schema().fields() {
        let name = field.name();
        assert!(theirs.has_field(&field), "{name} is written");
        assert_eq!(theirs.get_field(&field), expected.get_field(&field), "{name} as written");
    }
    assert_eq!(theirs.unknown_fields().count(), 0);
    assert_eq!(Request::decode(expected.encode_to_vec().as_slice()), Ok(ours), "as read");
}

#[test]
fn each_field_alone_is_read_back() {
    let all = dynamic(&distinct());
    for field in schema().fields() {
        let name = field.name();
        let mut alone = DynamicMessage::new(schema());
        alone.set_field(&field, all.get_field(&field).into_owned());
        let read = Request::decode(alone.encode_to_vec().as_slice()).unwrap();
        let changed = dynamic(&read);
        for other in schema().fields() {
            let source = if other.name() == name { &all } else { &dynamic(&Request::default()) };
            let [changed, source] = [&changed, source].map(|all| show(&all.get_field(&other)));
            assert_eq!(changed, source, "{}, when only {name} is set", other.name());
        }
    }
}

#[test]
fn required_fields_are_always_written_and_no_others() {
    let bytes = Request::default().encode_to_vec();
    let theirs = DynamicMessage::decode(schema(), bytes.as_slice()).unwrap();
    for field in schema().fields() {
        assert_eq!(theirs.has_field(&field), field.is_required(), "{}", field.name());
    }
}

#[test]
fn an_optional_zero_is_not_a_missing_one() {
    let zero = Request {
        status: Some(0),
        memory_footprint: Some(0),
        schema: Some(String::new()),
        ..Request::default()
    };
    let bytes = zero.encode_to_vec();
    assert_ne!(bytes, Request::default().encode_to_vec());
    let theirs = DynamicMessage::decode(schema(), bytes.as_slice()).unwrap();
    for name in ["status", "memory_footprint", "schema"] {
        assert!(theirs.has_field_by_name(name), "{name}");
    }
    assert_eq!(Request::decode(bytes.as_slice()), Ok(zero));
}

#[test]
fn packed_arrays_are_read() {
    let packed = text()
        .lines()
        .map(|line| match line.trim_start().strip_prefix("repeated ") {
            Some(field) if field.starts_with("uint32") || field.starts_with("float") => {
                line.replace(';', " [packed = true];")
            }
            _ => line.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("\n");
    let packed = compile(&packed);
    assert_eq!(packed.fields().filter(prost_reflect::FieldDescriptor::is_packed).count(), 9);

    let mut ours = distinct();
    ours.requests.clear();
    let mut message = DynamicMessage::new(packed.clone());
    for field in packed.fields() {
        let value = dynamic(&ours).get_field_by_number(field.number()).unwrap().into_owned();
        if !matches!(&value, Value::List(list) if list.is_empty()) {
            message.set_field(&field, value);
        }
    }
    let bytes = message.encode_to_vec();
    assert!(bytes.len() < ours.encode_to_vec().len(), "it is packed");
    assert_eq!(Request::decode(bytes.as_slice()), Ok(ours));
}

#[test]
fn fields_of_a_later_schema_are_skipped() {
    let mut bytes = distinct().encode_to_vec();
    bytes.extend(b"\xc0\x01\x96\x01"); // 24, varint
    bytes.extend(b"\xc9\x01\x01\x02\x03\x04\x05\x06\x07\x08"); // 25, 64 bits
    bytes.extend(b"\xd2\x01\x03\xff\xfe\xfd"); // 26, bytes
    bytes.extend(b"\xdb\x01\x08\x01\xdc\x01"); // 27, group
    bytes.extend(b"\xe5\x01\x01\x02\x03\x04"); // 28, 32 bits
    assert_eq!(Request::decode(bytes.as_slice()), Ok(distinct()));
}

#[test]
fn what_is_no_request_is_an_error() {
    let decode = |bytes: &[u8]| Request::decode(bytes).map_err(|error| error.to_string());
    let text = decode(b"\x0a\x02\xc3\x28").unwrap_err();
    assert!(text.contains("Request.hostname"), "{text}");
    let kind = decode(b"\x08\x01").unwrap_err();
    assert!(kind.contains("Request.hostname"), "{kind}");
    let nested = decode(b"\x92\x01\x02\x35\x00").unwrap_err();
    assert!(nested.contains("Request.requests: ") && nested.contains("memory_peak"), "{nested}");
    for cut in 1..4 {
        decode(&b"\x0a\x03web"[..5 - cut]).unwrap_err();
    }
}

#[test]
fn nesting_is_bounded() {
    let nest = |depth| {
        (0..depth).fold(Vec::new(), |inner: Vec<u8>, _| {
            let mut outer = vec![0x92, 0x01];
            prost::encode_length_delimiter(inner.len(), &mut outer).unwrap();
            outer.extend(inner);
            outer
        })
    };
    let deep = Request::decode(nest(100).as_slice()).unwrap();
    assert_eq!(deep.validate(), Ok(()));
    Request::decode(nest(101).as_slice()).unwrap_err();
    Request::decode(nest(5_000).as_slice()).unwrap_err();
}

/// Any message, most of them nonsense.
fn any_request() -> impl Strategy<Value = Request> {
    let leaf = (
        (any::<[String; 3]>(), any::<[u32; 3]>(), any::<[u32; 3]>()),
        (vec(any::<u32>(), 0..4), any_floats(), vec(any::<u32>(), 0..4)),
        (vec(any::<u32>(), 0..6), vec(any::<u32>(), 0..6), vec(any::<String>(), 0..4)),
        (option::of(any::<u32>()), option::of(any::<u32>()), option::of(any::<String>())),
        (vec(any::<u32>(), 0..4), vec(any::<u32>(), 0..4), any_floats(), any_floats()),
    )
        .prop_map(|(single, timers, words, optional, rest)| {
            let ([hostname, server_name, script_name], integers, times) = single;
            let [request_count, document_size, memory_peak] = integers;
            let [request_time, user, system] = times.map(f32::from_bits);
            let (timer_hit_count, timer_value, timer_tag_count) = timers;
            let (timer_tag_name, timer_tag_value, dictionary) = words;
            let (status, memory_footprint, schema) = optional;
            let (tag_name, tag_value, timers_user, timers_system) = rest;
            Request {
                hostname,
                server_name,
                script_name,
                request_count,
                document_size,
                memory_peak,
                request_time,
                ru_utime: user,
                ru_stime: system,
                timer_hit_count,
                timer_value,
                timer_tag_count,
                timer_tag_name,
                timer_tag_value,
                dictionary,
                status,
                memory_footprint,
                requests: Vec::new(),
                schema,
                tag_name,
                tag_value,
                timer_ru_utime: timers_user,
                timer_ru_stime: timers_system,
            }
        });
    leaf.prop_recursive(2, 6, 3, |inner| {
        (inner.clone(), vec(inner, 0..3))
            .prop_map(|(outer, requests)| Request { requests, ..outer })
    })
}

/// Every bit pattern, so that NaN, subnormals and both zeros are among them.
fn any_floats() -> impl Strategy<Value = Vec<f32>> {
    vec(any::<u32>().prop_map(f32::from_bits), 0..4)
}

/// Everything a receiver does with a packet.
fn use_up(packet: &[u8]) {
    if let Ok(request) = Request::decode(packet) {
        let timers = request.timers().count();
        let timer_tags: usize = request.timers().map(|timer| timer.tags.len()).sum();
        let tags = request.tags().count();
        match request.validate() {
            Ok(()) => {
                assert_eq!(timers, request.timer_hit_count.len());
                assert_eq!(timer_tags, request.timer_tag_name.len());
                assert_eq!(tags, request.tag_name.len());
            }
            Err(invalid) => assert!(!invalid.to_string().is_empty()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Bytes are compared, not messages: a NaN is equal to nothing.
    #[test]
    fn both_write_and_read_the_same_bytes(request in any_request()) {
        let bytes = request.encode_to_vec();
        prop_assert_eq!(bytes.len(), request.encoded_len());
        prop_assert_eq!(&dynamic(&request).encode_to_vec(), &bytes);
        let theirs = DynamicMessage::decode(schema(), bytes.as_slice()).unwrap();
        prop_assert_eq!(&theirs.encode_to_vec(), &bytes);
        prop_assert_eq!(Request::decode(bytes.as_slice()).unwrap().encode_to_vec(), bytes);
    }

    #[test]
    fn no_message_makes_a_receiver_panic(request in any_request()) {
        use_up(&request.encode_to_vec());
    }

    #[test]
    fn no_bytes_make_a_receiver_panic(bytes in vec(any::<u8>(), 0..300)) {
        use_up(&bytes);
    }

    #[test]
    fn no_damage_makes_a_receiver_panic(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
    ) {
        let mut bytes = distinct().encode_to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        use_up(&bytes);
        use_up(&bytes[..end.index(bytes.len())]);
    }
}
