//! Sending by a thread in the background.

mod bell;
mod fork;
mod queue;
mod ring;
mod sender;
mod signals;
mod thread;

use std::time::Duration;

pub(crate) use self::sender::Sender;
use crate::wire::MAX_DATAGRAM_IPV6;

/// Packets that wait at most, unless set: those of 10 ms at 100,000 requests a second, within which even a busy
/// machine lets the thread run. Each has memory of its own, so more would take more.
const CAPACITY: usize = 1024;

/// Memory for them, unless set: for each as much as a request with a hundred timers takes, and as much again.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// How long a packet waits at most, unless set. Nobody looks at live figures more closely, and a look every 5 ms
/// costs a process that does little some thousandths of a core.
const INTERVAL: Duration = Duration::from_millis(5);

/// A million packets are more than a thread sends in the time that anybody waits for it.
const MAX_CAPACITY: usize = 1 << 20;

/// Two of the largest packets, of which one always finds room.
const MIN_MAX_BYTES: usize = 2 * (MAX_DATAGRAM_IPV6 + 1);

/// A thread that does nothing but look is in the way of others.
const MIN_INTERVAL: Duration = Duration::from_micros(100);

/// Sends packets by a thread in the background, many of them with one system call.
///
/// At the end of a request its packet is copied into a queue, which takes a fraction of the time that a send takes;
/// the program never waits for the thread. From some thousand requests a second on the whole process takes less
/// processor time than without it; below that a little more, for waking up. When the queue is full, the packet is
/// dropped and counted ([`queue_full`](crate::Stats::queue_full)). The figures of [`Stats`](crate::Stats) about
/// packets are counted when the thread has sent them, and [`on_error`](crate::ReporterBuilder::on_error), the log and
/// [`Transport`](crate::Transport)s are called on it, one packet after the other. (Of a full queue the thread of the
/// request tells.)
///
/// The thread is started by the first packet, and called `pynba-sender`. It answers no signals. Where it cannot be
/// started every packet is sent at once, as it would be without it. On Linux packets of the same size are joined
/// for the way through the kernel (UDP segmentation offload, from 4.18 on), the others are handed over many at a
/// time (`sendmmsg`); elsewhere they are sent one by one. They arrive as single datagrams in any case, those of
/// each thread in its order. A send buffer that is full is waited for: 20 ms at most.
///
/// # At the end of the program
///
/// What waits in the queue is sent when the last clone of the reporter is dropped (which takes a second at most, if
/// a transport hangs), or by [`Reporter::shutdown`](crate::Reporter::shutdown). Nothing is ever dropped that stands
/// in a `static`, as what was given to [`set_reporter`](crate::set_reporter) does: call `shutdown` at the end of
/// `main`, and before `std::process::exit`.
///
/// # `fork`
///
/// A process that is forked off has a queue and a thread of its own as soon as it sends something. What was in the
/// queue at the fork is sent by the parent, once.
///
/// ```
/// use std::time::Duration;
/// use pynba_runtime::{Background, Reporter, testing::Collector};
///
/// # let collector = Collector::bind()?;
/// # let server = collector.address().to_string();
/// let reporter = Reporter::builder().server(server).background(Background::new()).build()?;
/// drop(reporter.open("/report")); // queued
///
/// assert!(reporter.shutdown(Duration::from_secs(5)));
/// # if cfg!(feature = "enable") {
/// assert_eq!(reporter.stats().packets, 1);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Background {
    capacity: usize,
    max_bytes: usize,
    interval: Duration,
}

impl Background {
    /// A queue of 1024 packets and 16 MiB, in which a packet stays 5 ms at most.
    ///
    /// ```
    /// # use pynba_runtime::Background;
    /// assert_eq!(Background::new(), Background::default());
    /// ```
    pub const fn new() -> Self {
        Self { capacity: CAPACITY, max_bytes: MAX_BYTES, interval: INTERVAL }
    }

    /// How many packets wait at most: 1024 unless set.
    ///
    /// From 2 to 1,048,576; a number beyond is taken for the nearer end, one that is no power of two for the next
    /// that is.
    ///
    /// ```
    /// # use pynba_runtime::{Background, Reporter, testing::Collector};
    /// # let collector = Collector::bind()?;
    /// # let server = collector.address().to_string();
    /// let background = Background::new().capacity(100_000); // 131,072
    /// let reporter = Reporter::builder().server(server).background(background).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn capacity(mut self, packets: usize) -> Self {
        self.capacity = packets;
        self
    }

    /// How much memory the packets in the queue take at most, in bytes: 16 MiB unless set, and 128 KiB at least.
    ///
    /// Memory is taken as packets need it, and kept for the next ones: once the queue has come round, nothing is
    /// allocated any more for packets of up to 7 KiB. (That is nearly half of the bytes, divided by the
    /// [`capacity`](Self::capacity).) The other half is for larger packets, whose memory is kept as long as there is
    /// enough of it. Besides, each packet of the capacity takes 64 bytes.
    ///
    /// ```
    /// # use pynba_runtime::{Background, Reporter, testing::Collector};
    /// # let collector = Collector::bind()?;
    /// # let server = collector.address().to_string();
    /// let background = Background::new().max_bytes(1024 * 1024);
    /// let reporter = Reporter::builder().server(server).background(background).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How long a packet waits at most for others to be sent with: 5 ms unless set, and 0.1 ms at least.
    ///
    /// It waits shorter when there are many. While there are any, the thread looks that often; when there are none
    /// for a while, it sleeps until the next one comes.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pynba_runtime::{Background, Reporter, testing::Collector};
    /// # let collector = Collector::bind()?;
    /// # let server = collector.address().to_string();
    /// let background = Background::new().interval(Duration::from_millis(1));
    /// let reporter = Reporter::builder().server(server).background(background).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Numbers that make sense.
    fn sensible(self) -> Self {
        Self {
            capacity: self.capacity.clamp(2, MAX_CAPACITY).next_power_of_two(),
            max_bytes: self.max_bytes.max(MIN_MAX_BYTES),
            interval: self.interval.max(MIN_INTERVAL),
        }
    }
}

#[cfg(all(test, pynba_loom))]
mod loom;

impl Default for Background {
    fn default() -> Self {
        Self::new()
    }
}
