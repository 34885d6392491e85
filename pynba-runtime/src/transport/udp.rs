//! One connected, non-blocking UDP socket for each server and process.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use once_cell::sync::OnceCell;

use crate::address::Address;
use crate::stats::{Counters, Kind};
use crate::{Error, diagnostics, system};

/// How long the very first packet to a host name waits for the resolver, so that a program that sends
/// one packet and ends gets it out. Local resolvers answer in a tenth of it; after it the packet stays
/// queued and the handler goes on.
const FIRST_LOOKUP_PATIENCE: Duration = Duration::from_millis(100);

/// Packets that wait for the first look-up. Later ones are dropped and counted.
const QUEUE_LENGTH: usize = 64;

/// After a failed look-up the next one waits that long.
const LOOKUP_PAUSE: Duration = Duration::from_secs(1);

type Resolver = Box<dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// A server and the socket to it.
pub(crate) struct UdpServer {
    /// As the program wrote it, for messages.
    name: Arc<str>,
    address: Address,
    socket: OnceCell<UdpSocket>,
    lookup: Mutex<Lookup>,
    /// Notified when a look-up has ended.
    looked_up: Condvar,
    resolver: Resolver,
}

/// How far the resolution of a host name has come. Unused for servers given by their IP address.
#[derive(Default)]
struct Lookup {
    state: LookupState,
    queue: Vec<Queued>,
}

#[derive(Default)]
enum LookupState {
    #[default]
    Never,
    Running,
    Failed {
        again: Instant,
        kind: ErrorKind,
    },
}

impl LookupState {
    fn failed(error: &io::Error) -> Self {
        Self::Failed { again: Instant::now() + LOOKUP_PAUSE, kind: error.kind() }
    }
}

struct Queued {
    packet: Vec<u8>,
    counters: Arc<Counters>,
}

impl UdpServer {
    /// The process's one server of that address.
    ///
    /// # Errors
    ///
    /// When the text is no `host:port`.
    pub(crate) fn shared(server: &str) -> Result<Arc<Self>, Error> {
        static SERVERS: Mutex<Option<HashMap<Address, Weak<UdpServer>>>> = Mutex::new(None);
        let address: Address = server.parse()?;
        let mut servers = lock(&SERVERS);
        let servers = servers.get_or_insert_default();
        if let Some(server) = servers.get(&address).and_then(Weak::upgrade) {
            return Ok(server);
        }
        servers.retain(|_, server| server.strong_count() > 0);
        let made = Arc::new(Self::new(server, address.clone(), Box::new(resolve)));
        servers.insert(address, Arc::downgrade(&made));
        Ok(made)
    }

    fn new(name: &str, address: Address, resolver: Resolver) -> Self {
        Self {
            name: name.into(),
            address,
            socket: OnceCell::new(),
            lookup: Mutex::default(),
            looked_up: Condvar::new(),
            resolver,
        }
    }

    pub(crate) fn send(
        self: &Arc<Self>,
        packet: &[u8],
        counters: &Arc<Counters>,
    ) -> Result<(), Error> {
        match &self.address {
            Address::Ip(address) => {
                let socket = self.socket.get_or_try_init(|| connect(*address));
                let socket = socket.map_err(|source| self.cannot_connect(source))?;
                self.transmit(socket, packet, counters)
            }
            Address::Name { host, port } => match self.socket.get() {
                Some(socket) => self.transmit(socket, packet, counters),
                None => self.enqueue(host, *port, packet, counters),
            },
        }
    }

