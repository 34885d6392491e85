//! The few forms of protobuf that a packet of Pinba needs.
//!
//! <https://protobuf.dev/programming-guides/encoding/>: a field is its key, `number << 3 | type`, and its
//! value; all keys of the schema's numbers up to 15 take one byte, the others two.

/// The largest UDP payload over IPv4: 65535 bytes less 8 of UDP's header and 20 of IP's (RFC 768, RFC 791).
pub(crate) const MAX_DATAGRAM: usize = 65_507;

/// The same over IPv6: 65535 bytes less UDP's header, which IPv6's length does not count (RFC 8200).
pub(crate) const MAX_DATAGRAM_IPV6: usize = 65_527;

/// The field of the words to which the tags' ids refer.
pub(crate) const DICTIONARY: u32 = 15;

const VARINT: u32 = 0;
const LENGTH_DELIMITED: u32 = 2;
const FIXED_32: u32 = 5;

#[inline]
pub(crate) fn put_uint32(packet: &mut Vec<u8>, field: u32, value: u32) {
    if field < 16 && value < 0x80 {
        packet.extend_from_slice(&small_uint32(field, value));
    } else {
        put_key(packet, field, VARINT);
        put_varint(packet, value);
    }
}

/// A field of a number below 16, whose value is below 128.
#[inline]
pub(crate) const fn small_uint32(field: u32, value: u32) -> [u8; 2] {
    [low_byte(field << 3 | VARINT), low_byte(value)]
}

/// A field of a number below 16.
#[inline]
pub(crate) const fn short_float(field: u32, value: f32) -> [u8; 5] {
    let [a, b, c, d] = value.to_le_bytes();
    [low_byte(field << 3 | FIXED_32), a, b, c, d]
}

#[inline]
pub(crate) fn put_float(packet: &mut Vec<u8>, field: u32, value: f32) {
    if field < 16 {
        packet.extend_from_slice(&short_float(field, value));
    } else {
        put_key(packet, field, FIXED_32);
        packet.extend_from_slice(&value.to_le_bytes());
    }
}

/// A repeated field, unpacked: each number with its key.
pub(crate) fn put_uint32s(packet: &mut Vec<u8>, field: u32, values: impl Iterator<Item = u32>) {
    values.for_each(|value| put_uint32(packet, field, value));
}

pub(crate) fn put_floats(packet: &mut Vec<u8>, field: u32, values: impl Iterator<Item = f32>) {
    values.for_each(|value| put_float(packet, field, value));
}

#[inline]
pub(crate) fn put_string(packet: &mut Vec<u8>, field: u32, text: &str) {
    put_key(packet, field, LENGTH_DELIMITED);
    put_varint(packet, saturate(text.len() as u64));
    packet.extend_from_slice(text.as_bytes());
}

/// One text made of two, without putting them together first.
#[inline]
pub(crate) fn put_strings(packet: &mut Vec<u8>, field: u32, text: [&str; 2]) {
    let length = saturate(text[0].len() as u64 + text[1].len() as u64);
    if field < 16 && length < 0x80 {
        packet.extend_from_slice(&[low_byte(field << 3 | LENGTH_DELIMITED), low_byte(length)]);
    } else {
        put_key(packet, field, LENGTH_DELIMITED);
        put_varint(packet, length);
    }
    // Mostly there is no prefix.
    for text in text.into_iter().filter(|text| !text.is_empty()) {
        packet.extend_from_slice(text.as_bytes());
    }
}

/// All fields have numbers below 2048.
#[inline]
fn put_key(packet: &mut Vec<u8>, field: u32, wire_type: u32) {
    let key = field << 3 | wire_type;
    if key < 0x80 { packet.push(low_byte(key)) } else { packet.extend_from_slice(&two_bytes(key)) }
}

/// A varint of two bytes: from 128 to 16383.
#[inline]
pub(crate) const fn two_bytes(value: u32) -> [u8; 2] {
    [low_byte(value) | 0x80, low_byte(value >> 7)]
}

#[inline]
fn put_varint(packet: &mut Vec<u8>, value: u32) {
    if value < 0x80 {
        packet.push(low_byte(value));
    } else if value < 0x4000 {
        packet.extend_from_slice(&two_bytes(value));
    } else {
        put_long_varint(packet, value);
    }
}

fn put_long_varint(packet: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        packet.push(low_byte(value) | 0x80);
        value >>= 7;
    }
    packet.push(low_byte(value));
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low byte is what is wanted")]
const fn low_byte(value: u32) -> u8 {
    value as u8
}

/// The largest `u32` for what does not fit: a wrapped number would be a lie (the PHP extension wraps).
pub(crate) fn saturate(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Seconds, in 32 bits. What servers reject cannot come out: NaN, infinities, negative and subnormal numbers.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the wire has 32 bits; `as` rounds to nearest")]
#[expect(clippy::cast_precision_loss, reason = "the wire has 24 bits of it")]
pub(crate) fn seconds(nanos: u64) -> f32 {
    (nanos as f64 / 1e9) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_take_the_shortest_form() {
        for (value, expected) in [
            (0, &[0][..]),
            (127, &[0x7f]),
            (128, &[0x80, 0x01]),
            (16_383, &[0xff, 0x7f]),
            (16_384, &[0x80, 0x80, 0x01]),
            (u32::MAX, &[0xff, 0xff, 0xff, 0xff, 0x0f]),
        ] {
            let mut packet = Vec::new();
            put_varint(&mut packet, value);
            assert_eq!(packet, expected, "{value}");
        }
    }

    #[test]
    fn seconds_are_what_servers_take() {
        for nanos in [1, 999, 1_000_000_000, u64::from(u32::MAX), u64::MAX] {
            assert!(seconds(nanos).is_normal() && seconds(nanos) > 0.0, "{nanos}");
        }
        assert_eq!(seconds(0).to_bits(), 0);
        assert_eq!(seconds(100_000_000).to_bits(), 0.1_f32.to_bits());
    }
}
