//! A receiver on the loopback.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use super::Captured;

/// Receives packets on a port of the loopback that the system picks: for tests and examples.
///
/// ```
/// use std::time::Duration;
/// use pynba_runtime::{Reporter, testing::Collector};
///
/// let collector = Collector::bind()?;
/// let reporter = Reporter::builder().server(collector.address().to_string()).build()?;
/// drop(reporter.open("/index"));
/// # if cfg!(feature = "enable") {
/// let request = collector.recv(Duration::from_secs(5)).expect("a packet");
/// assert_eq!(request.script_name, "/index");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Collector {
    socket: UdpSocket,
    address: SocketAddr,
}

impl Collector {
    /// Opens the socket.
    ///
    /// ```
    /// # use pynba_runtime::testing::Collector;
    /// let collectors = [Collector::bind()?, Collector::bind()?];
    /// assert_ne!(collectors[0].address(), collectors[1].address()); // tests may run in parallel
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the system has no socket or port left.
    pub fn bind() -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// Where to send to.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pynba_runtime::{ScriptMonitor, testing::Collector};
    /// let collector = Collector::bind()?;
    /// assert!(collector.address().ip().is_loopback());
    ///
    /// let monitor = ScriptMonitor::new(collector.address().to_string())?;
    /// monitor.send()?;
    /// # if cfg!(feature = "enable") {
    /// assert!(collector.recv(Duration::from_secs(5)).is_some());
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next packet of Pinba, waiting for it that long at most. Datagrams that are none are passed
    /// over.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pynba_runtime::{Reporter, testing::Collector};
    /// # let collector = Collector::bind()?;
    /// # let reporter = Reporter::builder().server(collector.address().to_string()).build()?;
    /// reporter.send(b"no packet of Pinba")?;
    /// drop(reporter.open("/index"));
    /// # if cfg!(feature = "enable") {
    /// let request = collector.recv(Duration::from_secs(5)).expect("a packet");
    /// assert_eq!((request.script_name.as_str(), request.status), ("/index", Some(200)));
    /// # }
    /// assert_eq!(collector.recv(Duration::ZERO), None); // whatever is there by now
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn recv(&self, timeout: Duration) -> Option<Captured> {
        // A century, for whoever waits for ever.
        let forever = Duration::from_secs(100 * 365 * 86_400);
        let until = Instant::now() + timeout.min(forever);
        let mut buffer = vec![0; usize::from(u16::MAX)];
        loop {
            // A timeout of zero would mean none at all.
            let left =
                until.saturating_duration_since(Instant::now()).max(Duration::from_micros(1));
            self.socket.set_read_timeout(Some(left)).ok()?;
            match self.socket.recv(&mut buffer) {
                // Nothing at all would decode as a request without any field.
                Ok(0) => {}
                Ok(length) => {
                    if let Ok(request) = Captured::decode(&buffer[..length]) {
                        return Some(request);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
            if Instant::now() >= until {
                return None;
            }
        }
    }
}