    fn transmit(
        &self,
        socket: &UdpSocket,
        packet: &[u8],
        counters: &Counters,
    ) -> Result<(), Error> {
        let error = |source| Error::Send { server: self.name.clone(), source };
        let mut sent = socket.send(packet);
        // The refusal answers an earlier packet; with it this send ended and transmitted nothing. Without
        // a second attempt the first packet after a collector's restart would be lost.
        if sent.as_ref().is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused) {
            counters.lost(Kind::Refused);
            diagnostics::lost(Kind::Refused, &error(ErrorKind::ConnectionRefused.into()));
            sent = socket.send(packet);
        }
        if sent.as_ref().is_err_and(system::is_out_of_buffers) {
            sent = Err(ErrorKind::WouldBlock.into());
        }
        sent.map_err(error)?;
        counters.sent(packet.len());
        Ok(())
    }

    /// Keeps the packet until the host name is resolved, which another thread does.
    fn enqueue(
        self: &Arc<Self>,
        host: &str,
        port: u16,
        packet: &[u8],
        counters: &Arc<Counters>,
    ) -> Result<(), Error> {
        let mut lookup = lock(&self.lookup);
        if let Some(socket) = self.socket.get() {
            drop(lookup);
            return self.transmit(socket, packet, counters);
        }
        let first = matches!(lookup.state, LookupState::Never);
        match lookup.state {
            LookupState::Running => {}
            LookupState::Failed { again, kind } if Instant::now() < again => {
                return Err(self.cannot_resolve(kind.into()));
            }
            LookupState::Never | LookupState::Failed { .. } => {
                if let Err(source) = self.look_up_elsewhere(host, port) {
                    lookup.state = LookupState::failed(&source);
                    return Err(self.cannot_resolve(source));
                }
                lookup.state = LookupState::Running;
            }
        }
        if lookup.queue.len() == QUEUE_LENGTH {
            return Err(self.cannot_resolve(ErrorKind::WouldBlock.into()));
        }
        lookup.queue.push(Queued { packet: packet.to_vec(), counters: Arc::clone(counters) });
        if first {
            let running = |lookup: &mut Lookup| matches!(lookup.state, LookupState::Running);
            let wait = self.looked_up.wait_timeout_while(lookup, FIRST_LOOKUP_PATIENCE, running);
            drop(wait);
        }
        Ok(())
    }

    fn look_up_elsewhere(self: &Arc<Self>, host: &str, port: u16) -> io::Result<()> {
        let (server, host) = (Arc::clone(self), host.to_owned());
        std::thread::Builder::new()
            .name("pynba-resolver".to_owned())
            .spawn(move || {
                let connected =
                    (server.resolver)(&host, port).and_then(|found| connect_any(&found));
                server.looked_up(connected);
            })
            .map(drop)
    }

    /// Sends what has waited, or says why it cannot be sent.
    fn looked_up(&self, connected: io::Result<UdpSocket>) {
        let mut lookup = lock(&self.lookup);
        let queue = std::mem::take(&mut lookup.queue);
        let failure = match connected {
            Ok(socket) => {
                let socket = self.socket.get_or_init(|| socket);
                for queued in &queue {
                    if let Err(error) = self.transmit(socket, &queued.packet, &queued.counters) {
                        let kind = Kind::of(&error);
                        queued.counters.lost(kind);
                        diagnostics::lost(kind, &error);
                    }
                }
                lookup.state = LookupState::Never;
                None
            }
            Err(source) => {
                lookup.state = LookupState::failed(&source);
                Some(self.cannot_resolve(source))
            }
        };
        drop(lookup);
        self.looked_up.notify_all();
        if let Some(error) = failure {
            for queued in &queue {
                queued.counters.lost(Kind::Unresolved);
            }
            diagnostics::lost(Kind::Unresolved, &error);
        }
    }

    fn cannot_connect(&self, source: io::Error) -> Error {
        Error::Connect { server: Arc::clone(&self.name), source }
    }

    fn cannot_resolve(&self, source: io::Error) -> Error {
        Error::Resolve { server: Arc::clone(&self.name), source }
    }
}

impl fmt::Debug for UdpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UdpServer").field(&self.name).finish()
    }
}

fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok((host, port).to_socket_addrs()?.collect())
}

fn connect_any(addresses: &[SocketAddr]) -> io::Result<UdpSocket> {
    let mut result = Err(io::Error::new(ErrorKind::NotFound, "the name has no address"));
    for &address in addresses {
        result = connect(address);
        if result.is_ok() {
            break;
        }
    }
    result
}

/// A socket that sends to `address` only and never waits.
fn connect(address: SocketAddr) -> io::Result<UdpSocket> {
    let any = match address {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A thread that panicked under one of these locks left nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
