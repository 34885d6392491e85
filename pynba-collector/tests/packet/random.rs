//! Whatever is sent, the decoder and the reference agree.

use proptest::collection::vec;
use proptest::prelude::*;
use pynba_collector::packet::Decoder;

use crate::fields::{Field, Value, encode, required};
use crate::same::check;

/// An array as one of the ways to write it: an entry after the other, packed, or half of it so and half so.
fn array<T: Copy>(
    number: u32,
    entries: &[T],
    way: usize,
    one: impl Fn(T) -> Value,
    packed: impl Fn(Vec<T>) -> Value,
) -> Vec<Field> {
    let middle = [entries.len(), 0, entries.len() / 2, entries.len()][way % 4];
    let (unpacked, rest) = entries.split_at(middle);
    let mut fields: Vec<_> = unpacked.iter().map(|&entry| Field(number, one(entry))).collect();
    // An array without entries may be there, too.
    if !rest.is_empty() || way == 3 {
        fields.push(Field(number, packed(rest.to_vec())));
    }
    fields
}

fn numbers(number: u32, entries: &[u64], way: usize) -> Vec<Field> {
    array(number, entries, way, |entry| Value::Varint(entry, way / 4 * 3), Value::Packed)
}

fn times(number: u32, entries: &[f32], way: usize) -> Vec<Field> {
    let bits: Vec<_> = entries.iter().map(|time| time.to_bits()).collect();
    array(number, &bits, way, Value::Fixed32, Value::PackedFixed32)
}

fn seconds() -> impl Strategy<Value = f32> {
    prop_oneof![Just(0.0), Just(f32::MIN_POSITIVE), Just(f32::MAX), 1e-6..1e4_f32]
}

type Timer = (u64, [f32; 3], Vec<(u64, u64)>);

/// Hits, times and tags; ids are below `words`.
fn timer(words: u64) -> impl Strategy<Value = Timer> {
    let hits = prop_oneof![9 => 1..200_u64, 1 => 1..=u64::from(u32::MAX)];
    let tag = (0..words, 0..words);
    (hits, [seconds(), seconds(), seconds()], vec(tag, 0..5))
}

fn timer_fields(timers: &[Timer], with_rusage: bool, ways: [usize; 7]) -> Vec<Field> {
    let each = |part: fn(&Timer) -> f32| timers.iter().map(part).collect::<Vec<_>>();
    let tags: Vec<_> = timers.iter().flat_map(|timer| timer.2.iter().copied()).collect();
    let (names, values): (Vec<_>, Vec<_>) = tags.into_iter().unzip();
    let hits: Vec<_> = timers.iter().map(|timer| timer.0).collect();
    let counts: Vec<_> = timers.iter().map(|timer| timer.2.len() as u64).collect();
    let mut fields = numbers(10, &hits, ways[0]);
    fields.extend(times(11, &each(|timer| timer.1[0]), ways[1]));
    fields.extend(numbers(12, &counts, ways[2]));
    fields.extend(numbers(13, &names, ways[3]));
    fields.extend(numbers(14, &values, ways[4]));
    if with_rusage {
        fields.extend(times(22, &each(|timer| timer.1[1]), ways[5]));
        fields.extend(times(23, &each(|timer| timer.1[2]), ways[6]));
    }
    fields
}

/// Fields that Pinba does not know, and known ones again.
fn others() -> impl Strategy<Value = Vec<Field>> {
    let known = prop_oneof![
        (1..4_u32, vec(any::<u8>(), 0..4)).prop_map(|(n, bytes)| Field(n, Value::Bytes(bytes))),
        (4..7_u32, any::<u64>(), 0..11_usize).prop_map(|(n, x, l)| Field(n, Value::Varint(x, l))),
        (7..10_u32, seconds()).prop_map(|(n, time)| Field(n, Value::Fixed32(time.to_bits()))),
        (16..18_u32, any::<u64>()).prop_map(|(n, number)| Field(n, Value::Varint(number, 1))),
        vec(any::<u8>(), 0..9).prop_map(|bytes| Field(19, Value::Bytes(bytes))),
    ];
    let unknown =
        (prop_oneof![24..40_u32, 24..1_u32 << 29], value()).prop_map(|(n, v)| Field(n, v));
    vec(prop_oneof![known, unknown], 0..4)
}

