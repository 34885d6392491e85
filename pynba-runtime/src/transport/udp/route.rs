//! Which of a host name's addresses the packets go to.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use super::lookup::LOOKUP_PAUSE;
use super::peer::{Peer, is_refused};
use super::swap::Swap;
use crate::lock::{lock, try_lock};

/// The socket in use, and where else the name leads.
pub(super) struct Route {
    /// A move takes a new socket: connected again, the old one would keep its local address (from 127.0.0.1 no
    /// other host is reached) and the refusals of its past.
    peer: Swap<Peer>,
    /// Locked by the one who replaces the socket.
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// What the last look-up found.
    addresses: Vec<SocketAddr>,
    /// Which of them was connected to last, or could not be.
    at: usize,
    /// Where the packets went before anybody refused one.
    home: Option<SocketAddr>,
    /// When a refusal last led to another address, in milliseconds of the server's clock.
    moved: Option<u64>,
}

impl Known {
    /// Where to go from an address that refuses, if it is time. A name that has only refusals to give would
    /// otherwise cost a socket for each packet.
    fn next(&self, refused: SocketAddr, now: u64) -> Option<usize> {
        let passed = |moved| Duration::from_millis(now.saturating_sub(moved));
        if self.moved.is_some_and(|moved| passed(moved) < LOOKUP_PAUSE) {
            return None;
        }
        let count = self.addresses.len();
        let mut others = (1..=count).map(|step| (self.at + step) % count);
        others.find(|&other| self.addresses[other] != refused)
    }
}

impl Route {
    pub(super) fn none() -> Self {
        Self { peer: Swap::empty(), known: Mutex::default() }
    }

    pub(super) fn is_known(&self) -> bool {
        self.used().is_some()
    }

    fn used(&self) -> Option<SocketAddr> {
        self.peer.with(Peer::address)
    }

    /// Sends to the address in use; when that refuses, which `refused` is told, to the next one. `None` while
    /// there is none.
    pub(super) fn send<T>(
        &self,
        now: u64,
        refused: impl FnOnce(),
        attempt: impl Fn(&Peer) -> io::Result<T>,
    ) -> Option<io::Result<T>> {
        let (address, is_paused, sent) = self.peer.with(|peer| {
            let sent = attempt(peer);
            (peer.address(), peer.is_paused(), sent)
        })?;
        if !is_refused(&sent) || is_paused {
            return Some(sent);
        }
        self.leave(address, now);
        refused();
        self.peer.with(attempt)
    }

    /// Goes on with the address in use while it is among those found: names with several of them are answered
    /// in turns. One that was left because it refused is gone back to: where a restart of the collector has
    /// driven the packets, they may be lost without a word. It costs a packet if there is still nobody.
    pub(super) fn follow(&self, found: Vec<SocketAddr>) -> io::Result<()> {
        let mut known = lock(&self.known);
        let used = self.used();
        let preferred = [known.home, used].into_iter().flatten();
        let preferred = preferred.filter(|address| found.contains(address));
        let mut result = Err(io::Error::new(ErrorKind::NotFound, "the name has no address"));
        for address in preferred.chain(found.iter().copied()) {
            result = self.connect(address, used);
            if result.is_ok() {
                let at = found.iter().position(|&other| other == address);
                known.at = at.unwrap_or_default();
                break;
            }
        }
        result?;
        known.home = None;
        known.addresses = found;
        Ok(())
    }

    fn connect(&self, address: SocketAddr, used: Option<SocketAddr>) -> io::Result<()> {
        if used != Some(address) {
            self.peer.replace(Peer::connect(address)?);
        }
        Ok(())
    }

    /// Nobody listens at that address: takes the next one, in turns. On the request's path, so this waits for
    /// nobody, and connects once: where nothing leads there, the one after it has its turn after the pause.
    fn leave(&self, refused: SocketAddr, now: u64) {
        let Some(mut known) = try_lock(&self.known) else { return };
        if self.used() != Some(refused) {
            // Left meanwhile.
            return;
        }
        let Some(at) = known.next(refused, now) else { return };
        known.at = at;
        known.moved = Some(now);
        if let Ok(peer) = Peer::connect(known.addresses[at])
            && self.peer.try_replace(peer)
        {
            known.home.get_or_insert(refused);
        }
    }
}

#[cfg(test)]
mod tests;
