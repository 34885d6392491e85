//! What goes to standard error, for the person and not for the program that reads.

use std::fmt::Display;
use std::io::{self, Write as _};

/// A line, with the program's name before it.
pub(crate) fn tell(text: impl Display) {
    // Whoever closed standard error does not want to know; `eprintln!` would panic.
    let _ = writeln!(io::stderr(), "pynba: {text}");
}
