//! Where packets go.

mod udp;

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::stats::Counters;
use crate::{Error, foreign, system};

pub(crate) use self::udp::UdpServer;

/// Takes packets somewhere else than to a UDP server.
///
/// It is called at the end of each request, on the request's own thread: it must not block. (That of a reporter that
/// sends in the [background](crate::Background) may: it is called on the sender's thread.) An error is counted in
/// [`Stats`](crate::Stats) and logged, by its kind as one of the network would be.
///
/// ```
/// use std::{io, sync::mpsc};
/// use pynba_runtime::{Reporter, Transport};
///
/// struct Channel(mpsc::SyncSender<Vec<u8>>);
///
/// impl Transport for Channel {
///     fn send(&self, datagram: &[u8]) -> io::Result<()> {
///         self.0.try_send(datagram.to_vec()).map_err(|_| io::ErrorKind::WouldBlock.into())
///     }
/// }
///
/// let (sender, packets) = mpsc::sync_channel(100);
/// let reporter = Reporter::builder().transport(Channel(sender)).build()?;
/// drop(reporter.open("job"));
/// # if cfg!(feature = "enable") {
/// assert!(packets.recv()?.windows(3).any(|bytes| bytes == b"job"));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Transport: Send + Sync {
    /// Sends one packet.
    ///
    /// # Errors
    ///
    /// Whatever kept it from being sent; the packet is not offered again.
    fn send(&self, datagram: &[u8]) -> io::Result<()>;
}

/// One of the places to which a reporter sends every packet.
#[derive(Clone)]
pub(crate) enum Destination {
    Udp(Arc<UdpServer>),
    Custom(Arc<dyn Transport>),
}

impl Destination {
    /// The same place, with nothing in common that threads which are gone could have locked.
    pub(crate) fn anew(&self) -> Self {
        match self {
            Self::Udp(server) => Self::Udp(Arc::new(server.anew())),
            Self::Custom(transport) => Self::Custom(Arc::clone(transport)),
        }
    }

    /// Waits until nothing is left that was given to it.
    pub(crate) fn settle(&self) {
        match self {
            Self::Udp(server) => server.settle(),
            Self::Custom(_) => {}
        }
    }

    /// Sends the packets and counts what becomes of them.
    pub(crate) fn send_all(&self, packets: &[Vec<u8>], counters: &Arc<Counters>) {
        match self {
            Self::Udp(server) => server.send_all(packets, counters),
            Self::Custom(_) => {
                for packet in packets {
                    if let Err(error) = self.send(packet, counters) {
                        counters.lose(&error);
                    }
                }
            }
        }
    }

    pub(crate) fn is(&self, server: &Arc<UdpServer>) -> bool {
        matches!(self, Self::Udp(other) if Arc::ptr_eq(other, server))
    }

    /// Sends the packet and counts it when it is on its way.
    #[inline]
    pub(crate) fn send(&self, packet: &[u8], counters: &Arc<Counters>) -> Result<(), Error> {
        match self {
            Self::Udp(server) => server.send(packet, counters),
            Self::Custom(transport) => match foreign::run(|| transport.send(packet)) {
                Some(Ok(())) => {
                    counters.sent(packet.len());
                    Ok(())
                }
                Some(Err(source)) => Err(cannot_send("the transport".into(), source)),
                None => {
                    let source = io::Error::other("the transport panicked");
                    Err(cannot_send("the transport".into(), source))
                }
            },
        }
    }
}

#[cold]
/// A system that is out of buffers says by another error what a full buffer of the socket's own would.
fn cannot_send(server: Arc<str>, source: io::Error) -> Error {
    let is_full = system::is_out_of_buffers(&source);
    let source = if is_full { io::ErrorKind::WouldBlock.into() } else { source };
    Error::Send { server, source }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Udp(server) => server.fmt(f),
            Self::Custom(_) => f.write_str("dyn Transport"),
        }
    }
}

#[cfg(test)]
mod tests;
