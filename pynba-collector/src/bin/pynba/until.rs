//! When a command ends by itself: after a time, or when it is asked to.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// How often there is a look at what came: often enough to be at once for people, and cheap.
const INTERVAL: Duration = Duration::from_millis(50);

/// Until when a command goes on.
#[derive(Debug)]
pub(crate) struct Until {
    asked: Arc<AtomicBool>,
    end: Option<Instant>,
}

impl Until {
    /// For this time, or until Ctrl-C or SIGTERM. Whoever asks a second time does not wait for a graceful end.
    pub(crate) fn over(time: Option<Duration>) -> io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // First, so that it sees what was asked before.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&asked))?;
            flag::register(signal, Arc::clone(&asked))?;
        }
        // An end beyond what the clock can say is none.
        let end = time.and_then(|time| Instant::now().checked_add(time));
        Ok(Self { asked, end })
    }

    pub(crate) fn is_over(&self) -> bool {
        self.asked.load(Ordering::Relaxed) || self.left() == Some(Duration::ZERO)
    }

    fn left(&self) -> Option<Duration> {
        self.end.map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// Waits until it is time to look again.
    pub(crate) fn pause(&self) {
        thread::sleep(self.left().map_or(INTERVAL, |left| left.min(INTERVAL)));
    }
}
