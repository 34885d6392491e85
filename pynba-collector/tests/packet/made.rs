//! One test for each reason, and for each way of writing that clients may choose.

use pynba_collector::packet::{Decoder, Invalid};

use crate::fields::{Field, Value, encode, required, text, time, varint};
use crate::same::check;

/// What is said of the required fields with these after them.
#[track_caller]
fn with(fields: Vec<Field>) -> Result<usize, Invalid> {
    check(&mut Decoder::new(), &encode(&[required(), fields].concat()))
}

fn repeated<const N: usize>(number: u32, numbers: [u64; N]) -> Vec<Field> {
    numbers.map(|entry| Field(number, varint(entry))).into()
}

/// A timer with the tag `a=b`, and the changes to it.
fn timer(change: impl FnOnce(&mut Vec<Field>)) -> Vec<Field> {
    let mut fields =
        [10, 12, 13].map(|number| Field(number, varint(u64::from(number < 13)))).to_vec();
    fields.extend([Field(11, time(0.5)), Field(14, varint(1))]);
    fields.extend([Field(15, text("a")), Field(15, text("b"))]);
    change(&mut fields);
    fields
}

#[test]
fn takes_what_servers_take() {
    assert_eq!(with(vec![]), Ok(1));
    assert_eq!(with(timer(|_| {})), Ok(1));
    let rusage = |fields: &mut Vec<Field>| fields.push(Field(23, time(0.0)));
    assert_eq!(with(timer(rusage)), Ok(1));
    let empty = (1..4).map(|number| Field(number, text(""))).collect();
    assert_eq!(with(empty), Ok(1));
}

#[test]
fn each_required_field_must_be_there() {
    for missing in 0..9 {
        let mut fields = required();
        fields.remove(missing);
        let found = check(&mut Decoder::new(), &encode(&fields));
        assert_eq!(found, Err(Invalid::MissingField), "{missing}");
    }
}

#[test]
fn says_what_is_wrong() {
    let mut decoder = Decoder::new();
    assert_eq!(check(&mut decoder, &[]), Err(Invalid::Empty));
    assert_eq!(check(&mut decoder, &vec![0; 65_536]), Err(Invalid::TooLong));
    assert_eq!(check(&mut decoder, b"\x0a\x02a"), Err(Invalid::Truncated));
    assert_eq!(check(&mut decoder, b"\x3d\0\0\0"), Err(Invalid::Truncated));
    assert_eq!(check(&mut decoder, &[0x20; 1]), Err(Invalid::Truncated));
    assert_eq!(check(&mut decoder, &[0xFF; 12]), Err(Invalid::Malformed));
    assert_eq!(check(&mut decoder, b"\0\0"), Err(Invalid::Malformed));
    assert_eq!(check(&mut decoder, b"\xc7\x01\0"), Err(Invalid::Malformed));
    assert_eq!(check(&mut decoder, b"\x0d\0\0\0\0"), Err(Invalid::WrongType));

    assert_eq!(with(vec![Field(16, varint(u64::MAX))]), Err(Invalid::Status));
    assert_eq!(with(vec![Field(8, time(-0.0))]), Err(Invalid::NotATime));
    assert_eq!(with(vec![Field(20, varint(0))]), Err(Invalid::Lengths));
    assert_eq!(with(timer(|fields| fields[0] = Field(10, varint(0)))), Err(Invalid::HitCount));
    assert_eq!(with(timer(|fields| fields[2] = Field(13, varint(2)))), Err(Invalid::Id));
    assert_eq!(
        with(timer(|fields| fields.push(Field(22, time(f32::NAN))))),
        Err(Invalid::NotATime)
    );
    let bare = vec![Field(10, varint(1)), Field(11, time(0.5)), Field(12, varint(0))];
    assert_eq!(with(bare), Err(Invalid::NoDictionary));
}

