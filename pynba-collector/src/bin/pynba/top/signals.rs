//! Signals: those that ask the program to end, and the one that says that it goes on.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(unix)]
use std::time::Duration;

#[cfg(unix)]
use crate::output;

/// What was asked for by now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    end: Arc<AtomicBool>,
    /// It had been stopped.
    goes_on: Arc<AtomicBool>,
    given_back: Arc<AtomicBool>,
}

impl Asked {
    pub(crate) fn to_end(&self) -> bool {
        self.end.load(Ordering::Relaxed)
    }

    /// Whether the terminal is to be taken again: true once each time.
    pub(crate) fn to_come_back(&self) -> bool {
        self.goes_on.swap(false, Ordering::Relaxed)
    }

    #[cfg(unix)]
    pub(crate) fn come_back(&self) {
        self.goes_on.store(true, Ordering::Relaxed);
    }

    /// From now on the end may take its time: what came is still taken in, and passed on.
    pub(crate) fn give_back(&self) {
        self.given_back.store(true, Ordering::Relaxed);
    }

    /// Whether the terminal has not been given back after this time.
    #[cfg(unix)]
    fn is_held_up(&self, grace: Duration) -> bool {
        std::thread::sleep(grace);
        !self.given_back.load(Ordering::Relaxed)
    }

    pub(crate) fn for_anything(&self) -> bool {
        self.to_end() || self.goes_on.load(Ordering::Relaxed)
    }
}

/// Listens to signals from now on. To end is asked for, too, when the terminal is gone.
#[cfg(unix)]
pub(crate) fn listen() -> io::Result<Asked> {
    use std::{process, thread};

    use ratatui::crossterm::terminal::disable_raw_mode;
    use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    use signal_hook::iterator::Signals;

    /// How soon they are noticed.
    const STEP: Duration = Duration::from_millis(100);
    /// How long giving the terminal back may take.
    const GRACE: Duration = Duration::from_secs(1);

    let asked = Asked::default();
    let waiting = asked.clone();
    signal_hook::flag::register(SIGCONT, Arc::clone(&asked.goes_on))?;
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    let wait = move || {
        let signal = loop {
            if let Some(signal) = signals.pending().next() {
                break signal;
            }
            // Not everything that runs a program in a terminal sends SIGHUP when it hangs up.
            if output::is_gone() {
                break SIGHUP;
            }
            thread::sleep(STEP);
        };
        waiting.end.store(true, Ordering::Relaxed);
        if waiting.is_held_up(GRACE) {
            // Writing waits for a terminal that is stopped.
            let _ = disable_raw_mode();
            process::exit(128 + signal);
        }
    };
    thread::Builder::new().name("pynba-signals".into()).spawn(wait)?;
    Ok(asked)
}

/// Listens to signals from now on.
#[cfg(not(unix))]
pub(crate) fn listen() -> io::Result<Asked> {
    use signal_hook::consts::{SIGINT, SIGTERM};

    let asked = Asked::default();
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&asked.end))?;
    }
    Ok(asked)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_the_terminal_holds_up_the_end() {
        let asked = Asked::default();
        assert!(asked.is_held_up(Duration::ZERO));
        asked.give_back();
        assert!(!asked.is_held_up(Duration::ZERO));
    }
}
