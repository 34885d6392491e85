//! A server that is not there costs no more than one that is.
//!
//! Each packet to a port where nobody listens is answered by a refusal, which the next send is told of instead of
//! sending. Tried again at once, that one is sent, and refused: two calls for each packet, of which the second also
//! waits for the refusal where that comes from the same machine. So when one packet after the other is refused,
//! nothing is sent for a moment: what comes meanwhile is lost as it would be anyway. The first packet after a
//! restart of the server is sent nevertheless, unless it falls into that moment.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Tick;

/// Longer than what some requests take, so that few of their packets are sent in vain; so short that hardly one is
/// lost when the server is back.
const PAUSE: Duration = Duration::from_micros(100);

/// Threads that send at the same time may confuse each other, which makes a pause earlier or later.
#[derive(Debug, Default)]
pub(super) struct Absence {
    seen: AtomicU8,
    /// When the pause began, see [`Tick::bits`].
    paused: AtomicU64,
}

/// What is [`seen`](Absence::seen): nobody refuses.
const PRESENT: u8 = 0;

/// A send was told of a refusal.
const REFUSED: u8 = 1;

/// And after it another one was not, as is to be expected.
const TRIED_AGAIN: u8 = 2;

/// And after that another one was told of a refusal: there is still nobody.
const REFUSED_AGAIN: u8 = 3;

/// Nothing is sent.
const PAUSED: u8 = 4;

impl Absence {
    /// Whether nothing is to be sent now.
    #[inline]
    pub(super) fn is_pause(&self) -> bool {
        self.seen.load(Ordering::Relaxed) == PAUSED && self.is_pause_now()
    }

    #[cold]
    fn is_pause_now(&self) -> bool {
        let began = Tick::from_bits(self.paused.load(Ordering::Relaxed));
        let is_over = began.elapsed() >= PAUSE;
        if is_over {
            self.seen.store(TRIED_AGAIN, Ordering::Relaxed);
        }
        !is_over
    }

    /// What became of a send.
    #[inline]
    pub(super) fn note(&self, is_refused: bool) {
        let seen = self.seen.load(Ordering::Relaxed);
        if is_refused || seen != PRESENT {
            self.note_change(seen, is_refused);
        }
    }

    #[cold]
    fn note_change(&self, seen: u8, is_refused: bool) {
        let now = match (seen, is_refused) {
            (PRESENT | REFUSED, true) => REFUSED,
            (_, true) => REFUSED_AGAIN,
            (REFUSED, false) => TRIED_AGAIN,
            (REFUSED_AGAIN, false) => {
                self.paused.store(Tick::now().bits(), Ordering::Relaxed);
                PAUSED
            }
            (_, false) => PRESENT,
        };
        self.seen.store(now, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets as they are sent, each tried again when it is refused. Gives how many calls that took.
    fn packet(absence: &Absence, mut refuses: impl FnMut() -> bool) -> u32 {
        if absence.is_pause() {
            return 0;
        }
        let is_refused = refuses();
        absence.note(is_refused);
        if is_refused {
            absence.note(refuses());
        }
        1 + u32::from(is_refused)
    }

    #[test]
    fn a_restart_loses_nothing_and_absence_pauses() {
        let absence = Absence::default();
        let mut answers = 0;
        // A server that is there; then one refusal, as a restart leaves it.
        assert_eq!((0..10).map(|_| packet(&absence, || false)).sum::<u32>(), 10);
        let once = packet(&absence, || {
            answers += 1;
            answers == 1
        });
        assert_eq!((once, packet(&absence, || false), packet(&absence, || false)), (2, 1, 1));
        // One that is away: every second send is told so.
        let mut told = false;
        let mut away = || {
            told = !told;
            told
        };
        assert_eq!((packet(&absence, &mut away), packet(&absence, &mut away)), (2, 2));
        let begin = Tick::now();
        let mut lost = 0;
        while begin.elapsed() < PAUSE / 2 {
            if absence.is_pause() {
                lost += 1;
            }
        }
        assert!(lost > 0 || begin.elapsed() > PAUSE, "it is paused");
        std::thread::sleep(PAUSE);
        assert_eq!(packet(&absence, &mut away), 2, "it is tried again, once");
        std::thread::sleep(PAUSE);
        // Back: the last packet's refusal is told, and this one is sent nevertheless.
        assert_eq!(packet(&absence, &mut away), 2);
        std::thread::sleep(PAUSE);
        assert_eq!((0..10).map(|_| packet(&absence, || false)).sum::<u32>(), 10);
    }
}
