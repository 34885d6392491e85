//! What all commands that receive have in common.

mod address;

use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use pynba_collector::{BindError, Collector, CollectorBuilder, Limits, StartError};

pub(crate) use self::address::PORT;

use crate::tell::tell;
use crate::{sending, units};

/// For commands that keep a window of requests.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Receiving {
    #[command(flatten)]
    sockets: Sockets,

    /// Requests are kept so long
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = window)]
    window: Duration,
}

impl Receiving {
    /// How much is kept.
    pub(crate) fn limits(&self) -> Limits {
        self.sockets.limits(self.window)
    }

    /// Away from those who send to the usual port, unless it was said where.
    pub(crate) fn apart(mut self) -> Self {
        if self.sockets.listen.is_empty() {
            self.sockets.listen.push("127.0.0.1:0".to_owned());
        }
        self
    }

    /// Opens the sockets, and says on standard error what may go wrong with them.
    pub(crate) fn start(&self) -> Result<Collector, Box<dyn Error>> {
        let collector = self.sockets.start(self.window)?;
        warn(&collector);
        Ok(collector)
    }
}

/// For commands that know themselves how long requests are needed.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Sockets {
    /// HOST:PORT, HOST or :PORT [default: localhost:30002]
    #[arg(short, long, value_name = "ADDRESS", value_delimiter = ',')]
    listen: Vec<String>,

    /// Pass packets on to this HOST:PORT, unchanged
    #[arg(long, value_name = "SERVER", value_delimiter = ',', value_parser = sending::server)]
    forward: Vec<String>,

    /// For requests, oldest out first
    #[arg(long, value_name = "SIZE", default_value = "256MB", value_parser = memory)]
    memory: usize,

    /// Names and values to keep
    #[arg(long, value_name = "COUNT", default_value_t = 100_000, value_parser = texts)]
    texts: usize,
}

impl Sockets {
    fn limits(&self, window: Duration) -> Limits {
        Limits::default().window(window).memory(self.memory).texts(self.texts)
    }

    /// Opens the sockets.
    pub(crate) fn start(&self, window: Duration) -> Result<Collector, Box<dyn Error>> {
        let builder = Collector::builder().limits(self.limits(window));
        let forward = |builder: CollectorBuilder, server| builder.forward(server);
        let builder = self.forward.iter().fold(builder, forward);
        let builder = self.addresses()?.into_iter().fold(builder, CollectorBuilder::listen_at_all);
        builder.start().map_err(|error| self.with_advice(error))
    }

    /// Those of each place that was given.
    fn addresses(&self) -> Result<Vec<Vec<SocketAddr>>, String> {
        if self.listen.is_empty() {
            return Ok(vec![address::at_home()]);
        }
        let find = |written: &String| {
            address::find(written).map_err(|error| {
                format!("cannot listen at `{written}`: {error}; write HOST:PORT, HOST or :PORT")
            })
        };
        let mut places = self.listen.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        address::each_once(&mut places);
        Ok(places)
    }

    /// The place where somebody else has the port, as it was written, with another one.
    fn with_a_free_port(&self, bind: &BindError) -> String {
        let taken = bind.address();
        if self.listen.is_empty() {
            return format!("localhost:{}", free_port(&address::at_home(), taken.port()));
        }
        let places = self.listen.iter().filter_map(|written| {
            let place = address::find(written).ok().filter(|place| place.contains(&taken))?;
            Some(address::with_port(written, free_port(&place, taken.port())))
        });
        places.into_iter().next().unwrap_or_else(|| {
            SocketAddr::new(taken.ip(), free_port(&[taken], taken.port())).to_string()
        })
    }

    fn with_advice(&self, error: StartError) -> Box<dyn Error> {
        match &error {
            StartError::Bind(bind) if bind.is_in_use() => {
                let place = self.with_a_free_port(bind);
                format!("{error}; choose another one: --listen {place}").into()
            }
            StartError::Bind(bind) if is_for_root(bind) => {
                let why = "ports below 1024 need root or CAP_NET_BIND_SERVICE";
                format!("{error}; {why}; choose another one, such as 30002").into()
            }
            StartError::Loop(_) => format!("{error}; write another server").into(),
            _ => error.into(),
        }
    }
}

/// One of the next ports, or any: 0 leaves it to the system.
fn free_port(place: &[SocketAddr], taken: u16) -> u16 {
    let is_free = |port: &u16| place.iter().all(|one| UdpSocket::bind((one.ip(), *port)).is_ok());
    (taken.saturating_add(1)..=u16::MAX).take(50).find(is_free).unwrap_or(0)
}

fn is_for_root(bind: &BindError) -> bool {
    let source = bind.source().and_then(|source| source.downcast_ref::<io::Error>());
    bind.address().port() < 1024
        && source.is_some_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

/// Says on standard error where to send to, and what may go wrong there.
pub(crate) fn tell_where(collector: &Collector) {
    let addresses: Vec<String> = collector.addresses().iter().map(ToString::to_string).collect();
    tell(format_args!("listening on {}", addresses.join(", ")));
    warn(collector);
}

fn warn(collector: &Collector) {
    for warning in collector.warnings() {
        tell(warning);
    }
}

/// As long as somebody may look away, at least.
pub(crate) fn window(text: &str) -> Result<Duration, String> {
    let window = units::time(text)?;
    if window < Duration::from_secs(1) {
        return Err("too short to see anything; write `1s` at least".into());
    }
    Ok(window)
}

/// As much as a burst takes, at least.
fn memory(text: &str) -> Result<usize, String> {
    const LEAST: u64 = 1_000_000;
    let size = units::size(text)?;
    if size < LEAST {
        return Err("too little to keep requests in; write `1MB` at least".into());
    }
    usize::try_from(size).map_err(|_| "more than this machine can address".into())
}

/// Enough for the names in some requests, at least: with fewer ones nearly everything would be filed under `(other)`.
fn texts(text: &str) -> Result<usize, &'static str> {
    const LEAST: usize = 20;
    let texts = units::count(text)?;
    if texts < LEAST {
        return Err("too few to tell requests apart; write `20` at least");
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_long_enough_to_see_something() {
        assert_eq!(window("1s"), Ok(Duration::from_secs(1)));
        assert!(window("999ms").unwrap_err().contains("`1s` at least"));
    }

    #[test]
    fn texts_are_enough_to_tell_requests_apart() {
        assert_eq!(texts("20"), Ok(20));
        for few in ["0", "1", "2", "19"] {
            assert!(texts(few).unwrap_err().contains("`20` at least"), "{few}");
        }
    }

    #[test]
    fn memory_is_a_size() {
        assert_eq!(memory("256MB"), Ok(256_000_000));
        assert_eq!(memory("1 GiB"), Ok(1 << 30));
        for (wrong, said) in [("", "such as"), ("much", "such as"), ("12", "at least")] {
            assert!(memory(wrong).unwrap_err().contains(said), "{wrong}");
        }
    }
}
