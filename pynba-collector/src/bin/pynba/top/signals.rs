//! Signals that ask the program to end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Answers with what becomes true when there is one, or the terminal is gone.
#[cfg(unix)]
pub(crate) fn listen() -> io::Result<Arc<AtomicBool>> {
    use std::sync::atomic::Ordering;
    use std::time::Duration;
    use std::{process, thread};

    use ratatui::crossterm::terminal::disable_raw_mode;
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    use signal_hook::iterator::Signals;

    /// How soon they are noticed.
    const STEP: Duration = Duration::from_millis(100);
    /// How long giving the terminal back may take.
    const GRACE: Duration = Duration::from_secs(1);

    let end = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&end);
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    let wait = move || {
        let signal = loop {
            if let Some(signal) = signals.pending().next() {
                break signal;
            }
            if is_gone() {
                break SIGHUP;
            }
            thread::sleep(STEP);
        };
        asked.store(true, Ordering::Relaxed);
        thread::sleep(GRACE);
        // Still here: writing waits for a terminal that is stopped.
        let _ = disable_raw_mode();
        process::exit(128 + signal);
    };
    thread::Builder::new().name("pynba-signals".into()).spawn(wait)?;
    Ok(end)
}

/// Whether the terminal hung up. Not everything that runs a program in one sends SIGHUP then.
#[cfg(unix)]
fn is_gone() -> bool {
    use std::os::fd::AsFd;

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    let stdout = io::stdout();
    let mut asked = [PollFd::new(stdout.as_fd(), PollFlags::empty())];
    let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
    poll(&mut asked, PollTimeout::ZERO).is_ok()
        && asked[0].revents().is_some_and(|events| events.intersects(gone))
}

/// Answers with what becomes true when there is one.
#[cfg(not(unix))]
pub(crate) fn listen() -> io::Result<Arc<AtomicBool>> {
    use signal_hook::consts::{SIGINT, SIGTERM};

    let end = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&end))?;
    }
    Ok(end)
}
