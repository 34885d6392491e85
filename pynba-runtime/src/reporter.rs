//! Where requests are reported to, and what is said of all of them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Mutex};

use crate::guard::RequestGuard;
use crate::lock::lock;
use crate::stats::{Counters, Stats};
use crate::system::Rusage;
use crate::tags::{PairBuffer, TagSet, TagValue, Tags};
use crate::testing::Capture;
use crate::transport::{Destination, Transport, UdpServer};
use crate::wire::MAX_DATAGRAM;
use crate::{Error, diagnostics, process};

/// As many servers as the PHP extension takes (`PINBA_COLLECTORS_MAX`).
pub const MAX_SERVERS: usize = 8;

type Text = Cow<'static, str>;

/// Sends requests to Pinba servers. Cheap to clone: the clones are one reporter.
///
/// ```
/// use pynba_runtime::Reporter;
///
/// let reporter = Reporter::builder()
///     .server("127.0.0.1:30002")
///     .server("[::1]:30002")
///     .prefix("shop:")
///     .tag("release", "2026-11")
///     .build()?;
///
/// for job in ["import", "export"] {
///     let _request = reporter.open(job); // one request, sent when dropped
/// }
/// # Ok::<(), pynba_runtime::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reporter {
    shared: Arc<Shared>,
}

// A transport that panics is not seen half way: the panic is caught where it is called.
impl UnwindSafe for Reporter {}
impl RefUnwindSafe for Reporter {}

#[derive(Debug, Default)]
struct Shared {
    config: Config,
    destinations: Vec<Destination>,
    counters: Arc<Counters>,
}

/// What a reporter says of each of its requests, unless the request says otherwise.
#[derive(Clone, Debug, Default)]
struct Config {
    hostname: Option<Text>,
    server_name: Option<Text>,
    schema: Option<Text>,
    prefix: Option<Text>,
    tags: PairBuffer,
    rusage: Rusage,
}

impl Reporter {
    /// A builder without servers.
    pub fn builder() -> ReporterBuilder {
        ReporterBuilder::default()
    }

    /// One that has nowhere to send to, for requests whose packets are captured.
    pub(crate) fn nowhere() -> Self {
        Self { shared: Arc::default() }
    }

    /// The process's one reporter for these literals of `#[monitor]`. `None` if one of them is no server,
    /// which the macro has ruled out.
    pub(crate) fn of_literals(servers: &'static [&'static str]) -> Option<Self> {
        static REPORTERS: Mutex<Option<HashMap<&[&str], Reporter>>> = Mutex::new(None);
        if let Some(reporter) = lock(&REPORTERS).get_or_insert_default().get(servers) {
            return Some(reporter.clone());
        }
        let built = servers.iter().copied().fold(Self::builder(), ReporterBuilder::server).build();
        let reporter =
            built.inspect_err(|error| diagnostics::misconfigured("#[monitor]", error)).ok()?;
        // Another thread may have been faster: there is one for all.
        Some(lock(&REPORTERS).get_or_insert_default().entry(servers).or_insert(reporter).clone())
    }

    /// Opens a request, which is sent when the guard is dropped. Until then it is
    /// [`current`](crate::current()) on this thread.
    pub fn open(&self, script_name: impl Into<Cow<'static, str>>) -> RequestGuard {
        if !process::is_on() {
            return RequestGuard::disabled();
        }
        RequestGuard::open(self, None, script_name.into())
    }

    /// What the reporter did since it was built.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.counters.snapshot()
    }

    /// Sends the packet to every server, or keeps it where the thread's packets are captured.
    pub(crate) fn deliver(&self, packet: &[u8], capture: Option<&Capture>) {
        let counters = &self.shared.counters;
        if packet.len() > MAX_DATAGRAM {
            counters.lose(&Error::TooLarge { size: packet.len(), limit: MAX_DATAGRAM });
        } else if let Some(capture) = capture {
            capture.keep(packet);
        } else {
            for destination in &self.shared.destinations {
                if let Err(error) = destination.send(packet, counters) {
                    counters.lose(&error);
                }
            }
        }
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    pub(crate) fn hostname(&self) -> Option<&Text> {
        self.shared.config.hostname.as_ref()
    }

    pub(crate) fn server_name(&self) -> Option<&Text> {
        self.shared.config.server_name.as_ref()
    }

    pub(crate) fn schema(&self) -> Option<&Text> {
        self.shared.config.schema.as_ref()
    }

    pub(crate) fn prefix(&self) -> Option<&Text> {
        self.shared.config.prefix.as_ref()
    }

    pub(crate) fn tags(&self) -> TagSet<'_> {
        self.shared.config.tags.set(&[])
    }

    pub(crate) fn rusage(&self) -> Rusage {
        self.shared.config.rusage
    }
}

