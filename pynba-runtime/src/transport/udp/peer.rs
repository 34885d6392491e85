//! A connected, non-blocking UDP socket.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// A socket that sends to one address only and never waits.
pub(super) struct Peer {
    address: SocketAddr,
    socket: UdpSocket,
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
        Ok(Self { address, socket })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn send(&self, packet: &[u8]) -> io::Result<()> {
        self.socket.send(packet).map(drop)
    }
}

/// Whether nobody listened for an earlier packet: with that answer this send ended, and transmitted nothing.
/// Without a second attempt the first packet after a collector's restart would be lost.
pub(super) fn is_refused(sent: &io::Result<()>) -> bool {
    sent.as_ref().is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::tests::{WAIT, receiver, receiver_v6};
    use super::*;

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
