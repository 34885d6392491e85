//! Scripts and workers: one request for each run or job, without an attribute and a thread-local.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::env;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::encoder::Encoder;
use crate::flush::FlushOptions;
use crate::handle::Handle;
use crate::info::RequestInfo;
use crate::process;
use crate::reporter::{Reporter, ReporterBuilder};
use crate::request::{End, Moment, Request};
use crate::setters::setters;
use crate::tags::{PairBuffer, TagValue, Tags, fill};
use crate::text::Text;
use crate::timer_guard::TimerGuard;
use crate::{Error, local};

/// Measures a script, or the jobs of a worker, one request for each.
///
/// Nothing is looked up in the thread: the monitor is the request, and may be kept and moved. Timers of
/// [`timer!`](https://docs.rs/pynba/latest/pynba/macro.timer.html) do not find it; [`timer`](Self::timer) makes its
/// own.
///
/// ```
/// use pynba_runtime::{ScriptMonitor, Tags};
///
/// let monitor = ScriptMonitor::new("127.0.0.1:30002")?;
/// for job in ["import", "export"] {
///     monitor.tag("job", job);
///     {
///         let _timer = monitor.timer(Tags::new().with("group", "db"));
///     }
///     monitor.send()?; // and the next round begins
/// }
/// # Ok::<(), pynba_runtime::Error>(())
/// ```
///
/// Its `script_name` is the program's file name, never its arguments, which may contain secrets. Dropped before
/// what it measured is sent, it sends.
#[derive(Debug)]
pub struct ScriptMonitor {
    reporter: Reporter,
    request: RefCell<Request>,
    encoder: RefCell<Encoder>,
    /// Whether something was measured or said since the last packet.
    unsent: Cell<bool>,
    /// A panic that began before the monitor did is not its own.
    was_panicking: bool,
}

/// Builds a [`ScriptMonitor`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ScriptMonitorBuilder {
    reporter: ReporterBuilder,
    script_name: Option<Cow<'static, str>>,
}

impl ScriptMonitorBuilder {
    /// The reporter to build: servers, names, tags.
    ///
    /// ```
    /// # use pynba_runtime::{Error, ScriptMonitor, testing};
    /// let requests = testing::capture(|| {
    ///     ScriptMonitor::builder()
    ///         .reporter(|reporter| reporter.server("127.0.0.1:30002").schema("cron"))
    ///         .build()?; // and drops it at once
    /// # Ok::<(), Error>(())
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].schema.as_deref(), Some("cron"));
    /// # }
    /// ```
    pub fn reporter(mut self, set: impl FnOnce(ReporterBuilder) -> ReporterBuilder) -> Self {
        self.reporter = set(self.reporter);
        self
    }

    /// [`ReporterBuilder::server`].
    ///
    /// ```
    /// # use pynba_runtime::ScriptMonitor;
    /// let monitor =
    ///     ScriptMonitor::builder().server("127.0.0.1:30002").server("[::1]:30002").build()?;
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn server(self, server: impl Into<Cow<'static, str>>) -> Self {
        self.reporter(|reporter| reporter.server(server))
    }

    /// [`ReporterBuilder::raise_on_fail`].
    ///
    /// ```
    /// # use std::io;
    /// # use pynba_runtime::{Error, ScriptMonitor, Transport};
    /// struct Broken;
    ///
    /// impl Transport for Broken {
    ///     fn send(&self, _: &[u8]) -> io::Result<()> {
    ///         Err(io::ErrorKind::Other.into())
    ///     }
    /// }
    ///
    /// let builder = ScriptMonitor::builder().reporter(|reporter| reporter.transport(Broken));
    /// let monitor = builder.raise_on_fail(true).build()?;
    /// # if cfg!(feature = "enable") {
    /// assert!(matches!(monitor.send(), Err(Error::Send { .. })));
    /// # }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn raise_on_fail(self, raise_on_fail: bool) -> Self {
        self.reporter(|reporter| reporter.raise_on_fail(raise_on_fail))
    }

    /// The name under which the script is counted, instead of the program's file name.
    ///
    /// ```
    /// # use pynba_runtime::{Error, ScriptMonitor, testing};
    /// let requests = testing::capture(|| {
    ///     let monitor =
    ///         ScriptMonitor::builder().server("127.0.0.1:30002").script_name("nightly import").build()?;
    ///     monitor.send()?;
    /// # Ok::<(), Error>(())
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].script_name, "nightly import");
    /// # }
    /// ```
    pub fn script_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.script_name = Some(name.into());
        self
    }

    /// Begins the first round.
    ///
    /// ```
    /// # use pynba_runtime::{Error, ScriptMonitor};
    /// assert!(matches!(ScriptMonitor::builder().build(), Err(Error::NoServer)));
    /// assert!(ScriptMonitor::builder().server("127.0.0.1:30002").build().is_ok());
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`ReporterBuilder::build`].
    pub fn build(self) -> Result<ScriptMonitor, Error> {
        let name = self.script_name.unwrap_or_else(|| program().into());
        Ok(ScriptMonitor::open(self.reporter.build()?, name))
    }
}

