//! Where requests are reported to, and what is said of all of them.

mod builder;

use std::borrow::Cow;
use std::collections::HashMap;
use std::mem;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub use self::builder::ReporterBuilder;

use crate::background::Sender;
use crate::detached::{DetachedRequest, Monitored};
use crate::encoder::Names;
use crate::guard::RequestGuard;
use crate::lock::lock;
use crate::packets::Limits;
use crate::sampling::Sampling;
use crate::stats::{Counters, Stats};
use crate::system::{self, Rusage};
use crate::tags::{PairBuffer, TagSet};
use crate::testing::Capture;
use crate::text::Text;
use crate::transport::Destination;
use crate::{Error, diagnostics, foreign, local, process};

/// As many servers as the PHP extension takes (`PINBA_COLLECTORS_MAX`).
pub const MAX_SERVERS: usize = 8;

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
    destinations: Arc<[Destination]>,
    counters: Arc<Counters>,
    background: Option<Sender>,
    /// Whether its packets say nothing but names and what the request says.
    is_plain: bool,
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Sends what waits.
        drop(self.background.take());
        // With it go transports and a closure, which are foreign code; a request may hold the last clone.
        foreign::run(|| drop(mem::take(&mut self.destinations)));
        foreign::run(|| drop(mem::take(&mut self.counters)));
    }
}

impl Config {
    fn is_plain(&self) -> bool {
        let Self { names, tags, timer_rusage, limits, sampling, .. } = self;
        let says_more = !names.schema.is_empty() || tags.len() > 0 || *timer_rusage;
        !says_more && !limits.merge_timers && sampling.is_none()
    }
}

/// What a reporter says of each of its requests, unless the request says otherwise.
#[derive(Clone, Debug)]
struct Config {
    /// Those of the host and the server are the machine's, unless given.
    names: Names,
    tags: PairBuffer,
    rusage: Rusage,
    timer_rusage: bool,
    limits: Limits,
    sampling: Option<Sampling>,
    raise_on_fail: bool,
}