/// Builds a [`Reporter`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ReporterBuilder {
    config: Config,
    servers: Vec<Text>,
    transports: Vec<Destination>,
    tags: Tags,
}

impl ReporterBuilder {
    /// Sends every packet to this server, too: `host:port`, with an IPv6 address in brackets. At most
    /// [`MAX_SERVERS`].
    ///
    /// Host names are resolved when the first packet is sent, by another thread.
    pub fn server(mut self, server: impl Into<Cow<'static, str>>) -> Self {
        self.servers.push(server.into());
        self
    }

    /// Several servers, separated by commas, with or without white space: the form of `PINBA_SERVER`.
    pub fn servers(self, servers: impl AsRef<str>) -> Self {
        let servers = servers.as_ref().split(',').map(|server| server.trim().to_owned());
        servers.fold(self, Self::server)
    }

    /// Gives every packet to this transport, too.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transports.push(Destination::Custom(Arc::new(transport)));
        self
    }

    /// The host that runs the requests, instead of this machine's name.
    pub fn hostname(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.config.hostname = Some(name.into());
        self
    }

    /// The server (virtual host) that answers the requests, instead of this machine's name.
    pub fn server_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.config.server_name = Some(name.into());
        self
    }

    /// The schema of the requests, such as `https`; empty unless set.
    pub fn schema(mut self, schema: impl Into<Cow<'static, str>>) -> Self {
        self.config.schema = Some(schema.into());
        self
    }

    /// Put before the name of every request.
    pub fn prefix(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.config.prefix = Some(prefix.into());
        self
    }

    /// A tag that every request carries.
    pub fn tag<K>(mut self, name: impl Into<Cow<'static, str>>, value: impl TagValue<K>) -> Self {
        self.tags = self.tags.with(name, value);
        self
    }

    /// Whose processor time is reported: [`Rusage::Process`] unless set.
    pub fn rusage(mut self, rusage: Rusage) -> Self {
        self.config.rusage = rusage;
        self
    }

    /// Checks everything and builds the reporter. No socket is opened before the first packet.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidServer`] for a text that is no `host:port`, [`Error::TooManyServers`] above
    /// [`MAX_SERVERS`], and [`Error::NoServer`] when there is neither a server nor a transport.
    pub fn build(self) -> Result<Reporter, Error> {
        let Self { mut config, servers, transports: mut destinations, tags } = self;
        if servers.len() > MAX_SERVERS {
            return Err(Error::TooManyServers { given: servers.len() });
        }
        if servers.is_empty() && destinations.is_empty() {
            return Err(Error::NoServer);
        }
        for server in &servers {
            let server = UdpServer::shared(server)?;
            // Twice the same would count every request twice.
            if !destinations.iter().any(|other| other.is(&server)) {
                destinations.push(Destination::Udp(server));
            }
        }
        for (name, value) in tags.iter() {
            config.tags.push_copy(name, value);
        }
        let counters = Arc::default();
        Ok(Reporter { shared: Arc::new(Shared { config, destinations, counters }) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_literals_share_a_reporter() {
        let of = |servers| Reporter::of_literals(servers).unwrap();
        let one = of(&["127.0.0.1:9"]);
        assert!(Arc::ptr_eq(&one.shared, &of(&["127.0.0.1:9"]).shared));
        assert!(!Arc::ptr_eq(&one.shared, &of(&["127.0.0.1:9", "[::1]:9"]).shared));
        assert!(Reporter::of_literals(&["nowhere"]).is_none());
    }

    #[test]
    fn a_server_given_twice_counts_once() {
        let reporter = Reporter::builder().server("[::1]:9").server("[0::1]:9").build().unwrap();
        assert_eq!(reporter.shared.destinations.len(), 1);
    }

    #[test]
    fn a_list_names_its_bad_server() {
        let build = |list| Reporter::builder().servers(list).build();
        assert_eq!(build("127.0.0.1:30002, [::1]:30002").unwrap().shared.destinations.len(), 2);
        for (list, bad) in
            [("127.0.0.1:1,nowhere", "\"nowhere\""), ("127.0.0.1:1,,[::1]:1", "\"\""), ("", "\"\"")]
        {
            let error = build(list).unwrap_err().to_string();
            assert!(error.contains(bad), "{list}: {error}");
        }
    }
}