impl ScriptMonitor {
    /// A monitor that sends to this server, `host:port`.
    ///
    /// ```
    /// # use pynba_runtime::{Error, ScriptMonitor};
    /// let monitor = ScriptMonitor::new("127.0.0.1:30002")?;
    /// monitor.tag("job", "import");
    ///
    /// assert!(matches!(ScriptMonitor::new("nowhere"), Err(Error::InvalidServer { .. })));
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidServer`] when it is none.
    pub fn new(server: impl Into<Cow<'static, str>>) -> Result<Self, Error> {
        Self::builder().server(server).build()
    }

    /// A builder without servers.
    ///
    /// ```
    /// # use pynba_runtime::ScriptMonitor;
    /// let monitor = ScriptMonitor::builder()
    ///     .server("127.0.0.1:30002")
    ///     .script_name("nightly import")
    ///     .build()?;
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn builder() -> ScriptMonitorBuilder {
        ScriptMonitorBuilder::default()
    }

    /// A monitor of a reporter that there is already.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, ScriptMonitor, testing};
    /// let reporter = Reporter::builder().server("127.0.0.1:30002").prefix("cron:").build()?;
    /// let requests = testing::capture(|| {
    ///     ScriptMonitor::with_reporter(&reporter).set_script_name("import");
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].script_name, "cron:import");
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn with_reporter(reporter: &Reporter) -> Self {
        Self::open(reporter.clone(), program().into())
    }

    fn open(reporter: Reporter, script_name: Cow<'static, str>) -> Self {
        let mut request = Request::new();
        if process::is_on() {
            request.prepare(reporter.clone(), None, script_name.into());
            request.capture(local::capture());
            request.begin();
            request.resume(false);
        }
        Self {
            reporter,
            request: RefCell::new(request),
            encoder: RefCell::default(),
            unsent: Cell::new(true),
            was_panicking: thread::panicking(),
        }
    }

    fn act<R>(&self, act: impl FnOnce(&mut Request) -> R) -> Option<R> {
        self.unsent.set(true);
        self.look(act)
    }

    /// [`act`](Self::act) for what leaves nothing to send. Nothing of the program runs in it, so the borrow is
    /// free.
    fn look<R>(&self, act: impl FnOnce(&mut Request) -> R) -> Option<R> {
        let mut request = self.request.try_borrow_mut().ok()?;
        request.collect_mail();
        Some(act(&mut request))
    }

    /// There is no elsewhere: the monitor is the request.
    fn tell(&self, _size: usize, what: impl FnOnce(&mut Request)) {
        self.act(what);
    }

    fn untag(&self, name: &str) {
        self.act(|request| request.remove_tag(name));
    }

    fn add(&self, tags: &Tags, value: Duration, hit_count: u32) {
        self.act(|request| request.timers().add(tags, value, hit_count));
    }

    setters!("    let request = ScriptMonitor::with_reporter(&reporter);");

    /// Starts a timer, which stops when its guard is dropped, on whatever thread.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, ScriptMonitor, Tags, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let monitor = ScriptMonitor::with_reporter(&reporter);
    ///     let timer = monitor.timer(Tags::new().with("group", "db"));
    ///     drop(timer); // stops it
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].timers()[0].tags, [("group".to_owned(), "db".to_owned())]);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "tags are made where they are used")]
    pub fn timer(&self, tags: Tags) -> TimerGuard {
        self.act(|request| TimerGuard::of(request, &tags)).unwrap_or(TimerGuard::none())
    }

    /// Sets a request tag, instead of the values that it and the tags below it (`name.key`) had.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, ScriptMonitor, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let monitor = ScriptMonitor::with_reporter(&reporter);
    ///     monitor.tag("job", "import");
    ///     monitor.tag("job", "export"); // instead
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].tags(), [("job".to_owned(), "export".to_owned())]);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "so that it may be written without `&`")]
    pub fn tag<K>(&self, name: impl Into<Cow<'static, str>>, value: impl TagValue<K>) {
        let name = name.into();
        let mut pairs = PairBuffer::new();
        fill(&mut pairs, None, |pairs| pairs.add_named(&name, &value));
        self.act(|request| request.set_tags(Some(&name), pairs.set(None)));
    }

    /// The time since this round began, or until [`stop`](Self::stop).
    ///
    /// ```
    /// # use std::{thread, time::Duration};
    /// # use pynba_runtime::{Reporter, ScriptMonitor};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let monitor = ScriptMonitor::with_reporter(&reporter);
    /// thread::sleep(Duration::from_millis(5));
    /// # if cfg!(feature = "enable") {
    /// assert!(monitor.elapsed() >= Duration::from_millis(5));
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        let Ok(request) = self.request.try_borrow() else { return Duration::ZERO };
        request.told_time().or_else(|| request.elapsed()).unwrap_or_default()
    }

    /// Stops the clock of this round, and every timer that runs. What comes until [`send`](Self::send) does not
    /// count.
    ///
    /// ```
    /// # use std::{thread, time::Duration};
    /// # use pynba_runtime::{Reporter, ScriptMonitor};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let monitor = ScriptMonitor::with_reporter(&reporter);
    /// monitor.stop();
    /// let time = monitor.elapsed();
    /// thread::sleep(Duration::from_millis(5)); // waits for the next job
    /// assert_eq!(monitor.elapsed(), time);
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn stop(&self) {
        self.act(Request::stop);
    }

    /// Sends this round and begins the next one. Failures are counted and logged.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, ScriptMonitor, Tags, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let monitor = ScriptMonitor::with_reporter(&reporter);
    ///     let timer = monitor.timer(Tags::new().with("group", "db"));
    ///     monitor.flush(); // stops the timer and sends it
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests.len(), 1);
    /// assert_eq!(requests[0].timers().len(), 1);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn flush(&self) {
        self.flush_with(FlushOptions::new());
    }

    /// Sends this round and begins the next one, with options. Failures are counted and logged.
    ///
    /// ```
    /// # use pynba_runtime::{FlushOptions, Reporter, ScriptMonitor, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let monitor = ScriptMonitor::with_reporter(&reporter);
    ///     monitor.tag("job", "import");
    ///     monitor.flush_with(FlushOptions::new().script_name("import").reset(true));
    ///     monitor.set_script_name("export");
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].script_name, "import");
    /// assert_eq!((requests[1].script_name.as_str(), requests[1].tags().len()), ("export", 0));
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "options are made where they are used")]
    pub fn flush_with(&self, options: FlushOptions) {
        let _ = self.round(&options);
    }

    /// Forgets what this round has measured, and begins it anew: sizes and request tags, other than those of
    /// the reporter, are forgotten, too.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, ScriptMonitor, Tags, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let monitor = ScriptMonitor::with_reporter(&reporter);
    ///     drop(monitor.timer(Tags::new().with("group", "start")));
    ///     monitor.reset(); // the first job begins here
    ///     monitor.tag("job", "import");
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert!(requests[0].timers().is_empty());
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn reset(&self) {
        self.act(Request::reset);
    }

    /// The request tags of this round, in order.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, ScriptMonitor};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let monitor = ScriptMonitor::with_reporter(&reporter);
    /// monitor.tag("job", "import");
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(monitor.tags(), [("job".to_owned(), "import".to_owned())]);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn tags(&self) -> Vec<(String, String)> {
        self.look(|request| request.tags()).unwrap_or_default()
    }

    /// Everything that this round has measured and been told so far. `None` where nothing is recorded.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, ScriptMonitor, Tags};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let monitor = ScriptMonitor::with_reporter(&reporter);
    /// let _timer = monitor.timer(Tags::new().with("group", "db"));
    /// # if cfg!(feature = "enable") {
    /// assert!(monitor.info().expect("it records").timers[0].running);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn info(&self) -> Option<RequestInfo> {
        self.look(|request| request.info(Moment::now()))?
    }

    /// The bytes that a flush would send now: the first packet, if it takes several.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, ScriptMonitor, testing::Captured};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let monitor = ScriptMonitor::with_reporter(&reporter);
    /// monitor.set_status(1);
    /// if let Some(packet) = monitor.packet() {
    ///     assert_eq!(Captured::decode(&packet)?.status, Some(1));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn packet(&self) -> Option<Vec<u8>> {
        let mut encoder = self.encoder.try_borrow_mut().ok()?;
        self.look(|request| request.packet(Moment::now(), &mut encoder))?
    }

    /// Carries this round and the next ones to other threads: what is measured there joins the round that is
    /// open then. `None` where nothing is recorded.
    ///
    /// ```
    /// # use std::thread;
    /// # use pynba_runtime::{Reporter, ScriptMonitor, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let monitor = ScriptMonitor::with_reporter(&reporter);
    ///     if let Some(handle) = monitor.handle() {
    ///         let work = move || handle.run(|| pynba_runtime::current().tag("part", "a"));
    ///         thread::spawn(work).join().expect("it does not panic");
    ///     }
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].tags(), [("part".to_owned(), "a".to_owned())]);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn handle(&self) -> Option<Handle> {
        self.look(|request| Some(request.handle()?.counted_on(request.thread())))?
    }

    /// Sends this round and begins the next one: times and timers start over, names and tags stay.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, ScriptMonitor, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let monitor = ScriptMonitor::with_reporter(&reporter);
    ///     for job in ["import", "export"] {
    ///         monitor.tag("job", job);
    ///         monitor.send()?;
    ///     }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests.len(), 2);
    /// assert_eq!(requests[1].tags(), [("job".to_owned(), "export".to_owned())]);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The last failure, if [`raise_on_fail`](ReporterBuilder::raise_on_fail) is set. The round is over
    /// nevertheless.
    pub fn send(&self) -> Result<(), Error> {
        self.reporter.raised(self.round(&FlushOptions::new()))
    }

    /// Gives the last failure.
    fn round(&self, options: &FlushOptions) -> Option<Error> {
        // Taken when a transport or a logger comes back here while a round is being sent.
        let (Ok(mut encoder), Ok(mut request)) =
            (self.encoder.try_borrow_mut(), self.request.try_borrow_mut())
        else {
            return None;
        };
        self.unsent.set(false);
        request.flush(options, &mut encoder)
    }

    /// The reporter, for its [`stats`](Reporter::stats).
    ///
    /// ```
    /// # use pynba_runtime::{ScriptMonitor, testing::Collector};
    /// let collector = Collector::bind()?;
    /// let monitor = ScriptMonitor::new(collector.address().to_string())?;
    /// monitor.send()?;
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(monitor.reporter().stats().packets, 1);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn reporter(&self) -> &Reporter {
        &self.reporter
    }
}

impl Drop for ScriptMonitor {
    fn drop(&mut self) {
        let request = self.request.get_mut();
        if !self.unsent.get() && !request.has_news() {
            request.set_enabled(false);
        }
        let panicking = thread::panicking() && !self.was_panicking;
        let end = if panicking { End::Panicked } else { End::Returned };
        let _quiet = local::Quiet::begin();
        request.end_in_any_case(end, self.encoder.get_mut());
    }
}

/// The program's file name.
fn program() -> String {
    let path = env::args_os().next().unwrap_or_default();
    let name = Path::new(&path).file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
