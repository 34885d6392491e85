//! Addresses of servers, looked up while something else goes on.

use std::fmt::Display;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// A resolver may take many seconds to say that it knows nothing, and cannot be stopped: each name has a thread of
/// its own, which ends with the process.
#[derive(Debug)]
pub(super) struct Lookup {
    addresses: Vec<SocketAddr>,
    waiting: Vec<String>,
    answers: Receiver<(String, io::Result<SocketAddr>)>,
}

impl Lookup {
    pub(super) fn begin(servers: Vec<String>) -> Self {
        let (answer, answers) = mpsc::channel();
        let mut lookup = Self { addresses: Vec::new(), waiting: Vec::new(), answers };
        for server in servers {
            if let Ok(address) = server.parse() {
                lookup.addresses.push(address);
                continue;
            }
            let (name, answer) = (server.clone(), answer.clone());
            let ask = move || {
                let found = look_up(&name);
                // Nobody waits for it any more.
                let _ = answer.send((name, found));
            };
            // Without a thread it counts as one that never answers.
            let _ = thread::Builder::new().name("resolver".to_owned()).spawn(ask);
            lookup.waiting.push(server);
        }
        lookup
    }

    /// The addresses found so far or within that time, and what to tell of those that were not.
    pub(super) fn wait(mut self, patience: Duration) -> (Vec<SocketAddr>, Vec<String>) {
        let until = Instant::now() + patience;
        let mut problems = Vec::new();
        while !self.waiting.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            match self.answers.recv_timeout(left) {
                Ok((server, found)) => {
                    self.waiting.retain(|waiting| *waiting != server);
                    match found {
                        Ok(address) => self.addresses.push(address),
                        Err(error) => problems.push(unknown(&server, &error)),
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        for server in self.waiting {
            problems.push(unknown(&server, &"the resolver has not answered yet"));
        }
        (self.addresses, problems)
    }
}

fn unknown(server: &str, why: &dyn Display) -> String {
    format!("cannot find the address of {server}: {why}")
}

/// IPv4 first, as the library does: where nobody listens at `::1` UDP does not tell.
fn look_up(server: &str) -> io::Result<SocketAddr> {
    let found: Vec<_> = server.to_socket_addrs()?.collect();
    let first = found.iter().min_by_key(|address| address.is_ipv6()).copied();
    first.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_known_at_once() {
        let servers = ["127.0.0.1:30002", "[::1]:30002"].map(str::to_owned).to_vec();
        let (addresses, problems) = Lookup::begin(servers.clone()).wait(Duration::ZERO);
        assert_eq!(addresses.iter().map(ToString::to_string).collect::<Vec<_>>(), servers);
        assert!(problems.is_empty());
    }

    #[test]
    fn names_are_looked_up() {
        let (addresses, problems) =
            Lookup::begin(vec!["localhost:30002".to_owned()]).wait(Duration::from_secs(10));
        assert!(addresses[0].ip().is_loopback(), "{addresses:?} {problems:?}");
    }

    #[test]
    fn a_name_that_is_none_takes_nobodys_time() {
        let began = Instant::now();
        let servers = vec!["nowhere.invalid:30002".to_owned(), "127.0.0.1:9".to_owned()];
        let (addresses, problems) = Lookup::begin(servers).wait(Duration::from_millis(50));
        assert_eq!(addresses.len(), 1);
        assert!(problems[0].contains("nowhere.invalid:30002"), "{problems:?}");
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}
