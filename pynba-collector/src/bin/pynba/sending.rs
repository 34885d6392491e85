//! What the commands that send share: servers, names, tags, and what is told when a packet does not get out.

mod lookup;
mod pair;

use std::env;
use std::error::Error as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pynba_runtime::{Error, MAX_SERVERS, Reporter, ReporterBuilder, Rusage, ScriptMonitor};

use self::lookup::Lookup;

pub(crate) use self::pair::Pair;

/// Where a Pinba server, `pynba top` or `pynba listen` is expected.
pub(crate) const DEFAULT_SERVER: &str = "127.0.0.1:30002";

/// What is said of the request besides what was measured. The servers are looked up while that goes on.
#[derive(Debug, clap::Args)]
pub(crate) struct About {
    #[arg(help = "Repeatable; else $PINBA_SERVER, 127.0.0.1:30002")]
    #[arg(short, long, value_name = "HOST:PORT", value_delimiter = ',', value_parser = server)]
    server: Vec<String>,
    /// Tag of the request; repeatable
    #[arg(short, long, value_name = "NAME=VALUE")]
    tag: Vec<Pair>,
    /// Machine that did the work [default: this one]
    #[arg(long, value_name = "NAME")]
    hostname: Option<String>,
    /// Site or service it is for [default: this one]
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// How it was asked for, such as `https` or `cron`
    #[arg(long, value_name = "TEXT")]
    schema: Option<String>,
}

/// One `host:port`, for the parser of arguments.
pub(crate) fn server(text: &str) -> Result<String, String> {
    let server = text.trim();
    match Reporter::builder().server(server.to_owned()).build() {
        Ok(_) => Ok(server.to_owned()),
        Err(Error::InvalidServer { problem, .. }) => Err(problem.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Servers leave a request without any out of their reports.
pub(crate) fn name(text: &str) -> Result<String, &'static str> {
    if text.is_empty() { Err("a name is missing, such as `/import`") } else { Ok(text.to_owned()) }
}

/// A request on its way: the servers' names are being looked up.
pub(crate) struct Sending {
    about: About,
    lookup: Lookup,
    problems: Vec<String>,
}

impl About {
    /// Begins to look the servers up.
    pub(crate) fn begin(self) -> Sending {
        let mut problems = Vec::new();
        let mut servers = self.servers(&mut problems);
        if !is_enabled() {
            servers.clear();
            problems.clear();
        }
        Sending { lookup: Lookup::begin(servers), about: self, problems }
    }

    fn servers(&self, problems: &mut Vec<String>) -> Vec<String> {
        let mut servers = self.server.clone();
        if servers.is_empty() {
            servers = from_environment(problems);
        }
        if servers.len() > MAX_SERVERS {
            problems.push(Error::TooManyServers { given: servers.len() }.to_string());
            servers.truncate(MAX_SERVERS);
        }
        servers
    }
}

fn from_environment(problems: &mut Vec<String>) -> Vec<String> {
    let list = env::var("PINBA_SERVER").unwrap_or_default();
    if list.trim().is_empty() {
        return vec![DEFAULT_SERVER.to_owned()];
    }
    let mut servers = Vec::new();
    for text in list.split(',') {
        match server(text) {
            Ok(server) => servers.push(server),
            Err(problem) => problems.push(format!("PINBA_SERVER: {:?}: {problem}", text.trim())),
        }
    }
    servers
}

impl Sending {
    /// Sends the request that `say` describes, after waiting so long for addresses at most. Gives what went wrong,
    /// which is nothing when `PINBA_ENABLED` forbids to send.
    pub(crate) fn finish(
        self,
        patience: Duration,
        name: String,
        say: impl FnOnce(&ScriptMonitor),
    ) -> Vec<String> {
        let Self { about, lookup, mut problems } = self;
        let (addresses, unknown) = lookup.wait(patience);
        problems.extend(unknown);
        if addresses.is_empty() {
            return problems;
        }
        let lost = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&lost);
        let builder = addresses
            .iter()
            .fold(Reporter::builder(), |builder, address| builder.server(address.to_string()));
        let builder = builder.on_error(move |error| {
            keep.lock().unwrap_or_else(PoisonError::into_inner).push(describe(error));
        });
        match open(builder, about, name) {
            Ok(monitor) => {
                say(&monitor);
                monitor.flush();
            }
            Err(error) => problems.push(describe(&error)),
        }
        problems.append(&mut lost.lock().unwrap_or_else(PoisonError::into_inner));
        problems
    }
}

impl About {
    /// The request as text, sent nowhere.
    pub(crate) fn capture(
        self,
        name: String,
        say: impl FnOnce(&ScriptMonitor),
    ) -> Result<Vec<pynba_runtime::testing::Captured>, Error> {
        let mut result = Ok(());
        let captured = pynba_runtime::testing::capture(|| {
            let builder = Reporter::builder().server(DEFAULT_SERVER);
            result = open(builder, self, name).map(|monitor| {
                say(&monitor);
                monitor.flush();
            });
        });
        result.map(|()| captured)
    }
}

fn open(builder: ReporterBuilder, about: About, name: String) -> Result<ScriptMonitor, Error> {
    let About { tag, hostname, server_name, schema, .. } = about;
    let builder = [
        (hostname, ReporterBuilder::hostname as fn(ReporterBuilder, String) -> ReporterBuilder),
        (server_name, ReporterBuilder::server_name),
        (schema, ReporterBuilder::schema),
    ]
    .into_iter()
    .fold(builder, |builder, (given, set)| match given {
        Some(name) => set(builder, name),
        None => builder,
    });
    // Nothing of this process is of interest.
    let reporter = builder.rusage(Rusage::Off).build()?;
    let monitor = ScriptMonitor::with_reporter(&reporter);
    monitor.set_script_name(name);
    for (name, values) in pair::by_name(tag) {
        monitor.tag(name, values);
    }
    Ok(monitor)
}

fn describe(error: &Error) -> String {
    match error.source() {
        // These say it all.
        None => error.to_string(),
        Some(source) => format!("{error}: {source}"),
    }
}

/// What `PINBA_ENABLED` says, as the library reads it.
pub(crate) fn is_enabled() -> bool {
    struct Nowhere;

    impl pynba_runtime::Transport for Nowhere {
        fn send(&self, _datagram: &[u8]) -> std::io::Result<()> {
            Ok(())
        }
    }

    let reporter = Reporter::builder().transport(Nowhere).build();
    reporter.is_ok_and(|reporter| ScriptMonitor::with_reporter(&reporter).info().is_some())
}
