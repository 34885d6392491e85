//! The handle on the request that is open here.

use std::borrow::Cow;
use std::time::Duration;

use crate::clock::Tick;
use crate::flush::FlushOptions;
use crate::handle::Handle;
use crate::info::RequestInfo;
use crate::local::Place;
use crate::mailbox::{Mail, RequestId};
use crate::request::{Moment, Request};
use crate::setters::setters;
use crate::tags::{Pairs, StaticTags, TagValue, Tags, fill};
use crate::text::Text;
use crate::{ENABLED, local};

/// The request that is open on this thread or in this task, the innermost one.
///
/// Outside a request every call on it does nothing, and the getters give `None`.
///
/// ```
/// let reporter = pynba_runtime::Reporter::builder().server("127.0.0.1:30002").build()?;
/// let _request = reporter.open("/users/{id}");
///
/// let request = pynba_runtime::current();
/// request.set_schema("https");
/// request.tag("plan", "premium");
/// # if cfg!(feature = "enable") {
/// assert_eq!(request.tags(), [("plan".to_owned(), "premium".to_owned())]);
/// # }
/// # Ok::<(), pynba_runtime::Error>(())
/// ```
#[must_use]
pub fn current() -> Current {
    Current::of(if ENABLED { local::current_id() } else { None })
}

/// A handle on an open request, from [`current`].
///
/// It stays with its request when another one is opened inside it, also on another thread, and does nothing
/// once its request has ended. What is asked about the request ([`tags`](Self::tags), [`info`](Self::info),
/// [`elapsed`](Self::elapsed), [`packet`](Self::packet)) is known only on the thread or in the task where it is
/// open; so are [`flush`](Self::flush) and [`reset`](Self::reset). Elsewhere these give and do nothing.
#[derive(Clone, Copy, Debug)]
pub struct Current {
    request: Option<RequestId>,
}

impl Current {
    pub(crate) fn of(request: Option<RequestId>) -> Self {
        Self { request }
    }

    /// Acts on the request if it is current on this thread.
    fn act<R>(self, act: impl FnOnce(&mut Request) -> R) -> Option<R> {
        if !ENABLED {
            return None;
        }
        local::with_request(self.request?, |request| {
            // What was said elsewhere was said before.
            request.collect_mail();
            act(request)
        })
    }

    /// Acts on the request here, or leaves it what is to be done, with the bytes of the texts in that.
    fn tell(self, size: usize, what: impl FnOnce(&mut Request) + Send + 'static) {
        let mut what = Some(what);
        let here = self.act(|request| what.take().map(|what| what(request)));
        if let (None, Some(what)) = (here, what) {
            self.post(size, what);
        }
    }

    fn post(self, size: usize, what: impl FnOnce(&mut Request) + Send + 'static) {
        if let Some(id) = self.request.filter(|_| ENABLED) {
            id.post(Mail::Told(size, Box::new(what)));
        }
    }

    fn untag(self, name: &str) {
        if self.act(|request| request.remove_tag(name)).is_none() {
            let name = name.to_owned();
            self.post(name.len(), move |request| request.remove_tag(&name));
        }
    }

    fn add(self, tags: &Tags, value: Duration, hit_count: u32) {
        let Some(id) = self.request.filter(|_| ENABLED) else { return };
        let added = local::with_place(id, |place| match place {
            Place::Here(request) => request.timers().add(tags, value, hit_count),
            Place::Joined(handle) => handle.add_timer(tags, value, hit_count),
        });
        if added.is_none() {
            id.join(|shared| shared.timers.add(tags, value, hit_count));
        }
    }

    pub(crate) fn set_prefix(self, prefix: Cow<'static, str>) {
        self.tell(prefix.len(), |request| request.tell(|told| told.prefix = Text::given(prefix)));
    }

    pub(crate) fn set_outcome(self, status: u32) {
        self.tell(0, move |request| request.set_outcome(status));
    }

