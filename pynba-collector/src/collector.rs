//! Sockets and a store together: what receives by itself, and can be asked.

mod error;
mod shared;

use std::fmt;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use pynba_runtime::{Background, Reporter};

pub use self::error::StartError;

use self::shared::{Keeping, Shared};

use crate::counts::Counts;
use crate::receive::{self, SmallBuffer};
use crate::snapshot::Snapshot;
use crate::store::{Limits, Store};

/// Receives packets on its own threads, one for each address, until it is dropped.
///
/// ```
/// use pynba_collector::{Collector, Query, Report};
///
/// let collector = Collector::builder().listen(([127, 0, 0, 1], 0).into()).start()?;
/// println!("listening on {}", collector.addresses()[0]);
///
/// let report = Report::over(Query::new().by("script".parse()?), &collector.snapshot());
/// for row in report.rows() {
///     println!("{:?} {:?}", row.key().collect::<Vec<_>>(), row.quantile(0.95));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Collector {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    sockets: Vec<UdpSocket>,
    /// What the kernel had dropped when the sockets were closed.
    lost: Option<u64>,
    addresses: Vec<SocketAddr>,
    warnings: Vec<SmallBuffer>,
    /// When it was stopped: what comes no more does not make rates smaller.
    ended: Option<Duration>,
}

/// Says what a [`Collector`] is to do.
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is received before `start`"]
pub struct CollectorBuilder {
    places: Vec<Vec<SocketAddr>>,
    limits: Limits,
    forward: Vec<String>,
}

impl CollectorBuilder {
    /// Receives at this address, too. The port 0 is one that the system picks.
    pub fn listen(self, address: SocketAddr) -> Self {
        self.listen_at_all([address])
    }

    /// Receives at all addresses of one place, too, as those of IPv4 and IPv6 that a name stands for. The port 0 is one
    /// that the system picks, the same for all of them.
    pub fn listen_at_all(mut self, addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.places.push(addresses.into_iter().collect());
        self
    }

    /// How much is kept.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Passes every datagram on to this server, too, `host:port`: unchanged, also what is no packet of Pinba.
    /// Receiving never waits for it. Two collectors that forward to each other would never end.
    pub fn forward(mut self, server: impl Into<String>) -> Self {
        self.forward.push(server.into());
        self
    }

    /// Opens the sockets and begins.
    ///
    /// # Errors
    ///
    /// When there is no socket to be had at one of the addresses, or a server to forward to is written wrong.
    pub fn start(self) -> Result<Collector, StartError> {
        // Before anything is received: it may take a while to find them.
        let servers: Vec<_> =
            self.forward.iter().map(|server| (server, receive::addresses_of(server))).collect();
        let forward = forward_to(&self.forward).map_err(StartError::Forward)?;
        let mut receiving = Vec::new();
        for addresses in &self.places {
            receiving.extend(receive::bind_all(addresses).map_err(StartError::Bind)?);
        }
        let own: Vec<SocketAddr> = receiving.iter().map(|receiving| receiving.address).collect();
        if let Some((server, _)) =
            servers.into_iter().find(|(_, addresses)| receive::are_any_of(addresses, &own))
        {
            return Err(StartError::Loop(server.clone()));
        }
        let shared = Arc::new(Shared {
            began: Instant::now(),
            kept: Mutex::new(Keeping {
                store: Store::new(self.limits, SystemTime::now()),
                counts: Counts::default(),
                latest: Duration::ZERO,
            }),
            forward,
            stops: AtomicBool::new(false),
        });
        let mut collector = Collector {
            addresses: own,
            warnings: receiving.iter().filter_map(|receiving| receiving.warning).collect(),
            shared,
            threads: Vec::new(),
            sockets: Vec::new(),
            lost: None,
            ended: None,
        };
        for receiving in receiving {
            collector.receive(receiving.socket).map_err(StartError::Thread)?;
        }
        Ok(collector)
    }
}

/// How long the end may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Datagrams that wait to be passed on, at most.
const FORWARD_QUEUE: usize = 16_384;

fn forward_to(servers: &[String]) -> Result<Option<Reporter>, pynba_runtime::Error> {
    if servers.is_empty() {
        return Ok(None);
    }
    // What a full receive buffer holds is passed on while the next one fills up.
    let queue = Background::new().capacity(FORWARD_QUEUE).max_bytes(64 << 20);
    let reporter = Reporter::builder().servers(servers.join(",")).background(queue);
    reporter.max_datagram(65_527).build().map(Some)
}

