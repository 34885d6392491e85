//! Many packets with one system call, where there is one for it.

use std::io;
use std::net::UdpSocket;

/// So many packets at once. More hardly makes it cheaper, and somebody may wait for what comes after them.
const PACKETS: usize = 64;

/// Room for the largest datagram (65,527 bytes over IPv6), and an odd number of cache lines, so that the beginnings of
/// packets do not push each other out of the cache.
const ROOM: usize = (1 << 16) + 64;

#[derive(Debug)]
pub(crate) struct Batch {
    buffers: Vec<u8>,
    lengths: Vec<usize>,
}

impl Batch {
    pub(crate) fn new() -> Self {
        Self { buffers: vec![0; PACKETS * ROOM], lengths: Vec::with_capacity(PACKETS) }
    }

    /// The packets that are there, waiting for the first one. None at all when it does not come in time.
    pub(crate) fn receive(
        &mut self,
        socket: &UdpSocket,
    ) -> io::Result<impl Iterator<Item = &[u8]> + Clone> {
        self.lengths.clear();
        loop {
            match receive(socket, &mut self.buffers, &mut self.lengths) {
                // By a signal, which says nothing about what is there.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if !is_nothing(&error) => return Err(error),
                _ => break,
            }
        }
        let packets = self.buffers.chunks_exact(ROOM).zip(&self.lengths);
        Ok(packets.map(|(buffer, length)| &buffer[..*length]))
    }
}

fn is_nothing(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionReset, TimedOut, WouldBlock};
    // Windows tells a socket that something it sent was refused, even if it never sent anything.
    matches!(error.kind(), WouldBlock | TimedOut | ConnectionReset)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn receive(socket: &UdpSocket, buffers: &mut [u8], lengths: &mut Vec<usize>) -> io::Result<()> {
    use std::io::IoSliceMut;
    use std::os::fd::AsRawFd;

    use nix::sys::socket::{MsgFlags, MultiHeaders, recvmmsg};

    let mut headers = MultiHeaders::<()>::preallocate(PACKETS, None);
    let mut slices: Vec<_> =
        buffers.chunks_exact_mut(ROOM).map(|buffer| [IoSliceMut::new(buffer)]).collect();
    let flags = MsgFlags::MSG_WAITFORONE;
    let received = recvmmsg(socket.as_raw_fd(), &mut headers, &mut slices, flags, None)?;
    lengths.extend(received.map(|message| message.bytes));
    Ok(())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn receive(socket: &UdpSocket, buffers: &mut [u8], lengths: &mut Vec<usize>) -> io::Result<()> {
    lengths.push(socket.recv(&mut buffers[..ROOM])?);
    Ok(())
}
