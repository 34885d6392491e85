//! Everything that can go wrong, as one type.

use std::io;
use std::sync::Arc;
use std::{error, fmt};

/// What went wrong while a reporter was built, or a packet was sent.
///
/// A monitored handler never sees one of these: there they are counted ([`Stats`](crate::Stats)) and logged.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The text is no `host:port`.
    InvalidServer {
        /// The text as it was given.
        server: String,
        /// What is wrong with it, and what to write instead.
        problem: &'static str,
    },
    /// More servers than a reporter sends to: [`MAX_SERVERS`](crate::MAX_SERVERS).
    TooManyServers {
        /// How many were given.
        given: usize,
    },
    /// A reporter with neither a server nor a transport.
    NoServer,
    /// A size of packets that no datagram has.
    InvalidMaxDatagram {
        /// Bytes, as given.
        given: usize,
    },
    /// The server's host name was not found, yet or any more.
    Resolve {
        /// The server as it was given.
        server: Arc<str>,
        /// What the resolver said.
        source: io::Error,
    },
    /// No socket could be opened or connected to the server.
    Connect {
        /// The server as it was given.
        server: Arc<str>,
        /// What the system said.
        source: io::Error,
    },
    /// The packet was not taken by the system or by the program's own transport.
    Send {
        /// The server as it was given.
        server: Arc<str>,
        /// What the system said; [`WouldBlock`](io::ErrorKind::WouldBlock) when its buffer was full,
        /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) when nobody listens there.
        source: io::Error,
    },
    /// The packet is larger than a datagram may be.
    TooLarge {
        /// The packet's size in bytes.
        size: usize,
        /// The largest size in bytes.
        limit: usize,
    },
    /// The queue of the background sender had no room for the packet.
    QueueFull {
        /// Packets that it holds at most.
        capacity: usize,
        /// Bytes that it holds at most.
        max_bytes: usize,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidServer { server, problem } => {
                write!(f, "invalid server {server:?}: {problem}")
            }
            Self::TooManyServers { given } => {
                write!(
                    f,
                    "{given} servers given; a reporter sends to at most {}",
                    crate::MAX_SERVERS
                )
            }
            Self::NoServer => f.write_str("a reporter needs a server or a transport"),
            Self::InvalidMaxDatagram { given } => {
                write!(f, "packets of {given} bytes; a datagram takes from 548 to 65527")
            }
            Self::Resolve { server, .. } => write!(f, "cannot find the address of {server}"),
            Self::Connect { server, .. } => write!(f, "cannot open a socket to {server}"),
            Self::Send { server, source } => match source.kind() {
                io::ErrorKind::WouldBlock => {
                    write!(f, "packet to {server} dropped, the send buffer is full")
                }
                io::ErrorKind::ConnectionRefused => {
                    write!(f, "packet to {server} refused, nobody listens there")
                }
                _ => write!(f, "cannot send to {server}"),
            },
            Self::TooLarge { size, limit } => {
                write!(f, "packet of {size} bytes dropped, a datagram takes at most {limit}")
            }
            Self::QueueFull { capacity, max_bytes } => write!(
                f,
                "packet dropped, {capacity} packets or {max_bytes} bytes wait for the background sender; \
                 give it more `capacity` or `max_bytes`, or send a sample"
            ),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Resolve { source, .. }
            | Self::Connect { source, .. }
            | Self::Send { source, .. } => Some(source),
            _ => None,
        }
    }
}
