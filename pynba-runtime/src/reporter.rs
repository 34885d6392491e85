//! Where requests are reported to, and what is said of all of them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::guard::RequestGuard;
use crate::info::Summary;
use crate::lock::lock;
use crate::packets::Limits;
use crate::sampling::Sampling;
use crate::stats::{Counters, OnError, Stats};
use crate::system::Rusage;
use crate::tags::{PairBuffer, TagSet, TagValue, Tags};
use crate::testing::Capture;
use crate::transport::{Destination, Transport, UdpServer};
use crate::{Error, diagnostics, local, process};

/// As many servers as the PHP extension takes (`PINBA_COLLECTORS_MAX`).
pub const MAX_SERVERS: usize = 8;

/// How often host names are looked up again: as often as the PHP extension does. A name's records seldom
/// say that they hold for less than a minute.
const RESOLVE_INTERVAL: Duration = Duration::from_secs(60);

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
    timer_rusage: bool,
    limits: Limits,
    sampling: Option<Sampling>,
    raise_on_fail: bool,
}

impl Reporter {
    /// A builder without servers.
    ///
    /// ```
    /// # use pynba_runtime::Reporter;
    /// let reporter = Reporter::builder().server("127.0.0.1:30002").hostname("web-3").build()?;
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
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
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let _request = reporter.open("/report");
    ///     pynba_runtime::current().set_status(404);
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!((requests[0].script_name.as_str(), requests[0].status), ("/report", Some(404)));
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn open(&self, script_name: impl Into<Cow<'static, str>>) -> RequestGuard {
        if !process::is_on() {
            return RequestGuard::disabled();
        }
        RequestGuard::open(self, None, script_name.into())
    }

    /// What the reporter did since it was built.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, testing::Collector};
    /// # let collector = Collector::bind()?;
    /// let reporter = Reporter::builder().server(collector.address().to_string()).build()?;
    /// drop(reporter.open("/report"));
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(reporter.stats().packets, 1);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.counters.snapshot()
    }

    /// Sends a packet that was made before, as by [`Current::packet`](crate::Current::packet).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pynba_runtime::{Reporter, testing::Collector};
    /// # let collector = Collector::bind()?;
    /// # let reporter = Reporter::builder().server(collector.address().to_string()).build()?;
    /// let request = reporter.open("/report");
    /// if let Some(packet) = request.current().packet() {
    ///     reporter.send(&packet)?; // as it is now; the request goes on
    /// }
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(collector.recv(Duration::from_secs(5)).expect("a packet").script_name, "/report");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The last failure, if [`raise_on_fail`](ReporterBuilder::raise_on_fail) is set. Otherwise failures are
    /// only counted and logged, as they are with it.
    pub fn send(&self, packet: &[u8]) -> Result<(), Error> {
        let sent = if packet.len() > self.limits().max_datagram {
            Err(self.lose_too_large(packet.len()))
        } else {
            local::quietly(|| self.deliver(packet, None))
        };
        self.raised(sent)
    }

    /// The failure, if the program wants to see it.
    pub(crate) fn raised(&self, sent: Result<(), Error>) -> Result<(), Error> {
        if self.shared.config.raise_on_fail { sent } else { Ok(()) }
    }

    /// Sends the packet to every server, or keeps it where the thread's packets are captured. Gives the
    /// last failure.
    pub(crate) fn deliver(&self, packet: &[u8], capture: Option<&Capture>) -> Result<(), Error> {
        if let Some(capture) = capture {
            capture.keep(packet);
            return Ok(());
        }
        let counters = &self.shared.counters;
        let mut result = Ok(());
        for destination in &self.shared.destinations {
            if let Err(error) = destination.send(packet, counters) {
                counters.lose(&error);
                result = Err(error);
            }
        }
        result
    }

    pub(crate) fn lose_too_large(&self, size: usize) -> Error {
        let error = Error::TooLarge { size, limit: self.limits().max_datagram };
        self.shared.counters.lose(&error);
        error
    }

    /// Whether the request is sent; if not, it is counted.
    pub(crate) fn samples(&self, request: &Summary<'_>) -> bool {
        let Some(sampling) = &self.shared.config.sampling else { return true };
        let takes = sampling.takes(request.status, request.request_time);
        if !takes {
            self.shared.counters.sampled_out();
        }
        takes
    }

    pub(crate) fn limits(&self) -> Limits {
        self.shared.config.limits
    }

    pub(crate) fn timer_rusage(&self) -> bool {
        self.shared.config.timer_rusage
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
    resolve_interval: Option<Duration>,
    on_error: OnError,
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
    /// minute unless set, and every second at most, whatever is given. With [`Duration::MAX`] the address that
    /// was found first is kept.
    ///
    /// The packet that is sent when the interval is over begins the look-up, on a thread that ends with it.
    /// Neither that packet nor one after it waits: they go to the address in use until another one is found,
    /// and when the look-up fails or takes for ever, that address stays, which counts as
    /// [`resolve_failures`](Stats::resolve_failures). An address also stays while it is one of several that
    /// were found. Reporters that send to the same server share its look-ups, and the shortest of their
    /// intervals.
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
        self.config.hostname = Some(name.into());
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
        self.config.server_name = Some(name.into());
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
        self.config.schema = Some(schema.into());
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
        self.config.prefix = Some(prefix.into());
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

    /// Called for every packet that is lost, where that is noticed: on the thread of the request mostly, so it
    /// must not block. Failures are counted in [`Stats`] and logged besides.
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
    /// monitored handler never sees one.
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
        let Self { mut config, servers, transports, tags, resolve_interval, on_error } = self;
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
        for (name, value) in tags.iter() {
            config.tags.push_copy(name, value);
        }
        let counters = Arc::new(Counters::new(on_error));
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
