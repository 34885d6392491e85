//! Where there are no such calls.

use std::io;
use std::net::UdpSocket;
use std::thread;

use super::PATIENCE;

pub(in crate::transport::udp) struct Batch;

impl Batch {
    pub(in crate::transport::udp) fn new() -> Self {
        Self
    }

    /// Sends the first one.
    #[expect(clippy::unused_self, reason = "where there is more to it, more is known")]
    pub(in crate::transport::udp) fn send(
        &self,
        socket: &UdpSocket,
        packets: &[Vec<u8>],
    ) -> io::Result<usize> {
        packets.first().map_or(Ok(0), |packet| socket.send(packet).map(|_| 1))
    }

    /// Nobody tells when there is room, so it is looked for once.
    pub(in crate::transport::udp) fn wait(_socket: &UdpSocket) -> bool {
        thread::sleep(PATIENCE);
        false
    }
}
