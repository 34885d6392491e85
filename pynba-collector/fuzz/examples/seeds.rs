//! Writes what fuzzing begins with into `corpus`: packets of each shape, and those of the vectors if they are
//! there.

use std::fs;
use std::path::Path;

use fields::{Field, Value, encode, required, text, time, varint};

#[path = "../../tests/packet/fields.rs"]
mod fields;
#[path = "../../../pynba-runtime/tests/vectors/mod.rs"]
mod vector_files;

/// Two timers, the second with rusage in packed arrays, and a tag of the request.
fn all_fields() -> Vec<Field> {
    let mut fields = required();
    fields.extend([Field(10, varint(1)), Field(10, varint(300))]);
    fields.extend([Field(11, time(0.5)), Field(11, time(0.25))]);
    fields.extend([Field(12, varint(1)), Field(12, varint(2))]);
    fields.extend([0, 0, 2].map(|id| Field(13, varint(id))));
    fields.extend([1, 3, 3].map(|id| Field(14, varint(id))));
    fields.extend(["group", "db", "op", "select"].map(|word| Field(15, text(word))));
    fields.extend([Field(16, varint(200)), Field(17, varint(1 << 20)), Field(19, text("https"))]);
    fields.extend([Field(20, Value::Packed(vec![0, 2])), Field(21, Value::Packed(vec![1, 3]))]);
    let halves = vec![0.5_f32.to_bits(); 2];
    fields.extend([22, 23].map(|number| Field(number, Value::PackedFixed32(halves.clone()))));
    fields
}

fn unknown() -> Vec<Field> {
    let group = vec![Field(31, Value::Group(vec![])), Field(1, Value::Varint(1, 10))];
    vec![Field(30, Value::Group(group)), Field(24, Value::Fixed64(1)), Field(1 << 20, text("?"))]
}

fn main() {
    let nested = Field(18, Value::Message([all_fields(), unknown()].concat()));
    let mut seeds = vec![
        ("required".to_owned(), encode(&required())),
        ("all_fields".to_owned(), encode(&all_fields())),
        ("unknown".to_owned(), encode(&[required(), unknown()].concat())),
        ("nested".to_owned(), encode(&[vec![nested.clone(), nested], all_fields()].concat())),
    ];
    for packet in vector_files::packets().into_iter().flatten() {
        let name = packet["name"].as_str().expect("a name").to_owned();
        seeds.push((name, vector_files::bytes(&packet)));
    }
    // With its length before it, and a look at what is kept after it.
    let collected = seeds.iter().map(|(name, bytes)| {
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_le_bytes();
        (name.clone(), [&length[..], &[0x23], bytes].concat())
    });
    let mut collected: Vec<_> = collected.collect();
    let small = collected.iter().filter(|(_, bytes)| bytes.len() < 1000);
    collected.push(("all".to_owned(), small.flat_map(|(_, bytes)| bytes.clone()).collect()));
    write("packet", &seeds);
    write("collect", &collected);
}

fn write(target: &str, seeds: &[(String, Vec<u8>)]) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&corpus).expect("a directory for the seeds");
    for (name, bytes) in seeds {
        fs::write(corpus.join(name), bytes).expect("a seed is written");
    }
}
