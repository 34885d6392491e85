//! A connected, non-blocking UDP socket.

use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use super::absence::Absence;
use super::batch::Batch;

/// A socket that sends to one address only and never waits.
pub(super) struct Peer {
    address: SocketAddr,
    socket: UdpSocket,
    batch: Batch,
    absence: Absence,
}

impl Peer {
    pub(super) fn connect(address: SocketAddr) -> io::Result<Self> {
        let any = match address {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        let socket = UdpSocket::bind(any)?;
        socket.set_nonblocking(true)?;
        socket.connect(address)?;
        Ok(Self { address, socket, batch: Batch::new(), absence: Absence::default() })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn send(&self, packet: &[u8]) -> io::Result<()> {
        if self.absence.is_pause() {
            return Err(ErrorKind::ConnectionRefused.into());
        }
        let sent = self.socket.send(packet).map(drop);
        self.absence.note(is_refused(&sent));
        sent
    }

    /// Whether packets are refused without sending them: then there is no use in a second attempt.
    pub(super) fn is_paused(&self) -> bool {
        self.absence.is_pause()
    }

    /// Sends some of the packets, at least the first, and says how many. Where the send buffer is full this waits a
    /// little, as long as nobody has waited in vain: it is not for the thread of a request.
    pub(super) fn send_some(
        &self,
        packets: &[Vec<u8>],
        is_patient: &Cell<bool>,
    ) -> io::Result<usize> {
        let attempt = || self.batch.send(&self.socket, packets);
        patiently(is_patient, attempt, || Batch::wait(&self.socket))
    }
}

/// Tries again what found a full buffer, after some waiting, unless somebody has waited in vain before.
fn patiently<T>(
    is_patient: &Cell<bool>,
    attempt: impl Fn() -> io::Result<T>,
    wait: impl FnOnce() -> bool,
) -> io::Result<T> {
    let first = attempt();
    let is_full = first.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
    if !is_full || !is_patient.get() {
        return first;
    }
    is_patient.set(wait());
    attempt()
}

/// Whether nobody listened for an earlier packet: with that answer this send ended, and transmitted nothing.
/// Without a second attempt the first packet after a collector's restart would be lost.
pub(super) fn is_refused<T>(sent: &io::Result<T>) -> bool {
    sent.as_ref().is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::tests::{WAIT, receiver, receiver_v6};
    use super::*;

    /// The loopback has no full send buffers, so this one is made up: attempts that fail, and waits.
    #[test]
    fn a_full_buffer_is_waited_for_until_that_was_in_vain() {
        let (left, waits, patience) = (Cell::new(0), Cell::new(0), Cell::new(true));
        let tries = |fails: u32, helps: bool| {
            left.set(fails);
            waits.set(0);
            let attempt = || match left.replace(left.get().saturating_sub(1)) {
                0 => Ok(()),
                _ => Err(io::Error::from(ErrorKind::WouldBlock)),
            };
            let wait = || {
                waits.set(waits.get() + 1);
                helps
            };
            (patiently(&patience, attempt, wait).is_ok(), waits.get())
        };
        assert_eq!(tries(0, true), (true, 0));
        assert_eq!(tries(1, true), (true, 1));
        assert_eq!(tries(2, true), (false, 1));
        assert_eq!(tries(1, true), (true, 1), "there was room at least");
        assert_eq!(tries(2, false), (false, 1));
        assert_eq!(tries(1, true), (false, 0), "nobody waits any more");
        assert!(!patience.get());
        patience.set(true);
        let refused = || Err::<(), _>(io::Error::from(ErrorKind::ConnectionRefused));
        assert!(patiently(&patience, refused, || panic!("there is nothing to wait for")).is_err());
    }

    #[test]
    fn the_socket_never_waits() {
        for (_receiver, address) in [Some(receiver()), receiver_v6()].into_iter().flatten() {
            let socket = Peer::connect(address).ok().unwrap().socket;
            // The loopback takes packets faster than a send buffer fills. Receiving heeds the same flag, and
            // nothing comes: a socket that waits would do so until this time is over.
            socket.set_read_timeout(Some(WAIT)).unwrap();
            let start = Instant::now();
            let error = socket.recv(&mut [0]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            assert!(start.elapsed() < WAIT, "it waited");
        }
    }
}
