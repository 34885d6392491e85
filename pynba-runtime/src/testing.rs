//! For a program's own tests: what was measured, decoded, instead of being sent.

mod collector;

use std::future::poll_fn;
use std::ops::Deref;
use std::sync::{Arc, Mutex, Weak};
use std::{fmt, mem};

use crate::local;
use crate::lock::lock;
use crate::proto::{DecodeError, Request};

pub use self::collector::Collector;

/// Runs `act` and gives every request that was opened meanwhile on this thread and has ended, in the order
/// of their ends. Nothing of them is sent.
///
/// A request needs no reporter here, and neither `PINBA_ENABLED=0` nor [`Sampling`](crate::Sampling) leaves one
/// out. Tests may run in parallel: each sees its own requests. A build without the feature `enable` records
/// nothing, here either.
///
/// ```
/// use pynba_runtime::{Reporter, testing};
///
/// let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
/// let requests = testing::capture(|| {
///     let request = reporter.open("import");
///     request.current().tag("source", "ftp");
/// });
/// # if cfg!(feature = "enable") {
/// assert_eq!(requests[0].script_name, "import");
/// assert_eq!(requests[0].tags(), [("source".to_owned(), "ftp".to_owned())]);
/// # }
/// # Ok::<(), pynba_runtime::Error>(())
/// ```
///
/// # Panics
///
/// When `act` does.
pub fn capture<R>(act: impl FnOnce() -> R) -> Vec<Captured> {
    let packets = Arc::default();
    let restore = capture_into(&packets);
    act();
    drop(restore);
    decode(&packets)
}

/// [`capture`] around a future: gives every request that was opened while it was polled and has ended, in the
/// order of their ends.
///
/// Requests of tasks that it spawns are theirs, and are not seen here; what these measure for a request of this
/// future, through a [`Handle`](crate::Handle), is.
///
/// ```
/// # use std::pin::pin;
/// # use std::task::{Context, Poll, Waker};
/// # use pynba_runtime::{Reporter, testing};
/// # fn block_on<R>(future: impl Future<Output = R>) -> R {
/// #     match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
/// #         Poll::Ready(result) => result,
/// #         Poll::Pending => panic!("it waits"),
/// #     }
/// # }
/// let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
/// let requests = block_on(testing::capture_async(async {
///     reporter.monitor("/report", async { pynba_runtime::current().set_status(404) }).await;
/// }));
/// # if cfg!(feature = "enable") {
/// assert_eq!(requests[0].status, Some(404));
/// # }
/// # Ok::<(), pynba_runtime::Error>(())
/// ```
pub async fn capture_async<F: Future>(future: F) -> Vec<Captured> {
    let packets = Arc::default();
    let mut future = Box::pin(future);
    poll_fn(|context| {
        let _restore = capture_into(&packets);
        future.as_mut().poll(context).map(drop)
    })
    .await;
    // What the future keeps ends with it, and belongs here, too.
    let restore = capture_into(&packets);
    drop(future);
    drop(restore);
    decode(&packets)
}

fn capture_into(packets: &Arc<Packets>) -> Restore {
    Restore(local::replace_capture(Some(Capture(Arc::downgrade(packets)))))
}

/// Puts back what was set before, also when the test panics.
struct Restore(Option<Capture>);

impl Drop for Restore {
    fn drop(&mut self) {
        local::replace_capture(self.0.take());
    }
}

/// Where packets are kept. It refers to the call of [`capture`] and does not outlive it: a request that does is
/// sent as any other.
#[derive(Clone, Debug)]
pub(crate) struct Capture(Weak<Packets>);

type Packets = Mutex<Vec<Vec<u8>>>;

impl Capture {
    /// `false` when there is nobody any more who wants the packet.
    pub(crate) fn keep(&self, packet: &[u8]) -> bool {
        self.0.upgrade().map(|packets| lock(&packets).push(packet.to_vec())).is_some()
    }
}

fn decode(packets: &Packets) -> Vec<Captured> {
    let packets = mem::take(&mut *lock(packets));
    packets.iter().map(|packet| Captured::decode(packet).expect("our own packet")).collect()
}

/// A request as a server sees it. Derefs to the decoded message.
#[derive(Clone, Debug, PartialEq)]
pub struct Captured {
    request: Request,
}

/// A timer of a [`Captured`] request.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct CapturedTimer {
    /// Seconds.
    pub value: f32,
    /// How many hits the value is the sum of.
    pub hit_count: u32,
    /// Names and values, in order.
    pub tags: Vec<(String, String)>,
}

impl Captured {
    /// Reads a packet.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, testing::Captured};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let request = reporter.open("/report");
    /// if let Some(packet) = request.current().packet() {
    ///     assert_eq!(Captured::decode(&packet)?.script_name, "/report");
    /// }
    /// assert!(Captured::decode(b"no packet").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the bytes are no packet of Pinba.
    pub fn decode(packet: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self { request: Request::decode(packet)? })
    }

    /// The timers, with their tags as text.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pynba_runtime::{Reporter, Tags, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let request = reporter.open("/report");
    ///     request.current().add_timer(Tags::new().with("group", "db"), Duration::from_millis(500), 2);
    /// });
    /// # if cfg!(feature = "enable") {
    /// let timer = &requests[0].timers()[0];
    /// assert_eq!((timer.value, timer.hit_count), (0.5, 2));
    /// assert_eq!(timer.tags, [("group".to_owned(), "db".to_owned())]);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn timers(&self) -> Vec<CapturedTimer> {
        let owned = |timer: crate::proto::Timer<'_>| CapturedTimer {
            value: timer.value,
            hit_count: timer.hit_count,
            tags: timer.tags.into_iter().map(own).collect(),
        };
        self.request.timers().map(owned).collect()
    }

    /// The request's tags as text, in order.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     reporter.open("/report").current().tag("plan", "free");
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].tags(), [("plan".to_owned(), "free".to_owned())]);
    /// # }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn tags(&self) -> Vec<(String, String)> {
        self.request.tags().map(own).collect()
    }

    /// The message itself.
    ///
    /// ```
    /// # use pynba_runtime::{Reporter, proto, testing};
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| drop(reporter.open("/report")));
    /// for request in requests {
    ///     let message: proto::Request = request.into_inner();
    ///     assert_eq!(message.request_count, 1);
    /// }
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn into_inner(self) -> Request {
        self.request
    }
}

fn own((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

impl Deref for Captured {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.request
    }
}

/// `0.012 s ×1 group=db op=select`, which is what one wants to read in a failed test.
impl fmt::Debug for CapturedTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s ×{}", self.value, self.hit_count)?;
        self.tags.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}
