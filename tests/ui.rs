//! What the compiler says to people who use the macros wrongly, and that it says nothing to people
//! who use them oddly. `TRYBUILD=overwrite cargo test --test ui` writes the texts anew.

use std::io::Write as _;
use std::process::Command;

/// The compiler whose words the `.stderr` files quote.
const PINNED: &str = "rustc 1.95.";

#[test]
fn odd_but_valid() {
    trybuild::TestCases::new().pass("tests/ui/pass/*.rs");
}

#[test]
fn mistakes() {
    let version = rustc_version();
    if version.starts_with(PINNED) {
        trybuild::TestCases::new().compile_fail("tests/ui/fail/*.rs");
    } else {
        // Not `eprintln!`, which says nothing in a test that passes.
        let _ = writeln!(
            std::io::stderr(),
            "tests/ui/fail is skipped: its texts are pinned to {PINNED}x, and this is {version}"
        );
    }
}

fn rustc_version() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    output.map_or_else(
        |error| format!("an unknown compiler ({error})"),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
