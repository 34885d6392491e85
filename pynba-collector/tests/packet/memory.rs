//! A decoder that is warm allocates nothing, and what it keeps is bounded.

use allocation_counter::measure;
use pynba_collector::packet::Decoder;

use crate::fields::{Field, Value, encode, required, text, varint};

fn ten_timers() -> Vec<u8> {
    let mut fields = required();
    for number in [10, 12] {
        fields.extend((0..10).map(|_| Field(number, varint(1))));
    }
    fields.extend((0..10).map(|_| Field(11, Value::Fixed32(0))));
    for number in [13, 14] {
        fields.extend((0..10).map(|id| Field(number, varint(id))));
    }
    fields.extend((0..10).map(|_| Field(15, text("a word"))));
    fields.push(Field(18, Value::Message(required())));
    encode(&fields)
}

#[test]
fn a_warm_decoder_allocates_nothing() {
    let datagram = ten_timers();
    let mut decoder = Decoder::new();
    decoder.decode(&datagram).expect("two requests");
    let used = measure(|| {
        let packets = decoder.decode(&datagram).expect("two requests");
        let timers: usize = packets.iter().map(|packet| packet.timers().len()).sum();
        assert_eq!((packets.iter().len(), timers), (2, 10));
    });
    assert_eq!((used.count_total, used.bytes_total), (0, 0));
}

/// As many entries as fit in one datagram, of each array and for each way of writing it.
fn hostile() -> Vec<Vec<u8>> {
    let packed = (10..24).map(|number| encode(&[Field(number, Value::Packed(vec![0; 65_000]))]));
    let words = std::iter::once([0x7A, 0].repeat(32_700));
    let floats =
        [11, 22, 23].map(|number| encode(&[Field(number, Value::PackedFixed32(vec![0; 16_000]))]));
    let mut nested = required();
    nested.extend((0..1_500).map(|_| Field(18, Value::Message(required()))));
    let empty = std::iter::once([0x92, 1, 0].repeat(21_800));
    packed.chain(words).chain(floats).chain(empty).chain([encode(&nested)]).collect()
}

#[test]
fn no_datagram_makes_it_keep_more_than_it_says() {
    let used = measure(|| {
        let mut decoder = Decoder::new();
        for datagram in hostile() {
            assert!(datagram.len() <= 65_535, "{}", datagram.len());
            let _ = decoder.decode(&datagram);
        }
        let kept = measure(|| drop(decoder));
        assert!(-kept.bytes_current < 5 << 20, "{kept:?}");
        assert!(-kept.bytes_current > 1 << 20, "these were not hostile: {kept:?}");
    });
    assert_eq!(used.bytes_current, 0);
}
