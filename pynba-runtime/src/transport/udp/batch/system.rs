//! Linux's calls for many datagrams, behind safe functions: `sendmmsg`, `UDP_SEGMENT` and `poll`.

#![allow(unsafe_code)]
#![allow(clippy::cast_possible_truncation, reason = "libc has types of its own for small numbers")]

use std::io;
use std::mem::{offset_of, zeroed};
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::time::Duration;

/// Packets in one call, and in one message (`UDP_MAX_SEGMENTS`).
pub(super) const MOST: usize = 64;

/// Bytes of a message: those of a datagram over IPv4, also where its parts go over IPv6.
pub(super) const LARGEST: usize = 65_507;

/// The control message that asks for a message to be cut into datagrams of that size, as it lies in memory.
#[repr(C)]
struct Segment {
    header: libc::cmsghdr,
    size: u16,
}

// SAFETY: these functions of libc only compute.
const SPACE: usize = unsafe { libc::CMSG_SPACE(size_of::<u16>() as libc::c_uint) } as usize;
// SAFETY: as above.
const LENGTH: usize = unsafe { libc::CMSG_LEN(size_of::<u16>() as libc::c_uint) } as usize;
const _: () = assert!(size_of::<Segment>() == SPACE);
const _: () = assert!(offset_of!(Segment, size) + size_of::<u16>() == LENGTH);

/// How many of the packets go into the next message: one, or several of a size, the last of which may be shorter.
fn run(packets: &[Vec<u8>], joined_up_to: usize) -> usize {
    let size = packets.first().map_or(0, Vec::len);
    if size == 0 || size > joined_up_to {
        return 1;
    }
    let (mut count, mut bytes) = (1, size);
    for packet in packets[1..].iter().take(MOST - 1) {
        bytes += packet.len();
        if packet.is_empty() || packet.len() > size || bytes > LARGEST {
            break;
        }
        count += 1;
        if packet.len() < size {
            break;
        }
    }
    count
}

/// Whether the first of the packets does not go alone.
pub(super) fn is_joined(packets: &[Vec<u8>], joined_up_to: usize) -> bool {
    run(packets, joined_up_to) > 1
}

/// How many packets are in each message of a call.
#[cfg(test)]
pub(super) fn messages(mut packets: &[Vec<u8>], joined_up_to: usize) -> Vec<usize> {
    packets = &packets[..packets.len().min(MOST)];
    let mut counts = Vec::new();
    while !packets.is_empty() {
        let count = run(packets, joined_up_to);
        packets = &packets[count..];
        counts.push(count);
    }
    counts
}

/// Sends the packets, of which there are [`MOST`] at most, and joins those that are not larger than that. Says how
/// many the kernel took; an error is that of the first one.
pub(super) fn send(
    socket: &UdpSocket,
    packets: &[Vec<u8>],
    joined_up_to: usize,
) -> io::Result<usize> {
    let packets = &packets[..packets.len().min(MOST)];
    // SAFETY: all three are structures of C for which zeros are values: no buffers, no control messages.
    let (mut parts, mut segments, mut messages): (
        [libc::iovec; MOST],
        [Segment; MOST],
        [libc::mmsghdr; MOST],
    ) = unsafe { zeroed() };
    let mut counts = [0; MOST];
    let (mut at, mut used) = (0, 0);
    while at < packets.len() {
        let count = run(&packets[at..], joined_up_to);
        for (part, packet) in parts[at..].iter_mut().zip(&packets[at..at + count]) {
            // It is only read from.
            part.iov_base = packet.as_ptr().cast_mut().cast();
            part.iov_len = packet.len();
        }
        let header = &mut messages[used].msg_hdr;
        header.msg_iov = parts[at..].as_mut_ptr();
        header.msg_iovlen = count as _;
        if count > 1 {
            let segment = &mut segments[used];
            segment.header.cmsg_level = libc::SOL_UDP;
            segment.header.cmsg_type = libc::UDP_SEGMENT;
            segment.header.cmsg_len = LENGTH as _;
            segment.size = packets[at].len() as u16;
            header.msg_control = (&raw mut *segment).cast();
            header.msg_controllen = SPACE as _;
        }
        counts[used] = count;
        at += count;
        used += 1;
    }
    // SAFETY: the descriptor is open while the socket is borrowed. The first `used` messages are valid: they name no
    // address; their parts are `count` elements of `parts`, which lie inside of it and name the memory of `packets`,
    // borrowed all the while and only read; their control message, if they have one, is one element of `segments`,
    // whose size and layout were checked above. `used` is `MOST` at most. The kernel writes `msg_len` only.
    let taken = unsafe {
        libc::sendmmsg(socket.as_raw_fd(), messages.as_mut_ptr(), used as libc::c_uint, 0)
    };
    let taken = usize::try_from(taken).map_err(|_| io::Error::last_os_error())?;
    Ok(counts[..taken.min(used)].iter().sum())
}

/// Whether the kernel knows how to cut messages.
pub(super) fn joins(socket: &UdpSocket) -> bool {
    let mut size: libc::c_int = 0;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the descriptor is open, and the kernel writes at most `length` bytes to `size`, which has so many.
    let done = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_UDP,
            libc::UDP_SEGMENT,
            (&raw mut size).cast(),
            &raw mut length,
        )
    };
    done == 0
}

/// Whether at least half of the send buffer is free, now or within the given time.
pub(super) fn has_room(socket: &UdpSocket, within: Option<Duration>) -> bool {
    let millis = within.map_or(0, |time| time.as_millis().try_into().unwrap_or(libc::c_int::MAX));
    let mut waited = libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    // SAFETY: the pointer is valid for the one element, to which the kernel writes `revents`.
    let ready = unsafe { libc::poll(&raw mut waited, 1, millis) };
    ready == 1 && waited.revents & libc::POLLOUT != 0
}
