//! With the calls that Linux has for many datagrams.

use std::io::{self, ErrorKind};
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{PATIENCE, system};

/// Whether the kernel joins packets was not asked yet.
pub(super) const UNASKED: usize = usize::MAX;

/// Joined packets are not fragmented, so none may be larger than the way to the server allows. IPv6 takes 1280
/// bytes everywhere, of which 48 are headers.
const SMALL: usize = 1232;

/// What is known of a socket that sends many packets at once.
pub(in crate::transport::udp) struct Batch {
    /// Up to this size packets are joined; 0 when the kernel or the network device does not do that.
    joined_up_to: AtomicUsize,
    /// The last call ended early, for a reason which it kept to itself.
    ended_early: AtomicBool,
    /// That reason was a refusal. The next call begins with it.
    is_refused: AtomicBool,
}

impl Batch {
    pub(in crate::transport::udp) fn new() -> Self {
        Self {
            joined_up_to: AtomicUsize::new(UNASKED),
            ended_early: AtomicBool::new(false),
            is_refused: AtomicBool::new(false),
        }
    }

    /// Sends as many as it can, at least the first, and says how many. An error is that of the first one, and if
    /// it is a refusal, it answers an earlier packet, as with a plain `send`.
    pub(in crate::transport::udp) fn send(
        &self,
        socket: &UdpSocket,
        packets: &[Vec<u8>],
    ) -> io::Result<usize> {
        if self.is_refused.swap(false, Ordering::Relaxed) {
            // The second attempt of whoever is told is not to meet the next refusal.
            let _ = socket.take_error();
            return Err(ErrorKind::ConnectionRefused.into());
        }
        let packets = &packets[..packets.len().min(system::MOST)];
        let sent = self.send_joined(socket, packets);
        let ended_early = self.ended_early.swap(false, Ordering::Relaxed);
        if let Ok(count) = sent {
            // What ended the last call is gone, so it was no trouble of the packet's own.
            self.is_refused.store(ended_early, Ordering::Relaxed);
            // The kernel drops the error where it has sent something before. A full buffer is still full.
            let again = count < packets.len() && system::has_room(socket, None);
            self.ended_early.store(again, Ordering::Relaxed);
        }
        sent
    }

    fn send_joined(&self, socket: &UdpSocket, packets: &[Vec<u8>]) -> io::Result<usize> {
        loop {
            let up_to = self.joined_up_to(socket);
            match system::send(socket, packets, up_to) {
                Err(error) if system::is_joined(packets, up_to) && cannot_join(&error) => {
                    self.join_less(packets[0].len());
                }
                sent => return sent,
            }
        }
    }

    fn joined_up_to(&self, socket: &UdpSocket) -> usize {
        let known = self.joined_up_to.load(Ordering::Relaxed);
        if known != UNASKED {
            return known;
        }
        // A kernel that has never heard of it would send all of them as one datagram.
        let asked = if system::joins(socket) { system::LARGEST } else { 0 };
        self.joined_up_to.store(asked, Ordering::Relaxed);
        asked
    }

    /// Packets of that size could not be joined. That ends: they are small, then they are none.
    fn join_less(&self, size: usize) {
        let up_to = if size > SMALL { SMALL } else { 0 };
        self.joined_up_to.fetch_min(up_to, Ordering::Relaxed);
        // If it was that which ended the last call, then it was no refusal.
        self.ended_early.store(false, Ordering::Relaxed);
    }

    /// Waits for room in a send buffer that is full. `false` when there was none in time.
    pub(in crate::transport::udp) fn wait(socket: &UdpSocket) -> bool {
        system::has_room(socket, Some(PATIENCE))
    }

    #[cfg(test)]
    pub(super) fn known(&self) -> usize {
        self.joined_up_to.load(Ordering::Relaxed)
    }
}

/// What kernels and devices say that cannot do it, or not for packets of this size.
fn cannot_join(error: &io::Error) -> bool {
    let number = error.raw_os_error();
    [libc::EINVAL, libc::EIO, libc::EMSGSIZE, libc::ENOPROTOOPT, libc::EOPNOTSUPP]
        .into_iter()
        .any(|one| number == Some(one))
}
