//! Fields as bytes, in every way in which protobuf lets them be written.

/// One field with its number.
#[derive(Clone, Debug)]
pub(crate) struct Field(pub(crate) u32, pub(crate) Value);

#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A whole number, written in that many bytes if that many are needed or allowed.
    Varint(u64, usize),
    Fixed32(u32),
    Fixed64(u64),
    Bytes(Vec<u8>),
    Packed(Vec<u64>),
    PackedFixed32(Vec<u32>),
    Message(Vec<Field>),
    Group(Vec<Field>),
}

/// A whole number in as few bytes as it needs.
pub(crate) fn varint(number: u64) -> Value {
    Value::Varint(number, 1)
}

pub(crate) fn text(text: &str) -> Value {
    Value::Bytes(text.into())
}

pub(crate) fn time(seconds: f32) -> Value {
    Value::Fixed32(seconds.to_bits())
}

/// The fields 1 to 9.
pub(crate) fn required() -> Vec<Field> {
    let texts = ["web1", "shop", "/"].map(text);
    let numbers = [1, 300, 70_000].map(varint);
    let times = [0.25, 0.125, 0.0].map(time);
    (1..).zip(texts.into_iter().chain(numbers).chain(times)).map(|(n, v)| Field(n, v)).collect()
}

/// The bytes of a message.
pub(crate) fn encode(fields: &[Field]) -> Vec<u8> {
    let mut out = Vec::new();
    for Field(number, value) in fields {
        write(*number, value, &mut out);
    }
    out
}

fn write(number: u32, value: &Value, out: &mut Vec<u8>) {
    let key = |wire: u32, out: &mut Vec<u8>| put(u64::from(number << 3 | wire), 1, out);
    let sized = |bytes: &[u8], out: &mut Vec<u8>| {
        put(bytes.len() as u64, 1, out);
        out.extend(bytes);
    };
    match value {
        Value::Varint(number, len) => {
            key(0, out);
            put(*number, *len, out);
        }
        Value::Fixed64(bits) => {
            key(1, out);
            out.extend(bits.to_le_bytes());
        }
        Value::Fixed32(bits) => {
            key(5, out);
            out.extend(bits.to_le_bytes());
        }
        Value::Bytes(bytes) => {
            key(2, out);
            sized(bytes, out);
        }
        Value::Packed(numbers) => {
            let mut packed = Vec::new();
            for &number in numbers {
                put(number, 1, &mut packed);
            }
            key(2, out);
            sized(&packed, out);
        }
        Value::PackedFixed32(all) => {
            key(2, out);
            sized(&all.iter().flat_map(|bits| bits.to_le_bytes()).collect::<Vec<_>>(), out);
        }
        Value::Message(fields) => {
            key(2, out);
            sized(&encode(fields), out);
        }
        Value::Group(fields) => {
            key(3, out);
            out.extend(encode(fields));
            key(4, out);
        }
    }
}

/// A whole number in at least `len` bytes, of which there may be ten.
fn put(mut number: u64, len: usize, out: &mut Vec<u8>) {
    let mut written = 1;
    while number >= 0x80 || written < len.min(10) {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
        written += 1;
    }
    out.push(number.to_le_bytes()[0]);
}
