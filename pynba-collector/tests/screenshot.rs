//! Draws `top.svg`, the picture in the README, from what the real program writes to a terminal:
//!
//! ```sh
//! cargo test -p pynba-collector --test screenshot -- --ignored
//! ```

#![cfg(unix)]

#[expect(dead_code, reason = "shared with the tests")]
mod terminal;

mod svg;

use std::fs;
use std::path::Path;

use self::terminal::Terminal;

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
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("top.svg");
    fs::write(path, svg::picture(terminal.screen())).unwrap();
    terminal.press("q");
    assert_eq!(terminal.wait_for_end(), 0);
}
