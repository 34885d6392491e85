//! A connected, non-blocking UDP socket.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use crate::stats::Counters;
use crate::{Error, system};

/// A socket that sends to one address only and never waits.
pub(super) struct Peer {
    /// The server, for messages.
    name: Arc<str>,
    address: SocketAddr,
    socket: UdpSocket,
}

impl Peer {
    pub(super) fn connect(name: &Arc<str>, address: SocketAddr) -> io::Result<Self> {
        let any = match address {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        let socket = UdpSocket::bind(any)?;
        socket.connect(address)?;
        socket.set_nonblocking(true)?;
        Ok(Self { name: Arc::clone(name), address, socket })
    }

    /// To the first of the addresses that there is a way to.
    pub(super) fn connect_any(name: &Arc<str>, addresses: &[SocketAddr]) -> io::Result<Self> {
        let mut result = Err(io::Error::new(ErrorKind::NotFound, "the name has no address"));
        for &address in addresses {
            result = Self::connect(name, address);
            if result.is_ok() {
                break;
            }
        }
        result
    }

    pub(super) fn is_one_of(&self, addresses: &[SocketAddr]) -> bool {
        addresses.contains(&self.address)
    }

    pub(super) fn send(&self, packet: &[u8], counters: &Counters) -> Result<(), Error> {
        let error = |source| Error::Send { server: Arc::clone(&self.name), source };
        let mut sent = self.socket.send(packet);
        // The refusal answers an earlier packet; with it this send ended and transmitted nothing. Without
        // a second attempt the first packet after a collector's restart would be lost.
        if sent.as_ref().is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused) {
            counters.lose(&error(ErrorKind::ConnectionRefused.into()));
            sent = self.socket.send(packet);
        }
        if sent.as_ref().is_err_and(system::is_out_of_buffers) {
            sent = Err(ErrorKind::WouldBlock.into());
        }
        sent.map_err(error)?;
        counters.sent(packet.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_an_address_is_an_error() {
        let error = Peer::connect_any(&"pinba.test:1".into(), &[]).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }

    #[test]
    fn an_address_that_nothing_leads_to_is_passed_over() {
        // Nobody may connect to the broadcast address unless he has asked for it before.
        let nowhere = SocketAddr::from((Ipv4Addr::BROADCAST, 9));
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        let peer = Peer::connect_any(&"pinba.test:9".into(), &[nowhere, loopback]).ok().unwrap();
        assert_eq!(peer.address, loopback);
    }
}
