//! What goes to standard output, and whether anybody reads it.

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

/// Whether nobody can read it any more: a pipe whose reader has ended, a terminal that hung up.
#[cfg(unix)]
pub(crate) fn is_gone() -> bool {
    use std::os::fd::AsFd as _;

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    let stdout = io::stdout();
    let mut asked = [PollFd::new(stdout.as_fd(), PollFlags::empty())];
    let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
    poll(&mut asked, PollTimeout::ZERO).is_ok()
        && asked[0].revents().is_some_and(|events| events.intersects(gone))
}

/// There it is noticed by the next one who writes.
#[cfg(not(unix))]
pub(crate) fn is_gone() -> bool {
    false
}
