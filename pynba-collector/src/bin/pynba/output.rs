//! What goes to standard output.

use std::env;
use std::io::{self, ErrorKind, Write};

/// Into a pipe that nobody reads to its end (`pynba man | head`) there is nothing more to say.
pub(crate) fn print(text: &[u8]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    match output.write_all(text).and_then(|()| output.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// Whether `NO_COLOR` is set: see <https://no-color.org>.
pub(crate) fn is_without_colours() -> bool {
    env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}
