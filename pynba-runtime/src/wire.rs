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
    put_key(packet, field, VARINT);
    put_varint(packet, value);
}

/// A repeated field, unpacked: each number with its key. None is larger than `at_most`.
#[inline]
pub(crate) fn put_uint32s(
    packet: &mut Vec<u8>,
    field: u32,
    at_most: u32,
    values: impl ExactSizeIterator<Item = u32>,
) {
    // Nearly always: numbers of words and tags, with a key of one byte. Then their place is known beforehand.
    if field < 16 && at_most < 0x80 {
        let key = low_byte(field << 3 | VARINT);
        let start = packet.len();
        packet.resize(start + 2 * values.len(), key);
        for (pair, value) in packet[start..].chunks_exact_mut(2).zip(values) {
            pair[1] = low_byte(value);
        }
    } else {
        values.for_each(|value| put_uint32(packet, field, value));
    }
}

#[inline]
pub(crate) fn put_float(packet: &mut Vec<u8>, field: u32, value: f32) {
    put_key(packet, field, FIXED_32);
    packet.extend_from_slice(&value.to_le_bytes());
}

/// Some short fields, put together before they go into the packet at once.
pub(crate) struct Short {
    bytes: [u8; Self::ROOM],
    length: usize,
}

impl Short {
    /// Six fields at most, of which each takes at most seven bytes: a key of two and a varint of five.
    const ROOM: usize = 6 * 7;

    #[inline]
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; Self::ROOM], length: 0 }
    }

    #[inline]
    pub(crate) fn uint32(&mut self, field: u32, value: u32) {
        self.varint(field << 3 | VARINT);
        self.varint(value);
    }

    #[inline]
    pub(crate) fn float(&mut self, field: u32, value: f32) {
        self.varint(field << 3 | FIXED_32);
        for byte in value.to_le_bytes() {
            self.byte(byte);
        }
    }

    #[inline]
    fn varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.byte(low_byte(value) | 0x80);
            value >>= 7;
        }
        self.byte(low_byte(value));
    }

    #[inline]
    fn byte(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    #[inline]
    pub(crate) fn put(&self, packet: &mut Vec<u8>) {
        packet.extend_from_slice(self.bytes.get(..self.length).unwrap_or_default());
    }
}

/// A repeated field, unpacked.
#[inline]
pub(crate) fn put_floats(
    packet: &mut Vec<u8>,
    field: u32,
    values: impl ExactSizeIterator<Item = f32>,
) {
    if field < 16 {
        let key = low_byte(field << 3 | FIXED_32);
        let start = packet.len();
        packet.resize(start + 5 * values.len(), key);
        for (bytes, value) in packet[start..].chunks_exact_mut(5).zip(values) {
            bytes[1..].copy_from_slice(&value.to_le_bytes());
        }
    } else {
        values.for_each(|value| put_float(packet, field, value));
    }
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
    put_key(packet, field, LENGTH_DELIMITED);
    put_varint(packet, saturate(text[0].len() as u64 + text[1].len() as u64));
    packet.extend_from_slice(text[0].as_bytes());
    packet.extend_from_slice(text[1].as_bytes());
}

#[inline]
fn put_key(packet: &mut Vec<u8>, field: u32, wire_type: u32) {
    put_varint(packet, field << 3 | wire_type);
}

#[inline]
fn put_varint(packet: &mut Vec<u8>, value: u32) {
    if value < 0x80 {
        packet.push(low_byte(value));
    } else if value < 0x4000 {
        packet.extend_from_slice(&[low_byte(value) | 0x80, low_byte(value >> 7)]);
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
fn low_byte(value: u32) -> u8 {
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
