//! What all commands that receive have in common.

use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

use bytesize::ByteSize;
use pynba_collector::{Collector, CollectorBuilder, Limits, StartError};

/// Pinba's port, as `pinba_engine` has it.
const PORT: u16 = 30002;

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Receiving")]
pub(crate) struct Receiving {
    /// Where to receive: HOST:PORT, HOST, or :PORT for all addresses [default: this machine only, port 30002]
    #[arg(short, long, value_name = "ADDRESS", value_delimiter = ',')]
    listen: Vec<String>,

    /// Pass every packet on, unchanged, to this server, too
    #[arg(long, value_name = "HOST:PORT", value_delimiter = ',')]
    forward: Vec<String>,

    /// How long requests are kept
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = humantime::parse_duration)]
    window: Duration,

    /// How much memory they may take; the oldest leave when it is full
    #[arg(long, value_name = "SIZE", default_value = "256MB")]
    memory: ByteSize,

    /// How many distinct names and values are told apart; further ones are filed under `(other)`
    #[arg(long, value_name = "COUNT", default_value_t = 100_000)]
    texts: usize,
}

impl Receiving {
    /// Opens the sockets, and says on standard error what may go wrong with them.
    pub(crate) fn start(&self) -> Result<Collector, Box<dyn Error>> {
        let memory = usize::try_from(self.memory.as_u64()).unwrap_or(usize::MAX);
        let limits = Limits::default().window(self.window).memory(memory).texts(self.texts);
        let forward = |builder: CollectorBuilder, server| builder.forward(server);
        let builder = self.forward.iter().fold(Collector::builder().limits(limits), forward);
        let started = if self.listen.is_empty() {
            start_at_home(&builder)
        } else {
            self.addresses()?.into_iter().fold(builder, CollectorBuilder::listen).start()
        };
        let collector = started.map_err(with_advice)?;
        for warning in collector.warnings() {
            eprintln!("pynba: {warning}");
        }
        Ok(collector)
    }

    fn addresses(&self) -> Result<Vec<SocketAddr>, String> {
        let mut addresses = Vec::new();
        for written in &self.listen {
            let error = |error| {
                format!("cannot listen at `{written}`: {error}; write HOST:PORT, HOST or :PORT")
            };
            addresses.extend(resolve(written).map_err(error)?);
        }
        Ok(addresses)
    }
}

/// At both addresses of the loopback, or the older one alone where there is no IPv6.
fn start_at_home(builder: &CollectorBuilder) -> Result<Collector, StartError> {
    let builder = builder.clone().listen((Ipv4Addr::LOCALHOST, PORT).into());
    match builder.clone().listen((Ipv6Addr::LOCALHOST, PORT).into()).start() {
        Err(StartError::Bind(error)) if error.address().is_ipv6() && !error.is_in_use() => {
            builder.start()
        }
        started => started,
    }
}

fn resolve(written: &str) -> io::Result<Vec<SocketAddr>> {
    if let Some(port) = written.strip_prefix(':') {
        let port =
            port.parse().map_err(|_| io::Error::other("its port is no number up to 65535"))?;
        let v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        return Ok(vec![v4, (Ipv6Addr::UNSPECIFIED, port).into()]);
    }
    let host = written.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(written);
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![(ip, PORT).into()]);
    }
    if written.contains(':') {
        return Ok(written.to_socket_addrs()?.collect());
    }
    Ok((written, PORT).to_socket_addrs()?.collect())
}

fn with_advice(error: StartError) -> Box<dyn Error> {
    match &error {
        StartError::Bind(bind) if bind.is_in_use() => {
            let free = bind.address().port().saturating_add(1);
            format!(
                "{error}; choose another one: --listen {}",
                SocketAddr::new(bind.address().ip(), free)
            )
            .into()
        }
        _ => error.into(),
    }
}
