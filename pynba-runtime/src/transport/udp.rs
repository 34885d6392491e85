//! UDP servers: one for each address and process.

mod lookup;
mod peer;
mod route;
mod swap;

use std::collections::HashMap;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use once_cell::sync::OnceCell;

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
    /// The socket to a server given by its IP address.
    fixed: OnceCell<Peer>,
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
            fixed: OnceCell::new(),
            lookups: Lookups::new(resolve_interval, resolver),
        }
    }

    pub(crate) fn send(
        self: &Arc<Self>,
        packet: &[u8],
        counters: &Arc<Counters>,
    ) -> Result<(), Error> {
        match &self.address {
            Address::Ip(address) => {
                // A failure is not kept: a program that starts before its network is up gets through later.
                let peer = self.fixed.get_or_try_init(|| Peer::connect(*address));
                let peer = peer.map_err(|source| self.cannot_connect(source))?;
                let mut sent = peer.send(packet);
                if is_refused(&sent) {
                    self.refused(counters);
                    sent = peer.send(packet);
                }
                self.sent(sent, packet, counters)
            }
            Address::Name { host, port } => {
                self.send_by_name((host, *port), packet, counters, self.lookups.now())
            }
        }
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