    /// Whether there is a request, and it is still open.
    ///
    /// ```
    /// # use pynba_runtime::Reporter;
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let open = reporter.open("/report");
    /// let request = open.current();
    /// # if cfg!(feature = "enable") {
    /// assert!(request.is_active());
    /// # }
    /// drop(open);
    /// assert!(!request.is_active());
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn is_active(&self) -> bool {
        ENABLED && self.request.is_some_and(RequestId::is_open)
    }

    /// Carries the request to other threads and tasks; `None` outside a request.
    ///
    /// ```
    /// # use std::thread;
    /// # use pynba_runtime::{Reporter, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    /// # let _open = reporter.open("/report");
    ///     if let Some(handle) = pynba_runtime::current().handle() {
    ///         let work = move || handle.run(|| pynba_runtime::current().tag("plan", "free"));
    ///         thread::spawn(work).join().expect("it does not panic");
    ///     }
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].tags(), [("plan".to_owned(), "free".to_owned())]);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn handle(&self) -> Option<Handle> {
        local::with_place(self.request.filter(|_| ENABLED)?, |place| match place {
            Place::Here(request) => request.handle(),
            Place::Joined(handle) => Some(handle.clone()),
        })?
    }

    setters!(
        "# let _open = reporter.open(\"/report\");\n    let request = pynba_runtime::current();"
    );

    /// Sets a request tag, instead of the values that it and the tags below it (`name.key`) had.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    /// # let _open = reporter.open("/report");
    ///     let request = pynba_runtime::current();
    ///     request.tag("user.plan", "free");
    ///     request.tag("user", "anonymous"); // and no longer `user.plan`
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].tags(), [("user".to_owned(), "anonymous".to_owned())]);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "so that it may be written without `&`")]
    pub fn tag<K>(&self, name: impl Into<Cow<'static, str>>, value: impl TagValue<K>) {
        if !self.is_active() {
            return; // a closure is called only when something records
        }
        let name = name.into();
        local::with_scratch(|scratch| {
            fill(scratch, None, |pairs| pairs.add_named(&name, &value));
            if self.act(|request| request.set_tags(Some(&name), scratch.set(None))).is_none() {
                let tags = Tags::of(scratch.clone());
                let size = name.len() + tags.size();
                self.post(size, move |request| request.set_tags(Some(&name), tags.set()));
            }
        });
    }

    /// Sets the request tags of a call site, instead of the values that those of the same names had.
    pub(crate) fn set_tags(self, fixed: &'static StaticTags, dynamic: impl FnOnce(&mut Pairs<'_>)) {
        local::with_scratch(|scratch| {
            fill(scratch, Some(fixed), dynamic);
            self.act(|request| request.set_tags(None, scratch.set(Some(fixed))));
        });
    }

    /// The request tags, in order. Empty outside a request.
    ///
    /// ```
    /// # use pynba_runtime::Reporter;
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// # let _open = reporter.open("/report");
    /// let request = pynba_runtime::current();
    /// request.tag("plan", "free");
    /// request.tag("group", ["b", "a"]);
    /// # if cfg!(feature = "enable") {
    /// let pairs = [("group", "a"), ("group", "b"), ("plan", "free")];
    /// assert_eq!(request.tags(), pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn tags(&self) -> Vec<(String, String)> {
        self.act(|request| request.tags()).unwrap_or_default()
    }

    /// The time since the request began.
    ///
    /// ```
    /// # use pynba_runtime::Reporter;
    /// # use std::{thread, time::Duration};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// assert_eq!(pynba_runtime::current().elapsed(), None);
    /// let _request = reporter.open("/report");
    /// thread::sleep(Duration::from_millis(5));
    /// # if cfg!(feature = "enable") {
    /// assert!(pynba_runtime::current().elapsed() >= Some(Duration::from_millis(5)));
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn elapsed(&self) -> Option<Duration> {
        self.act(|request| request.elapsed()).flatten()
    }

    /// Everything so far, timers included.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pynba_runtime::{Reporter, Tags};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// # let _open = reporter.open("/report");
    /// let request = pynba_runtime::current();
    /// request.add_timer(Tags::new().with("group", "db"), Duration::from_millis(12), 1);
    /// # if cfg!(feature = "enable") {
    /// let info = request.info().expect("a request is open");
    /// assert_eq!(info.script_name, "/report");
    /// assert_eq!(info.timers[0].value, Duration::from_millis(12));
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn info(&self) -> Option<RequestInfo> {
        self.act(|request| request.info(Moment::now()))?
    }

    /// Stops every timer that runs.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, Tags, Timer};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// # let _open = reporter.open("/report");
    /// let timer = Timer::new(Tags::new().with("group", "db"));
    /// timer.start()?;
    /// pynba_runtime::current().stop_timers();
    /// # if cfg!(feature = "enable") {
    /// assert!(!timer.is_started());
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stop_timers(&self) {
        let now = Tick::now();
        let here = self.act(|request| request.stop_timers(now));
        if let (None, Some(id)) = (here, self.request.filter(|_| ENABLED)) {
            id.join(|shared| shared.timers.stop(now));
            self.post(0, move |request| request.timers().stop(now));
        }
    }

    /// Sends the request as it is now, and begins it anew: timers are cleared, and its clock and processor time
    /// start over. Names, status, tags and sizes stay. A timer that runs is stopped and sent; its guard then
    /// records nothing more.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pynba_runtime::{Reporter, Tags, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    /// # let _open = reporter.open("/report");
    ///     let request = pynba_runtime::current();
    ///     request.add_timer(Tags::new().with("group", "db"), Duration::from_millis(12), 1);
    ///     request.flush();
    /// }); // the rest is sent here
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].timers().len(), 1);
    /// assert_eq!(requests[1].timers().len(), 0);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn flush(&self) {
        self.flush_with(FlushOptions::new());
    }

    /// [`flush`](Self::flush) with another name, without the timers that still run, or with tags and sizes
    /// forgotten.
    ///
    /// ```
    /// # use pynba_runtime::{FlushOptions, Reporter, Tags, Timer, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    /// # let _open = reporter.open("/report");
    ///     let request = pynba_runtime::current();
    ///     let timer = Timer::new(Tags::new().with("group", "db"));
    ///     timer.start().expect("it does not run");
    ///     request.flush_with(FlushOptions::new().script_name("/report/1").only_stopped(true));
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!((requests[0].script_name.as_str(), requests[0].timers().len()), ("/report/1", 0));
    /// assert_eq!((requests[1].script_name.as_str(), requests[1].timers().len()), ("/report", 1));
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "options are made where they are used")]
    pub fn flush_with(&self, options: FlushOptions) {
        if let Some(id) = self.request.filter(|_| ENABLED) {
            local::with_encoder(|encoder| {
                // A monitored handler never sees an error: it is counted and logged.
                let _ = local::lend(id, |request| request.flush(&options, encoder));
            });
        }
    }

    /// Forgets everything measured so far: timers, times, sizes, and tags other than those of the reporter. Names and
    /// status stay.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    /// # let _open = reporter.open("/report");
    ///     let request = pynba_runtime::current();
    ///     request.set_document_size(48_000);
    ///     request.tag("plan", "free");
    ///     request.reset();
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].script_name, "/report");
    /// assert_eq!(requests[0].document_size, 0);
    /// assert!(requests[0].tags().is_empty());
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn reset(&self) {
        self.act(Request::reset);
    }

    /// The bytes that [`flush`](Self::flush) would send now; the first packet, if they take several.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, testing::Captured};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let _request = reporter.open("/report");
    /// let packet = pynba_runtime::current().packet();
    /// # if cfg!(feature = "enable") {
    /// let packet = Captured::decode(&packet.expect("a request is open"))?;
    /// assert_eq!(packet.script_name, "/report");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn packet(&self) -> Option<Vec<u8>> {
        local::with_encoder(|encoder| self.act(|request| request.packet(Moment::now(), encoder))?)
    }
}