impl Default for Config {
    fn default() -> Self {
        let hostname = Text::literal(system::hostname());
        Self {
            names: Names::new(hostname.clone(), hostname),
            tags: PairBuffer::new(),
            rusage: Rusage::default(),
            timer_rusage: false,
            limits: Limits::default(),
            sampling: None,
            raise_on_fail: false,
        }
    }
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
        let script_name = script_name.into();
        self.open_named(script_name)
    }

    fn open_named(&self, script_name: Cow<'static, str>) -> RequestGuard {
        RequestGuard::open(self, None, || script_name.into())
    }

    /// The future as a request: what `#[monitor]` makes of an `async fn`.
    ///
    /// The request begins with the first poll and is [`current`](crate::current()) whenever the future is polled,
    /// on whatever thread, and only then. It is sent when the future is ready; with the status 499 when it is
    /// dropped before that, and with 500 when it panics. A future that is never polled sends nothing.
    ///
    /// ```
    /// # use std::pin::pin;
    /// # use std::task::{Context, Waker};
    /// # use pynba_runtime::{Reporter, testing};
    /// # fn block_on<R>(future: impl Future<Output = R>) {
    /// #     let _ = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    /// # }
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     block_on(reporter.monitor("/report", async {
    ///         pynba_runtime::current().set_status(404);
    ///     }));
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!((requests[0].script_name.as_str(), requests[0].status), ("/report", Some(404)));
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn monitor<F: Future>(
        &self,
        script_name: impl Into<Cow<'static, str>>,
        future: F,
    ) -> Monitored<F> {
        let request = if process::is_on() {
            DetachedRequest::prepare(self, None, script_name.into().into())
        } else {
            DetachedRequest::disabled()
        };
        Monitored::new(request, future)
    }

    /// Opens a request that is current only where it is entered: for middleware that is not one future.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let mut request = reporter.detached("/report");
    ///     request.enter().current().set_status(404);
    ///     request.finish();
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!((requests[0].script_name.as_str(), requests[0].status), ("/report", Some(404)));
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn detached(&self, script_name: impl Into<Cow<'static, str>>) -> DetachedRequest {
        if process::is_on() {
            DetachedRequest::open(self, script_name.into().into())
        } else {
            DetachedRequest::disabled()
        }
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

    /// Sends what waits in the queue of a [`Background`](crate::Background) sender, and ends its thread. `true` when
    /// that was done in time: every packet was handed to the system, or counted as lost. `true` at once where there
    /// is no such sender, or it has had nothing to do.
    ///
    /// With `false` the thread goes on, and ends when it can. The reporter can be used as before in any case: what
    /// comes later is sent at once, by the thread on which it comes. It may be called at any time, by several
    /// threads, and again. Only the thread itself, on which transports and [`on_error`](ReporterBuilder::on_error)
    /// are called, cannot wait for its own end: there it is `false`.
    ///
    /// A program whose reporter is never dropped, as that of [`set_reporter`](crate::set_reporter), has to call this
    /// before it ends.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pynba_runtime::{Background, Reporter, set_reporter, testing::Collector};
    /// # let collector = Collector::bind()?;
    /// # let server = collector.address().to_string();
    /// let reporter = Reporter::builder().server(server).background(Background::new()).build()?;
    /// set_reporter(reporter.clone());
    /// // Run the program, and at its end see to it that nothing is left behind.
    /// # drop(reporter.open("/report"));
    /// if !reporter.shutdown(Duration::from_secs(2)) {
    ///     eprintln!("the last packets may be lost");
    /// }
    /// # if cfg!(feature = "enable") {
    /// # assert!(collector.recv(Duration::from_secs(5)).is_some());
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[expect(clippy::must_use_candidate, reason = "many have nothing to say when it fails")]
    pub fn shutdown(&self, timeout: Duration) -> bool {
        self.shared.background.as_ref().is_none_or(|sender| sender.shut_down(timeout))
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
    /// only counted and logged, as they are with it. A reporter that sends in the [background](crate::Background)
    /// gives back only what is noticed at once: that the packet is too large, or the queue full.
    pub fn send(&self, packet: &[u8]) -> Result<(), Error> {
        let mut failed = None;
        if packet.len() > self.limits().max_datagram {
            failed = Some(self.lose_too_large(packet.len()));
        } else {
            let _quiet = local::Quiet::begin();
            self.deliver(packet, None, |error| failed = Some(error));
        }
        self.raised(failed)
    }

    /// The failure, if the program wants to see it.
    pub(crate) fn raised(&self, failed: Option<Error>) -> Result<(), Error> {
        failed.filter(|_| self.shared.config.raise_on_fail).map_or(Ok(()), Err)
    }

    /// Sends the packet to every server, or leaves that to the background sender, or keeps it where the thread's
    /// packets are captured. `failed` is told what went wrong.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "of two callers, one is to be fast")]
    pub(crate) fn deliver(
        &self,
        packet: &[u8],
        capture: Option<&Capture>,
        mut failed: impl FnMut(Error),
    ) {
        if capture.is_some_and(|capture| capture.keep(packet)) {
            return;
        }
        let Shared { destinations, counters, background, .. } = &*self.shared;
        let mut destinations = &**destinations;
        if let Some(sender) = background {
            match sender.push(packet) {
                Some(Ok(())) => return,
                Some(Err(error)) => return failed(error),
                None => destinations = sender.destinations(),
            }
        }
        for destination in destinations {
            if let Err(error) = destination.send(packet, counters) {
                counters.lose(&error);
                failed(error);
            }
        }
    }

    #[cold]
    pub(crate) fn lose_too_large(&self, size: usize) -> Error {
        let error = Error::TooLarge { size, limit: self.limits().max_datagram };
        self.shared.counters.lose(&error);
        error
    }

    /// Whether a request of that status and time (nanoseconds) is sent; if not, it is counted.
    #[inline]
    pub(crate) fn samples(&self, status: u32, request_time: u64) -> bool {
        match &self.shared.config.sampling {
            None => true,
            Some(sampling) => {
                let takes = sampling.takes(status, Duration::from_nanos(request_time));
                if !takes {
                    self.shared.counters.sampled_out();
                }
                takes
            }
        }
    }

    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.shared.is_plain
    }

    #[inline]
    pub(crate) fn limits(&self) -> Limits {
        self.shared.config.limits
    }

    pub(crate) fn timer_rusage(&self) -> bool {
        self.shared.config.timer_rusage
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    pub(crate) fn names(&self) -> &Names {
        &self.shared.config.names
    }

    pub(crate) fn tags(&self) -> TagSet<'_> {
        self.shared.config.tags.set(None)
    }

    pub(crate) fn rusage(&self) -> Rusage {
        self.shared.config.rusage
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
