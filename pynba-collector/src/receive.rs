//! The sockets: where packets arrive.

mod batch;
mod buffer;
mod lost;
mod owner;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};

pub(crate) use self::batch::Batch;
pub(crate) use self::lost::lost_by_kernel;

/// A socket that is open, and what is to be said about it.
#[derive(Debug)]
pub(crate) struct Receiving {
    pub(crate) socket: UdpSocket,
    pub(crate) address: SocketAddr,
    pub(crate) warning: Option<SmallBuffer>,
}

/// How long a thread waits for a packet before it looks whether it is to stop.
const PATIENCE: Duration = Duration::from_millis(50);

/// How often another port is tried, where one that the system picked is not free at all of several addresses.
const ATTEMPTS: usize = 10;

/// A socket for each of these addresses. Where their port is 0 the system picks one, the same for all.
pub(crate) fn bind_all(addresses: &[SocketAddr]) -> Result<Vec<Receiving>, BindError> {
    // Once: it looks at every process.
    bind_all_by(bind, addresses).map_err(BindError::with_owner)
}

fn bind_all_by(
    bind: impl Fn(SocketAddr) -> Result<Receiving, BindError>,
    addresses: &[SocketAddr],
) -> Result<Vec<Receiving>, BindError> {
    let is_picked = addresses.iter().any(|address| address.port() == 0);
    for _ in 1..ATTEMPTS {
        match at_one_port(&bind, addresses) {
            Err(error) if is_picked && error.is_in_use() => {}
            bound => return bound,
        }
    }
    at_one_port(&bind, addresses)
}

fn at_one_port(
    bind: impl Fn(SocketAddr) -> Result<Receiving, BindError>,
    addresses: &[SocketAddr],
) -> Result<Vec<Receiving>, BindError> {
    let mut picked = 0;
    let mut bind_next = |mut address: SocketAddr| {
        if address.port() != 0 {
            return bind(address);
        }
        address.set_port(picked);
        let receiving = bind(address)?;
        picked = receiving.address.port();
        Ok(receiving)
    };
    addresses.iter().map(|address| bind_next(*address)).collect()
}

fn bind(address: SocketAddr) -> Result<Receiving, BindError> {
    let error = |source| BindError { address, owner: None, source };
    let socket = open(address).map_err(error)?;
    let size = buffer::enlarge(&SockRef::from(&socket));
    let address = socket.local_addr().map_err(error)?;
    let warning = (size < buffer::ENOUGH).then_some(SmallBuffer { address, size });
    Ok(Receiving { socket, address, warning })
}

fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        // `[::]` and `0.0.0.0` side by side, whatever the system's default is.
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(socket.into())
}

/// Lets nothing in any more: only what was received by now can still be read.
pub(crate) fn take_no_more(socket: &UdpSocket) {
    let nobody: IpAddr = match socket.local_addr() {
        Ok(SocketAddr::V6(_)) => Ipv6Addr::LOCALHOST.into(),
        _ => Ipv4Addr::LOCALHOST.into(),
    };
    // A connected socket takes packets of its peer only, and from this port (tcpmux) nobody sends. Where it fails, what
    // comes until the socket is closed is received.
    let _ = socket.connect((nobody, 1));
}

/// The addresses of a server, `host:port`: none if it is not found now.
pub(crate) fn addresses_of(server: &str) -> Vec<SocketAddr> {
    server.to_socket_addrs().map(Vec::from_iter).unwrap_or_default()
}

/// Whether what is sent to one of these addresses arrives at one of our own.
pub(crate) fn are_any_of(servers: &[SocketAddr], own: &[SocketAddr]) -> bool {
    servers.iter().any(|server| {
        let ip = destination(server.ip());
        own.iter().any(|own| {
            let is_at_all = own.ip().is_unspecified() && own.is_ipv4() == ip.is_ipv4();
            server.port() == own.port() && (ip == own.ip() || is_at_all && is_ours(ip))
        })
    })
}

/// Where the system sends what is for this address: to itself when it is none, and by IPv4 to what is one of IPv4.
fn destination(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

/// Only an address of this machine can be bound.
fn is_ours(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}

/// The receive buffer of a socket is so small that bursts of packets are lost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SmallBuffer {
    /// The socket's address.
    pub address: SocketAddr,
    /// Its receive buffer as the kernel counts, bytes: with what it needs itself for each packet.
    pub size: usize,
}

impl fmt::Display for SmallBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, size } = self;
        let packets = size / buffer::FOR_A_PACKET;
        write!(
            f,
            "the receive buffer of {address} has {size} bytes, and of a burst of more than {packets} packets some are \
             lost; raise the kernel's limit: {}",
            buffer::HOW_TO_RAISE
        )
    }
}

/// No socket could be opened at an address.
#[derive(Debug)]
pub struct BindError {
    address: SocketAddr,
    owner: Option<String>,
    source: io::Error,
}

impl BindError {
    fn with_owner(mut self) -> Self {
        if self.is_in_use() {
            self.owner = owner::of(self.address);
        }
        self
    }

    /// The address that was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether somebody else has the port.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        self.source.kind() == io::ErrorKind::AddrInUse
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, owner, source } = self;
        match owner {
            Some(owner) => write!(f, "UDP port {} is in use by {owner}", address.port()),
            None if self.is_in_use() => write!(f, "UDP port {} is in use", address.port()),
            None if source.kind() == io::ErrorKind::AddrNotAvailable => {
                write!(f, "no socket at {address}: this machine does not have that address")
            }
            None => write!(f, "no socket at {address}: {source}"),
        }
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

#[cfg(test)]
mod tests;