#[test]
fn ids_lie_in_the_dictionary_or_not() {
    let others = [2, 127, 128, (1 << 31) - 1, 1 << 31, (1 << 31) + 1, u64::from(u32::MAX)];
    for (id, expected) in
        [(0, Ok(1)), (1, Ok(1))].into_iter().chain(others.map(|id| (id, Err(Invalid::Id))))
    {
        for field in [13, 14] {
            let with_id = |fields: &mut Vec<Field>| {
                fields.retain(|found| found.0 != field);
                fields.push(Field(field, varint(id)));
            };
            assert_eq!(with(timer(with_id)), expected, "{id} in {field}");
        }
        for (name, value) in [(id, 0), (0, id)] {
            let tag = [Field(20, varint(name)), Field(21, varint(value))];
            assert_eq!(with(timer(|fields| fields.extend(tag))), expected, "{id} in a tag");
        }
    }
}

#[test]
fn every_known_field_has_one_type() {
    for number in 1..24 {
        for value in
            [varint(0), Value::Fixed32(0), Value::Fixed64(0), text(""), Value::Group(vec![])]
        {
            let _ = with(vec![Field(number, value)]);
        }
    }
}

#[test]
fn what_is_no_time_is_found_wherever_it_stands() {
    let subnormal = f32::from_bits(1);
    for number in [f32::NAN, -f32::NAN, f32::INFINITY, -f32::INFINITY, subnormal, -0.0, -1.0] {
        for field in 7..10 {
            assert_eq!(with(vec![Field(field, time(number))]), Err(Invalid::NotATime), "{number}");
        }
        for field in [11, 22, 23] {
            let found = with(vec![Field(field, time(0.5)), Field(field, time(number))]);
            assert_eq!(found, Err(Invalid::NotATime), "{number} in {field}");
        }
    }
}

#[test]
fn numbers_may_be_long() {
    for len in 1..=10 {
        for number in [0, 1, 0x7F, 0x80, 0x3FFF, 0x4000, u64::from(u32::MAX), 1 << 32, u64::MAX] {
            assert_eq!(with(vec![Field(5, Value::Varint(number, len))]), Ok(1), "{number}");
            assert_eq!(with(vec![Field(24, Value::Varint(number, len))]), Ok(1), "{number}");
        }
    }
    // One bit too many.
    let long = [&encode(&required()), &[0x28][..], &[0xFF; 9], &[2]].concat();
    assert_eq!(check(&mut Decoder::new(), &long), Err(Invalid::Malformed));
}

#[test]
fn keys_may_be_long() {
    // `hostname` and `dictionary` with a key of two bytes that one would do for, `status` with three.
    let fields = encode(&required());
    let more = b"\x8a\0\x01a\xfa\0\x01b\x7a\x01c\xfa\0\0\x80\x81\0\xc8\x01";
    let mut decoder = Decoder::new();
    assert_eq!(check(&mut decoder, &[&fields[..], more].concat()), Ok(1));
}

#[test]
fn runs_of_each_length_end_where_they_end() {
    let mut decoder = Decoder::new();
    for entries in 0..14 {
        for large in 0..=entries {
            // One of the ids is large, and takes two bytes where its number is.
            let ids = (0..entries).map(|index| if index == large { 130 } else { index % 128 });
            let words = (0..131).map(|_| Field(15, text("w")));
            let mut fields: Vec<_> = required().into_iter().chain(words).collect();
            fields.extend(ids.clone().map(|id| Field(20, varint(id))));
            fields.extend(ids.map(|id| Field(21, varint(id))));
            assert_eq!(check(&mut decoder, &encode(&fields)), Ok(1));
        }
    }
}

#[test]
fn a_sum_of_counts_that_wraps_is_no_match() {
    // In 32 bits these two add up to the one tag that is there.
    let wrapped = timer(|fields| {
        fields.extend([Field(10, varint(1)), Field(11, time(0.5))]);
        fields.retain(|field| field.0 != 12);
        fields.extend(repeated(12, [u64::from(u32::MAX), 2]));
    });
    assert_eq!(with(wrapped), Err(Invalid::Lengths));
}

#[test]
fn what_is_shown_has_words() {
    let mut decoder = Decoder::new();
    let datagram =
        encode(&[required(), timer(|_| {}), vec![Field(19, Value::Bytes(vec![0xE9]))]].concat());
    let shown = format!("{:?}", decoder.decode(&datagram).expect("a packet"));
    for part in ["hostname: web1", "schema: \\xe9", "(1, [0.5, 0.0, 0.0], [(\"a\", \"b\")])"] {
        assert!(shown.contains(part), "{shown}");
    }
}
