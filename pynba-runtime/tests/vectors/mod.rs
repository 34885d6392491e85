//! Packets of real clients and cases of flattening, with what went in. They are kept beside the
//! repository, or in `PYNBA_VECTORS`.

use std::env;
use std::io::{self, Write as _};
use std::path::PathBuf;

use serde_json::Value;

/// The file's content, or `None` where the repository stands alone.
pub(crate) fn read(file: &str) -> Option<Value> {
    let given = env::var_os("PYNBA_VECTORS").map(PathBuf::from);
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors");
    let path = given.clone().unwrap_or_else(|| beside.into()).join(file);
    if given.is_none() && !path.exists() {
        // Not `eprintln!`, which is captured while the test passes.
        let _ = writeln!(io::stderr(), "SKIPPED: no {}, set PYNBA_VECTORS", path.display());
        return None;
    }
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Some(serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

/// The packets, each an object.
#[allow(dead_code, reason = "not every test that reads a file reads this one")]
pub(crate) fn packets() -> Option<Vec<Value>> {
    let Value::Array(packets) = read("packets.json")? else { panic!("packets.json: no list") };
    assert!(packets.len() >= 72, "only {} packets", packets.len());
    Some(packets)
}

/// The bytes of one of them.
#[allow(dead_code, reason = "not every test that reads a file reads packets")]
pub(crate) fn bytes(packet: &Value) -> Vec<u8> {
    let hex = packet["packet_hex"].as_str().expect("hexadecimal digits").as_bytes();
    let digit = |digit: u8| char::from(digit).to_digit(16).expect("a hexadecimal digit");
    let byte = |pair: &[u8]| u8::try_from(digit(pair[0]) << 4 | digit(pair[1])).expect("a byte");
    let bytes: Vec<u8> = hex.chunks_exact(2).map(byte).collect();
    assert_eq!(packet["packet_len"], bytes.len(), "{}", packet["name"]);
    bytes
}
