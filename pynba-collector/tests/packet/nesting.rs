//! Requests in requests, and groups in groups.

use pynba_collector::packet::{Decoder, Invalid};

use crate::fields::{Field, Value, encode, required, text, varint};
use crate::same::check;

/// A request of that name with a word of its own, and those in it between two of its entries.
fn named(name: &str, nested: Vec<Vec<Field>>) -> Vec<Field> {
    let mut fields = required();
    fields.extend([Field(1, text(name)), Field(20, varint(0))]);
    fields.extend(nested.into_iter().map(|request| Field(18, Value::Message(request))));
    fields.extend([Field(20, varint(1)), Field(21, Value::Packed(vec![1, 0]))]);
    fields.extend([Field(15, text(name)), Field(15, text("w"))]);
    fields
}

#[test]
fn each_request_is_followed_by_those_in_it() {
    let tree = named(
        "a",
        vec![named("b", vec![named("c", vec![]), named("d", vec![])]), named("e", vec![])],
    );
    let datagram = encode(&tree);
    let mut decoder = Decoder::new();
    assert_eq!(check(&mut decoder, &datagram), Ok(5));
    let packets = decoder.decode(&datagram).expect("requests");
    let names: Vec<_> = packets.iter().map(|packet| packet.hostname).collect();
    assert_eq!(names, [b"a", b"b", b"c", b"d", b"e"]);
    for packet in packets.iter() {
        assert_eq!(packet.word(0), packet.hostname);
        assert_eq!(packet.tags(), (&[0, 1][..], &[1, 0][..]));
    }
}

#[test]
fn one_bad_request_spoils_the_datagram() {
    let mut bad = named("b", vec![]);
    bad.push(Field(16, varint(u64::from(u32::MAX))));
    let found = check(&mut Decoder::new(), &encode(&named("a", vec![named("c", vec![]), bad])));
    assert_eq!(found, Err(Invalid::Status));
    let missing = vec![Field(18, Value::Message(vec![]))];
    let found = check(&mut Decoder::new(), &encode(&[required(), missing].concat()));
    assert_eq!(found, Err(Invalid::MissingField));
}

/// The required fields, in which that many requests lie in each other; the last has these fields more.
fn deep(levels: usize, innermost: Vec<Field>) -> Vec<u8> {
    let last = [required(), innermost].concat();
    let fields = (0..levels).fold(last, |fields, _| {
        let mut outer = required();
        outer.push(Field(18, Value::Message(fields)));
        outer
    });
    encode(&fields)
}

fn groups(levels: usize, innermost: Vec<Field>) -> Vec<Field> {
    (0..levels).fold(innermost, |fields, _| vec![Field(30, Value::Group(fields))])
}

#[test]
fn a_hundred_levels_are_read_and_no_more() {
    let mut decoder = Decoder::new();
    assert_eq!(check(&mut decoder, &deep(100, vec![])), Ok(101));
    assert_eq!(check(&mut decoder, &deep(101, vec![])), Err(Invalid::TooDeep));
    // `prost` reads no unknown field at the last level, and nothing but its end in a group there.
    assert_eq!(check(&mut decoder, &deep(100, vec![Field(30, varint(0))])), Err(Invalid::TooDeep));
    assert_eq!(check(&mut decoder, &deep(99, groups(1, vec![]))), Ok(100));
    assert_eq!(check(&mut decoder, &deep(99, groups(2, vec![]))), Err(Invalid::TooDeep));
    assert_eq!(check(&mut decoder, &deep(0, groups(100, vec![]))), Ok(1));
    assert_eq!(check(&mut decoder, &deep(0, groups(101, vec![]))), Err(Invalid::TooDeep));
}

#[test]
fn groups_must_match() {
    let fields = encode(&required());
    let after = |bytes: &[u8]| check(&mut Decoder::new(), &[&fields, bytes].concat());
    // Field 30, in it 31 with a number, the ends of both.
    assert_eq!(after(b"\xf3\x01\xfb\x01\x08\x01\xfc\x01\xf4\x01"), Ok(1));
    assert_eq!(after(b"\xf3\x01\xfb\x01\x08\x01\xf4\x01\xfc\x01"), Err(Invalid::Malformed));
    assert_eq!(after(b"\xf3\x01\x08\x01"), Err(Invalid::Truncated));
    assert_eq!(after(b"\xf4\x01"), Err(Invalid::Malformed));
}
