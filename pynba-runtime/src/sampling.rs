//! Which requests are sent when not all are.

use std::time::Duration;

use crate::local;

/// Sends a part of the requests only, decided at the end of each.
///
/// A server counts what it gets: with a rate of 0.1 its request counts, rates and total times are a tenth of the
/// real ones, while averages and percentiles stay right. With [`always_slower_than`](Self::always_slower_than) and
/// [`always_failed`](Self::always_failed) those requests are counted in full, so that averages and percentiles
/// are too high. What was left out, [`Stats`](crate::Stats) counts.
///
/// ```
/// use std::time::Duration;
/// use pynba_runtime::{Reporter, Sampling};
///
/// let sampling = Sampling::new(0.1).always_slower_than(Duration::from_millis(500)).always_failed();
/// let reporter = Reporter::builder().server("127.0.0.1:30002").sampling(sampling).build()?;
/// # Ok::<(), pynba_runtime::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Sampling {
    rate: f64,
    slower_than: Option<Duration>,
    failed: bool,
}

impl Sampling {
    /// `rate` is the part that is sent, from 0 to 1. A number beyond is taken for the nearer end, NaN for 1.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, Sampling};
    /// let sampling = Sampling::new(0.5);
    /// let reporter = Reporter::builder().server("127.0.0.1:30002").sampling(sampling).build()?;
    /// for _ in 0..1000 {
    ///     drop(reporter.open("import"));
    /// }
    /// # if cfg!(feature = "enable") {
    /// assert!((300..700).contains(&reporter.stats().sampled_out));
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub const fn new(rate: f64) -> Self {
        let rate = if rate.is_nan() { 1.0 } else { rate.clamp(0.0, 1.0) };
        Self { rate, slower_than: None, failed: false }
    }

    /// Requests that took longer are all sent.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pynba_runtime::{Reporter, Sampling};
    /// let sampling = Sampling::new(0.0).always_slower_than(Duration::from_millis(500));
    /// let reporter = Reporter::builder().server("127.0.0.1:30002").sampling(sampling).build()?;
    /// drop(reporter.open("import")); // not sent
    /// reporter.open("import").current().set_request_time(Duration::from_secs(1)); // sent
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(reporter.stats().sampled_out, 1);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub const fn always_slower_than(mut self, time: Duration) -> Self {
        self.slower_than = Some(time);
        self
    }

    /// Requests with a status of 500 and more are all sent.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, Sampling};
    /// let sampling = Sampling::new(0.0).always_failed();
    /// let reporter = Reporter::builder().server("127.0.0.1:30002").sampling(sampling).build()?;
    /// drop(reporter.open("import")); // not sent
    /// reporter.open("import").current().set_status(500); // sent
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(reporter.stats().sampled_out, 1);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    pub const fn always_failed(mut self) -> Self {
        self.failed = true;
        self
    }

    pub(crate) fn takes(&self, status: u32, time: Duration) -> bool {
        self.failed && status >= 500
            || self.slower_than.is_some_and(|limit| time > limit)
            || local::random() < self.rate
    }
}

impl Default for Sampling {
    /// All of them.
    fn default() -> Self {
        Self::new(1.0)
    }
}
