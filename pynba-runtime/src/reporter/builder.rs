//! What a reporter can be told before it is built.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::Error;
use crate::background::{Background, Sender};
use crate::packets::Limits;
use crate::sampling::Sampling;
use crate::stats::{Counters, OnError};
use crate::system::Rusage;
use crate::tags::{TagValue, Tags};
use crate::text::Text;
use crate::transport::{Destination, Transport, UdpServer};

use super::{Config, MAX_SERVERS, Reporter, Shared};

/// How often host names are looked up again: as often as the PHP extension does. A name's records seldom
/// say that they hold for less than a minute.
const RESOLVE_INTERVAL: Duration = Duration::from_secs(60);

/// Builds a [`Reporter`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ReporterBuilder {
    config: Config,
    servers: Vec<Cow<'static, str>>,
    transports: Vec<Destination>,
    tags: Tags,
    resolve_interval: Option<Duration>,
    on_error: OnError,
    background: Option<Background>,
}

impl ReporterBuilder {
    /// Sends every packet to this server, too: `host:port`, with an IPv6 address in brackets. At most
    /// [`MAX_SERVERS`].
    ///
    /// Host names are resolved when the first packet is sent, by another thread, and
    /// [again and again](Self::resolve_interval) after it.
    ///
    /// ```
    /// # use pynba_runtime::{Error, Reporter};
    /// let reporter = Reporter::builder().server("127.0.0.1:30002").server("[::1]:30002").build()?;
    ///
    /// let without_port = Reporter::builder().server("pinba.example.com").build();
    /// assert!(matches!(without_port, Err(Error::InvalidServer { .. })));
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn server(mut self, server: impl Into<Cow<'static, str>>) -> Self {
        self.servers.push(server.into());
        self
    }

    /// Several servers, separated by commas, with or without white space: the form of `PINBA_SERVER`.
    ///
    /// ```
    /// # use pynba_runtime::Reporter;
    /// let reporter = Reporter::builder().servers("127.0.0.1:30002, [::1]:30002").build()?;
    ///
    /// let error = Reporter::builder().servers("127.0.0.1:30002, nowhere").build().unwrap_err();
    /// assert!(error.to_string().contains("nowhere"));
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn servers(self, servers: impl AsRef<str>) -> Self {
        let servers = servers.as_ref().split(',').map(|server| server.trim().to_owned());
        servers.fold(self, Self::server)
    }

    /// How often the host names of servers are looked up again, so that a server that moves is followed: every
    /// minute unless set, and every second at most, whatever is given. With [`Duration::MAX`] it is looked up
    /// once.
    ///
    /// The packet that is sent when the interval is over begins the look-up, on a thread that ends with it.
    /// Neither that packet nor one after it waits: they go to the address in use until another one is found,
    /// and when the look-up fails or takes for ever, that address stays, which counts as
    /// [`resolve_failures`](crate::Stats::resolve_failures). An address also stays while it is one of several that
    /// were found. One that refuses is left for the next of them, at most once a second, until the following
    /// look-up tries it again. Reporters that send to the same server share its look-ups, and the shortest of
    /// their intervals.
    ///
    /// ```
    /// use std::time::Duration;
    /// use pynba_runtime::Reporter;
    ///
    /// let reporter = Reporter::builder()
    ///     .server("pinba.example.com:30002")
    ///     .resolve_interval(Duration::from_secs(10))
    ///     .build()?;
    /// assert_eq!(reporter.stats().resolve_failures, 0); // no packet, no look-up
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn resolve_interval(mut self, interval: Duration) -> Self {
        self.resolve_interval = Some(interval);
        self
    }