impl Collector {
    /// One that listens nowhere yet.
    pub fn builder() -> CollectorBuilder {
        CollectorBuilder::default()
    }

    fn receive(&mut self, socket: UdpSocket) -> std::io::Result<()> {
        self.sockets.push(socket.try_clone()?);
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new().name("pynba-receive".into());
        self.threads.push(thread.spawn(move || shared.receive(&socket))?);
        Ok(())
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Addresses at which bursts of packets will be lost.
    #[must_use]
    pub fn warnings(&self) -> &[SmallBuffer] {
        &self.warnings
    }

    /// What is in the window now; after [`stop`](Self::stop) what was in it then.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let mut keeping = self.shared.lock();
        // Not before: what is waited for may come later than that.
        let now = self.ended.map_or_else(|| self.uptime(), |ended| ended.max(keeping.latest));
        keeping.store.set_calendar(self.uptime(), SystemTime::now());
        keeping.store.snapshot(now)
    }

    /// Lets go of the requests below this [`id`](crate::Request::id), for whoever passes requests on and does not look
    /// back: see [`Store::forget_before`].
    pub fn forget_before(&self, id: u64) {
        self.shared.lock().store.forget_before(id);
    }

    /// What came since it was started.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let lost = if self.sockets.is_empty() {
            self.lost
        } else {
            receive::lost_by_kernel(self.sockets.iter())
        };
        let forwarded = self.shared.forward.as_ref().map(Reporter::stats);
        let counts = self.shared.lock().counts;
        counts.with(lost, forwarded)
    }

    /// Stops receiving: takes in what the kernel has received by now, passes on what waits to be forwarded, and closes
    /// the sockets. What came stays, and can still be asked for.
    pub fn stop(&mut self) {
        // Also while a thread still waits for a packet.
        self.sockets.iter().for_each(receive::take_no_more);
        self.ended.get_or_insert(self.shared.began.elapsed());
        self.shared.stops.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // One that panicked said so itself.
            let _ = thread.join();
        }
        if !self.sockets.is_empty() {
            self.lost = receive::lost_by_kernel(self.sockets.iter());
            self.sockets.clear();
        }
        if let Some(forward) = &self.shared.forward {
            // What became of it is counted.
            let _ = forward.shutdown(PATIENCE);
        }
    }

    /// How long it has been running.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        self.shared.began.elapsed()
    }
}

/// Without what is kept, which may be hundreds of megabytes.
impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector")
            .field("addresses", &self.addresses)
            .field("uptime", &self.uptime())
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_can_be_asked_for_after_the_stop() {
        let target = UdpSocket::bind("127.0.0.1:0").unwrap();
        target.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let builder = Collector::builder().listen(([127, 0, 0, 1], 0).into());
        let builder = builder.forward(target.local_addr().unwrap().to_string());
        let mut collector = builder.start().unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.send_to(b"garbage", collector.addresses()[0]).unwrap();
        while collector.counts().packets == 0 {
            thread::sleep(Duration::from_millis(1));
        }

        collector.stop();
        let counts = collector.counts();
        assert_eq!((counts.packets, counts.invalid(), counts.requests), (1, 1, 0));
        assert_eq!(counts.forwarded.unwrap().packets, 1);
        let mut received = [0; 100];
        assert_eq!(target.recv(&mut received).unwrap(), b"garbage".len());

        client.send_to(b"garbage", collector.addresses()[0]).unwrap();
        thread::sleep(PATIENCE_OF_A_TEST);
        assert_eq!(collector.counts().packets, 1);
        collector.stop();
    }

    #[test]
    fn what_comes_no_more_is_not_waited_for() {
        let mut collector =
            Collector::builder().listen(([127, 0, 0, 1], 0).into()).start().unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.send_to(b"garbage", collector.addresses()[0]).unwrap();
        while collector.counts().packets == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        collector.stop();
        // Threads waited in vain for more until they saw that.
        let ended = collector.ended.unwrap();
        assert!(collector.shared.lock().latest < ended && ended < collector.uptime());
        assert_eq!(collector.snapshot().span(), ended);
    }

    const PATIENCE_OF_A_TEST: Duration = Duration::from_millis(20);
}
