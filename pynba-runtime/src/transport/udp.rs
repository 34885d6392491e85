//! UDP servers: one for each address and process.

mod absence;
mod batch;
mod lookup;
mod peer;
mod route;
mod swap;

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use once_cell::race::OnceBox;

use self::lookup::{Lookups, Resolver};
use self::peer::{Peer, is_refused};
use crate::Error;
use crate::address::Address;
use crate::lock::lock;
use crate::stats::Counters;

/// A server and the socket to it.
pub(crate) struct UdpServer {
    /// As the program wrote it, for messages.
    name: Arc<str>,
    address: Address,
    /// The socket to a server given by its IP address. Where two threads open it at once, one of theirs is closed:
    /// neither waits for the other, which after a `fork` may not be there.
    fixed: OnceBox<Peer>,
    /// The socket to one given by a host name, and how it is found.
    lookups: Lookups,
}

impl UdpServer {
    /// The process's one server of that address. A host name is looked up as often as the one who asks for
    /// the shortest interval wants.
    ///
    /// # Errors
    ///
    /// When the text is no `host:port`.
    pub(crate) fn shared(server: &str, resolve_interval: Duration) -> Result<Arc<Self>, Error> {
        static SERVERS: Mutex<Option<HashMap<Address, Weak<UdpServer>>>> = Mutex::new(None);
        let address: Address = server.parse()?;
        let mut servers = lock(&SERVERS);
        let servers = servers.get_or_insert_default();
        if let Some(server) = servers.get(&address).and_then(Weak::upgrade) {
            server.lookups.at_least_every(resolve_interval);
            return Ok(server);
        }
        servers.retain(|_, server| server.strong_count() > 0);
        let resolver = Box::new(lookup::resolve);
        let made = Arc::new(Self::new(server, address.clone(), resolve_interval, resolver));
        servers.insert(address, Arc::downgrade(&made));
        Ok(made)
    }

    fn new(name: &str, address: Address, resolve_interval: Duration, resolver: Resolver) -> Self {
        Self {
            name: name.into(),
            address,
            fixed: OnceBox::new(),
            lookups: Lookups::new(resolve_interval, resolver),
        }
    }

    /// Another one of that address, by itself.
    pub(crate) fn anew(&self) -> Self {
        let Self { name, address, lookups, .. } = self;
        Self::new(name, address.clone(), lookups.interval(), Box::new(lookup::resolve))
    }

    /// One whose name is looked up until what is given besides is dropped.
    #[cfg(test)]
    pub(crate) fn hanging(host: &str, port: u16) -> (Arc<Self>, std::sync::mpsc::Sender<()>) {
        let (answer, hanging) = std::sync::mpsc::channel();
        let hanging = Mutex::new(hanging);
        let resolver = Box::new(move |host: &str, port| {
            let _ = lock(&hanging).recv_timeout(Duration::from_secs(10));
            lookup::resolve(host, port)
        });
        let address = Address::Name { host: host.to_owned(), port };
        let interval = Duration::from_secs(60);
        (Arc::new(Self::new(host, address, interval, resolver)), answer)
    }

    pub(crate) fn send(
        self: &Arc<Self>,
        packet: &[u8],
        counters: &Arc<Counters>,
    ) -> Result<(), Error> {
        match &self.address {
            Address::Ip(address) => {
                let sent = self.send_to(*address, counters, |peer| peer.send(packet))?;
                self.sent(sent, packet, counters)
            }
            Address::Name { host, port } => {
                self.send_by_name((host, *port), packet, counters, self.lookups.now())
            }
        }
    }

    /// Sends the packets with as few calls as the system allows. Counts those that are lost, too.
    pub(crate) fn send_all(self: &Arc<Self>, packets: &[Vec<u8>], counters: &Arc<Counters>) {
        let is_patient = Cell::new(true);
        let mut rest = packets;
        while !rest.is_empty() {
            let done = self.send_some(rest, counters, |peer| peer.send_some(rest, &is_patient));
            let count = done.unwrap_or_else(|error| {
                counters.lose(&error);
                1
            });
            rest = &rest[count..];
        }
    }

    /// Waits until all packets that were given to it are sent or lost.
    pub(crate) fn settle(&self) {
        if let Address::Name { .. } = self.address {
            self.settle_by_name();
        }
    }

    /// Says how many of the packets are sent, at least the first, which an error is about.
    fn send_some(
        self: &Arc<Self>,
        packets: &[Vec<u8>],
        counters: &Arc<Counters>,
        attempt: impl Fn(&Peer) -> io::Result<usize>,
    ) -> Result<usize, Error> {
        match &self.address {
            Address::Ip(address) => {
                let sent = self.send_to(*address, counters, attempt)?;
                self.sent_some(sent, packets, counters)
            }
            Address::Name { host, port } => {
                let (target, now) = ((host.as_str(), *port), self.lookups.now());
                self.send_some_by_name(target, packets, counters, now, attempt)
            }
        }
    }

    /// Sends to the one address that there is; when that refuses, again.
    fn send_to<T>(
        &self,
        address: SocketAddr,
        counters: &Counters,
        attempt: impl Fn(&Peer) -> io::Result<T>,
    ) -> Result<io::Result<T>, Error> {
        // A failure is not kept: a program that starts before its network is up gets through later.
        let peer = self.fixed.get_or_try_init(|| Peer::connect(address).map(Box::new));
        let peer = peer.map_err(|source| self.cannot_connect(source))?;
        let sent = attempt(peer);
        if is_refused(&sent) && !peer.is_paused() {
            self.refused(counters);
            return Ok(attempt(peer));
        }
        Ok(sent)
    }

    /// Counts the packet that a refusal answers.
    fn refused(&self, counters: &Counters) {
        counters.lose(&self.cannot_send(ErrorKind::ConnectionRefused.into()));
    }

    fn sent(&self, sent: io::Result<()>, packet: &[u8], counters: &Counters) -> Result<(), Error> {
        sent.map_err(|source| self.cannot_send(source))?;
        counters.sent(packet.len());
        Ok(())
    }

    fn sent_some(
        &self,
        sent: io::Result<usize>,
        packets: &[Vec<u8>],
        counters: &Counters,
    ) -> Result<usize, Error> {
        let count = sent.map_err(|source| self.cannot_send(source))?;
        counters.sent_all(&packets[..count]);
        Ok(count)
    }

    fn cannot_send(&self, source: io::Error) -> Error {
        super::cannot_send(Arc::clone(&self.name), source)
    }

    fn cannot_connect(&self, source: io::Error) -> Error {
        Error::Connect { server: Arc::clone(&self.name), source }
    }
}

impl fmt::Debug for UdpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UdpServer").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests;
