//! What threads that send packets share with the one that does it for them.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

use super::Background;
use super::bell::Bell;
use super::ring::{Refused, Ring};
use crate::lock::lock;

/// As many as the thread takes out at once, and a send takes at most.
pub(super) const BATCH: usize = 64;

pub(super) struct Queue {
    pub(super) ring: Ring,
    pub(super) bell: Bell,
    /// When so many wait, the thread is woken early; at every multiple of it somebody looks. They fill a
    /// send, so waiting on would save nothing, and many more would come to the server as a flood: its receive
    /// buffer, as large as Linux makes it, holds some 200 packets of the usual size.
    early: u64,
    has_ended: Mutex<bool>,
    end: Condvar,
}

impl Queue {
    pub(super) fn new(settings: &Background) -> Self {
        let Background { capacity, max_bytes, .. } = *settings;
        Self {
            ring: Ring::new(capacity, max_bytes, BATCH),
            bell: Bell::default(),
            early: (capacity as u64 / 4).clamp(1, BATCH as u64),
            has_ended: Mutex::new(false),
            end: Condvar::new(),
        }
    }

    /// Gives the packet's position: who has the first one has to start the thread.
    pub(super) fn push(&self, packet: &[u8]) -> Result<u64, Refused> {
        let position = self.ring.push(packet)?;
        if position & (self.early - 1) == 0 && self.ring.waiting(position) >= self.early {
            self.bell.nudge();
        }
        self.bell.ring();
        Ok(position)
    }

    /// Has everything that is there sent, and nothing more. `false` if that is not done in time.
    pub(super) fn shut_down(&self, timeout: Duration) -> bool {
        if !self.ring.close() {
            // No packet, no thread.
            return true;
        }
        self.bell.ring();
        self.bell.nudge();
        // The thread cannot wait for itself.
        let timeout = if self.bell.is_here() { Duration::ZERO } else { timeout };
        let waited = self.end.wait_timeout_while(lock(&self.has_ended), timeout, |ended| !*ended);
        waited.is_ok_and(|(ended, _)| *ended)
    }

    fn end(&self) {
        // Whatever ends the thread, nobody else takes packets out.
        self.ring.close();
        *lock(&self.has_ended) = true;
        self.end.notify_all();
    }
}

/// Says when dropped that the thread has ended.
pub(super) struct End<'a>(pub(super) &'a Queue);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}
