//! Draws `top.svg`, the picture in the README (and `src/picture.md`, the same for docs.rs), from what the real program writes to a terminal:
//!
//! ```sh
//! cargo test -p pynba-collector --test screenshot -- --ignored
//! ```

#![cfg(unix)]

#[expect(dead_code, reason = "shared with the tests")]
mod terminal;

mod svg;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use self::terminal::Terminal;

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

/// Where the README looks for the picture, as a part of the page: on docs.rs there is no file beside it.
fn as_address(picture: &str) -> String {
    let mut address = "[picture]: data:image/svg+xml,".to_owned();
    for byte in picture.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:;=,".contains(&byte) {
            address.push(byte.into());
        } else {
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address + "\n"
}

#[test]
fn the_documentation_has_the_same_picture() {
    let [picture, address] =
        ["top.svg", "src/picture.md"].map(|file| fs::read_to_string(path(file)).unwrap());
    assert!(address == as_address(&picture), "draw it again, as the first lines of this file say");
}

#[test]
#[ignore = "takes a minute, and changes a file of the repository"]
fn draws_the_picture() {
    let mut terminal = Terminal::new(96, 22, &["--demo", "--slow", "300ms"], &[]);
    for seconds in (10..60).step_by(10) {
        terminal.wait_for(&format!("up {seconds}s"));
    }
    terminal.wait_for("up 1m");
    terminal.press("\x1B[B");
    terminal.wait_for("up 1m 05s");
    let picture = svg::picture(terminal.screen());
    fs::write(path("src/picture.md"), as_address(&picture)).unwrap();
    fs::write(path("top.svg"), picture).unwrap();
    terminal.press("q");
    assert_eq!(terminal.wait_for_end(), 0);
}
