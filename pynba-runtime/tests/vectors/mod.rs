//! Packets of real clients and cases of flattening, with what went in. They are kept in `shared/vectors` beside the
//! repository, or in `PYNBA_VECTORS`.

use std::env;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The file's content, or `None` where the repository stands alone.
pub(crate) fn read(file: &str) -> Option<Value> {
    let given = env::var_os("PYNBA_VECTORS").map(PathBuf::from);
    let Some(path) = given.or_else(beside).map(|folder| folder.join(file)) else {
        // Not `eprintln!`, which is captured while the test passes.
        let _ = writeln!(io::stderr(), "SKIPPED: no shared/vectors, set PYNBA_VECTORS");
        return None;
    };
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Some(serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

/// The folder, however deep the crate that includes this lies in the repository.
fn beside() -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above.map(|folder| folder.join("shared/vectors")).find(|folder| folder.is_dir())
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
