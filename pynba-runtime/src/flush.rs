//! What a flush does beside sending.

use std::borrow::Cow;

/// How [`Current::flush_with`](crate::Current::flush_with) sends a request before its end.
///
/// ```
/// use pynba_runtime::FlushOptions;
///
/// let options = FlushOptions::new().script_name("/report/first-half").only_stopped(true);
/// # let same = FlushOptions { only_stopped: true, ..FlushOptions::new().script_name("/report/first-half") };
/// # assert_eq!(options, same);
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[must_use]
pub struct FlushOptions {
    /// The name of this packet only.
    pub script_name: Option<Cow<'static, str>>,
    /// Whether timers that run are left out, and stay for the next flush. Otherwise they are stopped there.
    pub only_stopped: bool,
    /// Whether sizes, and request tags other than those of the reporter, are forgotten, too.
    pub reset: bool,
}

impl FlushOptions {
    /// Those of a plain [`flush`](crate::Current::flush).
    ///
    /// ```
    /// # use pynba_runtime::FlushOptions;
    /// assert_eq!(FlushOptions::new(), FlushOptions::default());
    /// ```
    pub const fn new() -> Self {
        Self { script_name: None, only_stopped: false, reset: false }
    }

    /// Names this packet only.
    ///
    /// ```
    /// # use pynba_runtime::{FlushOptions, Reporter, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    /// # let _open = reporter.open("/report");
    ///     pynba_runtime::current().flush_with(FlushOptions::new().script_name("/report/1"));
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].script_name, "/report/1");
    /// assert_eq!(requests[1].script_name, "/report"); // sent at the end
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub fn script_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.script_name = Some(name.into());
        self
    }

    /// Leaves timers that run out, for the next flush.
    ///
    /// ```
    /// # use pynba_runtime::{FlushOptions, Reporter, Tags, Timer, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    /// # let _open = reporter.open("/report");
    ///     let timer = Timer::new(Tags::new().with("group", "db"));
    ///     timer.start().expect("it does not run");
    ///     pynba_runtime::current().flush_with(FlushOptions::new().only_stopped(true));
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert!(requests[0].timers().is_empty());
    /// assert_eq!(requests[1].timers().len(), 1); // sent at the end
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub const fn only_stopped(mut self, only_stopped: bool) -> Self {
        self.only_stopped = only_stopped;
        self
    }

    /// Forgets sizes, and request tags other than those of the reporter, too.
    ///
    /// ```
    /// # use pynba_runtime::{FlushOptions, Reporter, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    /// # let _open = reporter.open("/report");
    ///     pynba_runtime::current().tag("plan", "free");
    ///     pynba_runtime::current().flush_with(FlushOptions::new().reset(true));
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].tags().len(), 1);
    /// assert_eq!(requests[1].tags().len(), 0); // sent at the end
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub const fn reset(mut self, reset: bool) -> Self {
        self.reset = reset;
        self
    }
}