    /// Gives every packet to this transport, too.
    ///
    /// ```
    /// # use std::io;
    /// # use pynba_runtime::{Reporter, Transport};
    /// struct Log;
    ///
    /// impl Transport for Log {
    ///     fn send(&self, datagram: &[u8]) -> io::Result<()> {
    ///         println!("{} bytes", datagram.len());
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let reporter = Reporter::builder().transport(Log).build()?;
    /// drop(reporter.open("import"));
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(reporter.stats().packets, 1);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transports.push(Destination::Custom(Arc::new(transport)));
        self
    }

    /// The host that runs the requests, instead of this machine's name.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, testing};
    /// let reporter = Reporter::builder().server("127.0.0.1:30002").hostname("web-3").build()?;
    /// let requests = testing::capture(|| drop(reporter.open("import")));
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].hostname, "web-3");
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn hostname(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        // An empty name is none: servers could not tell hosts apart by it.
        if let Some(name) = Text::given(name.into()) {
            self.config.names.hostname = name;
        }
        self
    }

    /// The server (virtual host) that answers the requests, instead of this machine's name.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, testing};
    /// let reporter = Reporter::builder().server("127.0.0.1:30002").server_name("shop").build()?;
    /// let requests = testing::capture(|| drop(reporter.open("import")));
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].server_name, "shop");
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn server_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        // An empty name is none: servers could not tell hosts apart by it.
        if let Some(name) = Text::given(name.into()) {
            self.config.names.server_name = name;
        }
        self
    }

    /// The schema of the requests, such as `https`; empty unless set.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, testing};
    /// let reporter = Reporter::builder().server("127.0.0.1:30002").schema("https").build()?;
    /// let requests = testing::capture(|| drop(reporter.open("import")));
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].schema.as_deref(), Some("https"));
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn schema(mut self, schema: impl Into<Cow<'static, str>>) -> Self {
        self.config.names.schema = schema.into().into();
        self
    }

    /// Put before the name of every request.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, testing};
    /// let reporter = Reporter::builder().server("127.0.0.1:30002").prefix("shop:").build()?;
    /// let requests = testing::capture(|| drop(reporter.open("import")));
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].script_name, "shop:import");
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn prefix(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.config.names.prefix = prefix.into().into();
        self
    }

    /// A tag that every request carries.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, testing};
    /// let reporter = Reporter::builder().server("127.0.0.1:30002").tag("release", 12).build()?;
    /// let requests = testing::capture(|| drop(reporter.open("import")));
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].tags(), [("release".to_owned(), "12".to_owned())]);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn tag<K>(mut self, name: impl Into<Cow<'static, str>>, value: impl TagValue<K>) -> Self {
        self.tags = self.tags.with(name, value);
        self
    }

    /// Whose processor time is reported: [`Rusage::Process`] unless set.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, Rusage, testing};
    /// let reporter = Reporter::builder().server("127.0.0.1:30002").rusage(Rusage::Off).build()?;
    /// let requests = testing::capture(|| drop(reporter.open("import")));
    /// # if cfg!(feature = "enable") {
    /// assert_eq!((requests[0].ru_utime, requests[0].ru_stime), (0.0, 0.0));
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn rusage(mut self, rusage: Rusage) -> Self {
        self.config.rusage = rusage;
        self
    }

    /// Whether each timer says how much processor time was used while it ran, too (the fields 22 and 23).
    /// Off unless set: it takes two more system calls for each timer.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pynba_runtime::{Reporter, Tags, testing};
    /// let reporter = Reporter::builder().server("127.0.0.1:30002").timer_rusage(true).build()?;
    /// let requests = testing::capture(|| {
    ///     let request = reporter.open("import");
    ///     request.current().add_timer(Tags::new().with("group", "db"), Duration::from_millis(12), 1);
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].timer_ru_utime.len(), 1);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn timer_rusage(mut self, timer_rusage: bool) -> Self {
        self.config.timer_rusage = timer_rusage;
        self
    }

    /// Whether timers of equal tags are sent as one, with the sum of their times and hits. Off unless set, so
    /// that the server's percentiles are exact; it happens anyway when a request would not fit in one packet.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pynba_runtime::{Reporter, Tags, testing};
    /// let reporter = Reporter::builder().server("127.0.0.1:30002").merge_timers(true).build()?;
    /// let requests = testing::capture(|| {
    ///     let request = reporter.open("import");
    ///     for _ in 0..2 {
    ///         let tags = Tags::new().with("group", "db");
    ///         request.current().add_timer(tags, Duration::from_millis(250), 1);
    ///     }
    /// });
    /// # if cfg!(feature = "enable") {
    /// let timers = requests[0].timers();
    /// assert_eq!((timers.len(), timers[0].value, timers[0].hit_count), (1, 0.5, 2));
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn merge_timers(mut self, merge_timers: bool) -> Self {
        self.config.limits.merge_timers = merge_timers;
        self
    }

    /// The largest packet in bytes, from 548 to 65527; 65507 unless set, which is all that UDP over IPv4 takes.
    ///
    /// What does not fit is merged, then split over several packets. On a network of its own, 1472 keeps packets
    /// from being fragmented by Ethernet.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pynba_runtime::{Reporter, Tags, testing};
    /// let reporter = Reporter::builder().server("127.0.0.1:30002").max_datagram(1472).build()?;
    /// let requests = testing::capture(|| {
    ///     let request = reporter.open("import");
    ///     for row in 0..1000 {
    ///         request.current().add_timer(Tags::new().with("row", row), Duration::from_millis(1), 1);
    ///     }
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert!(requests.len() > 1);
    /// assert_eq!(requests.iter().map(|packet| packet.timers().len()).sum::<usize>(), 1000);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn max_datagram(mut self, bytes: usize) -> Self {
        self.config.limits.max_datagram = bytes;
        self
    }

    /// Sends a part of the requests only.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, Sampling};
    /// let sampling = Sampling::new(0.0).always_failed();
    /// let reporter = Reporter::builder().server("127.0.0.1:30002").sampling(sampling).build()?;
    /// drop(reporter.open("import"));
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(reporter.stats().sampled_out, 1);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn sampling(mut self, sampling: Sampling) -> Self {
        self.config.sampling = Some(sampling);
        self
    }

    /// Sends packets by a thread in the background instead of the thread of the request. Off unless set; what it is
    /// good for and what it asks of a program, [`Background`] tells.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pynba_runtime::{Background, Reporter, testing::Collector};
    /// # let collector = Collector::bind()?;
    /// # let server = collector.address().to_string();
    /// let reporter = Reporter::builder().server(server).background(Background::new()).build()?;
    /// drop(reporter.open("import"));
    /// drop(reporter); // sends what waits
    /// # if cfg!(feature = "enable") {
    /// assert!(collector.recv(Duration::from_secs(5)).is_some());
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn background(mut self, background: Background) -> Self {
        self.background = Some(background);
        self
    }

    /// Called for every packet that is lost, where that is noticed: on the thread of the request mostly (or that of
    /// the [background](Self::background)), so it must not block. Failures are counted in [`Stats`](crate::Stats) and
    /// logged besides.
    ///
    /// ```
    /// # use std::{io, sync::mpsc};
    /// # use pynba_runtime::{Error, Reporter, Transport};
    /// # struct Broken;
    /// # impl Transport for Broken {
    /// #     fn send(&self, _: &[u8]) -> io::Result<()> {
    /// #         Err(io::ErrorKind::Other.into())
    /// #     }
    /// # }
    /// let (sender, errors) = mpsc::channel();
    /// let reporter = Reporter::builder()
    ///     .transport(Broken) // each `send` of it fails
    ///     .on_error(move |error| sender.send(error.to_string()).unwrap_or_default())
    ///     .build()?;
    /// drop(reporter.open("import"));
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(errors.try_iter().count(), 1);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn on_error(mut self, on_error: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.on_error = OnError(Some(Arc::new(on_error)));
        self
    }

    /// Whether [`ScriptMonitor::send`](crate::ScriptMonitor::send) and [`Reporter::send`] give failures back. A
    /// monitored handler never sees one. Of a reporter that sends in the [background](Self::background) they give
    /// back only that a packet is too large, or the queue full.
    ///
    /// ```
    /// # use std::io;
    /// # use pynba_runtime::{Error, Reporter, Transport};
    /// # struct Broken;
    /// # impl Transport for Broken {
    /// #     fn send(&self, _: &[u8]) -> io::Result<()> {
    /// #         Err(io::ErrorKind::Other.into())
    /// #     }
    /// # }
    /// let builder = Reporter::builder().transport(Broken); // each `send` of it fails
    /// let reporter = builder.clone().raise_on_fail(true).build()?;
    /// assert!(matches!(reporter.send(b"a packet"), Err(Error::Send { .. })));
    ///
    /// let reporter = builder.build()?;
    /// assert!(reporter.send(b"a packet").is_ok()); // only counted
    /// assert_eq!(reporter.stats().failed, 1);
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn raise_on_fail(mut self, raise_on_fail: bool) -> Self {
        self.config.raise_on_fail = raise_on_fail;
        self
    }

    /// Checks everything and builds the reporter. No socket is opened before the first packet.
    ///
    /// ```
    /// # use pynba_runtime::{Error, Reporter};
    /// assert!(matches!(Reporter::builder().build(), Err(Error::NoServer)));
    /// assert!(Reporter::builder().server("127.0.0.1:30002").build().is_ok());
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidServer`] for a text that is no `host:port`, [`Error::TooManyServers`] above
    /// [`MAX_SERVERS`], [`Error::NoServer`] when there is neither a server nor a transport, and
    /// [`Error::InvalidMaxDatagram`] for a size that no datagram has.
    pub fn build(self) -> Result<Reporter, Error> {
        let Self { mut config, servers, transports, tags, resolve_interval, on_error, background } =
            self;
        if servers.len() > MAX_SERVERS {
            return Err(Error::TooManyServers { given: servers.len() });
        }
        if servers.is_empty() && transports.is_empty() {
            return Err(Error::NoServer);
        }
        let given = config.limits.max_datagram;
        if !(Limits::SMALLEST..=Limits::LARGEST).contains(&given) {
            return Err(Error::InvalidMaxDatagram { given });
        }
        let resolve_interval = resolve_interval.unwrap_or(RESOLVE_INTERVAL);
        let mut destinations = transports;
        for server in &servers {
            let server = UdpServer::shared(server, resolve_interval)?;
            // Twice the same would count every request twice.
            if !destinations.iter().any(|other| other.is(&server)) {
                destinations.push(Destination::Udp(server));
            }
        }
        config.names.encode_hosts();
        for (name, value) in tags.iter() {
            config.tags.push_copy(name, value);
        }
        let counters = Arc::new(Counters::new(on_error));
        let destinations: Arc<[Destination]> = destinations.into();
        let background = background.map(|background| {
            Sender::new(background, Arc::clone(&destinations), Arc::clone(&counters))
        });
        let is_plain = config.is_plain();
        let shared = Shared { config, destinations, counters, background, is_plain };
        Ok(Reporter { shared: Arc::new(shared) })
    }
}
