//! The receive buffer: what the kernel keeps while nobody reads.

use socket2::SockRef;

/// What is asked for, bytes: 14,000 packets or 40 ms of the fastest that one processor can take in. A kernel that
/// allows less gives what it allows.
const WANTED: usize = 32 << 20;

/// Less than that is worth a warning, bytes as the kernel counts.
pub(super) const ENOUGH: usize = 4 << 20;

/// What a packet of some hundred bytes takes there: Linux counts the whole buffer that the network card or the
/// loopback put it into.
pub(super) const FOR_A_PACKET: usize = 2304;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) const HOW_TO_RAISE: &str = "`sysctl -w net.core.rmem_max=33554432`";

#[cfg(any(target_os = "macos", target_os = "freebsd"))]
pub(super) const HOW_TO_RAISE: &str = "`sysctl -w kern.ipc.maxsockbuf=33554432`";

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "macos",
    target_os = "freebsd"
)))]
pub(super) const HOW_TO_RAISE: &str =
    "see the system's manual for the largest receive buffer of sockets";

/// Makes it as large as the system allows, and gives its size.
pub(super) fn enlarge(socket: &SockRef<'_>) -> usize {
    // Linux cuts what is too much; others refuse it.
    let mut wanted = WANTED;
    while !beyond_the_limit(socket, wanted)
        && socket.set_recv_buffer_size(wanted).is_err()
        && wanted > 64 << 10
    {
        wanted /= 2;
    }
    socket.recv_buffer_size().unwrap_or(0)
}

/// The limit is not one for root.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn beyond_the_limit(socket: &SockRef<'_>, size: usize) -> bool {
    nix::sys::socket::setsockopt(&**socket, nix::sys::socket::sockopt::RcvBufForce, &size).is_ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn beyond_the_limit(_socket: &SockRef<'_>, _size: usize) -> bool {
    false
}