fn value() -> impl Strategy<Value = Value> {
    let flat = prop_oneof![
        (any::<u64>(), 0..11_usize).prop_map(|(number, len)| Value::Varint(number, len)),
        any::<u32>().prop_map(Value::Fixed32),
        any::<u64>().prop_map(Value::Fixed64),
        vec(any::<u8>(), 0..20).prop_map(Value::Bytes),
        vec(0..300_u64, 0..9).prop_map(Value::Packed),
    ];
    flat.prop_recursive(3, 8, 3, |value| {
        vec((1..30_u32, value), 0..3)
            .prop_map(|fields| Value::Group(fields.into_iter().map(|(n, v)| Field(n, v)).collect()))
    })
}

/// A request that servers take, its fields in number order, with requests in it.
fn request() -> impl Strategy<Value = Vec<Field>> {
    let leaf = (1..200_u8).prop_flat_map(|words| {
        let dictionary = vec(vec(any::<u8>(), 0..6), usize::from(words));
        let words = u64::from(words);
        let tags = vec((0..words, 0..words), 0..4);
        let ways = proptest::array::uniform9(0..8_usize);
        (dictionary, vec(timer(words), 0..6), tags, any::<bool>(), ways, others())
    });
    let leaf = leaf.prop_map(|(dictionary, timers, tags, with_rusage, ways, others)| {
        let mut fields = required();
        let [a, b, timer_ways @ ..] = ways;
        fields.extend(timer_fields(&timers, with_rusage, timer_ways));
        fields.extend(dictionary.into_iter().map(|word| Field(15, Value::Bytes(word))));
        let (names, values): (Vec<_>, Vec<_>) = tags.into_iter().unzip();
        fields.extend(numbers(20, &names, a));
        fields.extend(numbers(21, &values, b));
        fields.extend(others);
        fields
    });
    leaf.prop_recursive(3, 6, 3, |request| {
        (request.clone(), vec(request, 0..3)).prop_map(|(mut outer, nested)| {
            outer.extend(nested.into_iter().map(|inner| Field(18, Value::Message(inner))));
            outer
        })
    })
}

/// Its fields in number order, or in any.
fn orders() -> impl Strategy<Value = Vec<Field>> {
    prop_oneof![request(), request().prop_shuffle()]
}

/// Fields of any type, which seldom make a request.
fn junk() -> impl Strategy<Value = Vec<Field>> {
    vec((1..26_u32, value()).prop_map(|(number, value)| Field(number, value)), 0..6)
}

/// A change to bytes: others in place of some.
type Change = (prop::sample::Index, usize, Vec<u8>);

fn change() -> impl Strategy<Value = Change> {
    // Keys and lengths as they are in packets, and bits that continue a number.
    let byte = prop_oneof![any::<u8>(), 0..8_u8, Just(0x80), Just(0xFF)];
    (any::<prop::sample::Index>(), 0..3_usize, vec(byte, 0..3))
}

fn apply(bytes: &mut Vec<u8>, (place, cut, other): Change) {
    let start = place.index(bytes.len() + 1);
    let end = (start + cut).min(bytes.len());
    bytes.splice(start..end, other);
}

proptest! {
    #![proptest_config(ProptestConfig {
        // What is found becomes a test by name.
        failure_persistence: None,
        ..ProptestConfig::with_cases(500)
    })]

    #[test]
    fn requests_are_read_as_the_reference_reads_them(requests in vec(orders(), 1..3)) {
        // One decoder for all: nothing of an earlier datagram is left.
        let mut decoder = Decoder::new();
        for request in requests {
            prop_assert!(check(&mut decoder, &encode(&request)).is_ok_and(|read| read > 0)
                || request.iter().any(|field| field.0 == 16));
        }
    }

    #[test]
    fn changed_bytes_are_judged_as_the_reference_judges_them(
        request in orders(),
        changes in vec(change(), 1..4),
    ) {
        let mut bytes = encode(&request);
        for change in changes {
            apply(&mut bytes, change);
        }
        let _ = check(&mut Decoder::new(), &bytes);
    }

    #[test]
    fn junk_among_the_fields_is_judged_as_the_reference_judges_it(
        fields in (orders(), junk()).prop_map(|(request, junk)| [request, junk].concat()),
        shuffled in any::<bool>(),
    ) {
        let mut fields = fields;
        if shuffled {
            fields.reverse();
        }
        let _ = check(&mut Decoder::new(), &encode(&fields));
    }

    #[test]
    fn any_bytes_are_judged_as_the_reference_judges_them(bytes in vec(any::<u8>(), 0..64)) {
        let _ = check(&mut Decoder::new(), &bytes);
    }
}
