//! Host names: looked up by a thread of their own, and again when the interval is over.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use std::{mem, thread};

use super::UdpServer;
use super::peer::Peer;
use super::route::Route;
use crate::lock::{lock, try_lock};
use crate::stats::{Counters, Kind};
use crate::{Error, diagnostics};

/// How long the very first packet to a host name waits for the resolver, so that a program that sends
/// one packet and ends gets it out. Local resolvers answer in a tenth of it; after it the packet stays
/// queued and the handler goes on.
const FIRST_LOOKUP_PATIENCE: Duration = Duration::from_millis(100);

/// Packets that wait for the first look-up. Later ones are dropped and counted.
const QUEUE_LENGTH: usize = 64;

/// From one look-up to the next while no address was found, and whatever shorter interval is asked for:
/// a thread and a question to a name server are not free.
pub(super) const LOOKUP_PAUSE: Duration = Duration::from_secs(1);

pub(super) type Resolver = Box<dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// The system's resolver.
pub(super) fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    ipv4_first((host, port))
}

/// Pinba's servers listen on IPv4 unless told otherwise, and over UDP nobody says that an IPv6 address of the
/// same name leads nowhere: `localhost` would lose everything where that is `::1` first.
fn ipv4_first(name: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    let mut found: Vec<_> = name.to_socket_addrs()?.collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    Ok(found)
}

/// What is known of a host name. Unused for servers given by their IP address.
pub(super) struct Lookups {
    resolver: Resolver,
    /// Where what was found last leads.
    route: Route,
    /// From which [`now`](Self::now) counts.
    start: Instant,
    /// When the last look-up began or should have begun, in milliseconds. Not in `progress`, because each
    /// packet looks whether the next one is due.
    began: AtomicU64,
    /// Milliseconds from one look-up to the next.
    interval: AtomicU64,
    progress: Mutex<Progress>,
    /// Notified when a look-up has ended.
    ended: Condvar,
}

#[derive(Default)]
struct Progress {
    state: State,
    /// Waits for the first address.
    queue: Vec<Queued>,
    /// How many came to wait there and are neither sent nor lost yet.
    owed: usize,
}

#[derive(Default)]
enum State {
    /// Never asked for, or found.
    #[default]
    Idle,
    Running,
    Failed(ErrorKind),
}

struct Queued {
    packet: Vec<u8>,
    counters: Arc<Counters>,
}

impl Lookups {
    pub(super) fn new(interval: Duration, resolver: Resolver) -> Self {
        Self {
            resolver,
            route: Route::none(),
            start: Instant::now(),
            began: AtomicU64::new(0),
            interval: AtomicU64::new(millis(interval.max(LOOKUP_PAUSE))),
            progress: Mutex::default(),
            ended: Condvar::new(),
        }
    }

    pub(super) fn at_least_every(&self, interval: Duration) {
        self.interval.fetch_min(millis(interval.max(LOOKUP_PAUSE)), Ordering::Relaxed);
    }

    pub(super) fn interval(&self) -> Duration {
        Duration::from_millis(self.interval.load(Ordering::Relaxed))
    }

    pub(super) fn now(&self) -> u64 {
        millis(self.start.elapsed())
    }

    fn is_due(&self, now: u64) -> bool {
        self.has_passed(self.interval.load(Ordering::Relaxed), now)
    }

    /// Whether the last look-up began that long ago.
    fn has_passed(&self, pause: u64, now: u64) -> bool {
        // A thread that looked at its clock before another one began is not far ahead, it is late.
        now.saturating_sub(self.began.load(Ordering::Relaxed)) >= pause
    }

    /// The next look-up is due, and the last one still runs: it counts as one that failed.
    fn miss(&self, counters: &Counters, now: u64) {
        self.began.store(now, Ordering::Relaxed);
        counters.resolve_failed();
    }
}

impl UdpServer {
    /// Sends to the address found last, which the first packets wait for. `now` as [`Lookups::now`].
    pub(super) fn send_by_name(
        self: &Arc<Self>,
        target: (&str, u16),
        packet: &[u8],
        counters: &Arc<Counters>,
        now: u64,
    ) -> Result<(), Error> {
        let Some(sent) = self.send_to_peer(packet, counters, now) else {
            return self.enqueue(target, packet, counters, now);
        };
        self.look_up_if_due(target, counters, now);
        sent
    }

    /// The same for many packets: says how many of them are sent or wait for the address, at least the first.
    pub(super) fn send_some_by_name(
        self: &Arc<Self>,
        target: (&str, u16),
        packets: &[Vec<u8>],
        counters: &Arc<Counters>,
        now: u64,
        attempt: impl Fn(&Peer) -> io::Result<usize>,
    ) -> Result<usize, Error> {
        let Some(sent) = self.lookups.route.send(now, || self.refused(counters), attempt) else {
            return self.enqueue(target, &packets[0], counters, now).map(|()| 1);
        };
        self.look_up_if_due(target, counters, now);
        self.sent_some(sent, packets, counters)
    }

    fn send_to_peer(
        &self,
        packet: &[u8],
        counters: &Counters,
        now: u64,
    ) -> Option<Result<(), Error>> {
        let attempt = |peer: &Peer| peer.send(packet);
        let sent = self.lookups.route.send(now, || self.refused(counters), attempt)?;
        Some(self.sent(sent, packet, counters))
    }

    fn look_up_if_due(self: &Arc<Self>, target: (&str, u16), counters: &Arc<Counters>, now: u64) {
        if self.lookups.is_due(now) {
            self.look_up_again(target, counters, now);
        }
    }

    /// Keeps the packet until the host name is resolved.
    fn enqueue(
        self: &Arc<Self>,
        target: (&str, u16),
        packet: &[u8],
        counters: &Arc<Counters>,
        now: u64,
    ) -> Result<(), Error> {
        let lookups = &self.lookups;
        let mut progress = lock(&lookups.progress);
        if lookups.route.is_known() {
            // Found meanwhile, and never given up again.
            drop(progress);
            return self.send_to_peer(packet, counters, now).unwrap_or(Ok(()));
        }
        let first = matches!(progress.state, State::Idle);
        match progress.state {
            State::Running if lookups.is_due(now) => lookups.miss(counters, now),
            State::Running => {}
            State::Failed(kind) if !lookups.has_passed(millis(LOOKUP_PAUSE), now) => {
                return Err(self.cannot_resolve(kind.into()));
            }
            State::Idle | State::Failed(_) => {
                let begun = self.begin(&mut progress, target, counters, now);
                begun.map_err(|source| self.cannot_resolve(source))?;
            }
        }
        if progress.queue.len() == QUEUE_LENGTH {
            return Err(self.cannot_resolve(ErrorKind::WouldBlock.into()));
        }
        progress.owed += 1;
        progress.queue.push(Queued { packet: packet.to_vec(), counters: Arc::clone(counters) });
        if first {
            let running = |progress: &mut Progress| matches!(progress.state, State::Running);
            drop(lookups.ended.wait_timeout_while(progress, FIRST_LOOKUP_PATIENCE, running));
        }
        Ok(())
    }

    /// Of the threads that find the next look-up due one begins it; none waits.
    fn look_up_again(self: &Arc<Self>, target: (&str, u16), counters: &Arc<Counters>, now: u64) {
        let Some(mut progress) = try_lock(&self.lookups.progress) else { return };
        if !self.lookups.is_due(now) {
            return;
        }
        let begun = if let State::Running = progress.state {
            self.lookups.miss(counters, now);
            Err(ErrorKind::TimedOut.into())
        } else {
            self.begin(&mut progress, target, counters, now)
        };
        drop(progress);
        if let Err(source) = begun {
            diagnostics::lost(Kind::Unresolved, &self.cannot_resolve(source));
        }
    }

    /// Begins a look-up on a thread of its own.
    fn begin(
        self: &Arc<Self>,
        progress: &mut Progress,
        (host, port): (&str, u16),
        counters: &Arc<Counters>,
        now: u64,
    ) -> io::Result<()> {
        self.lookups.began.store(now, Ordering::Relaxed);
        let (server, counting, host) = (Arc::clone(self), Arc::clone(counters), host.to_owned());
        let look_up = move || {
            let found = (server.lookups.resolver)(&host, port);
            server.looked_up(found, &counting);
        };
        let spawned = thread::Builder::new().name("pynba-resolver".to_owned()).spawn(look_up);
        progress.state = match &spawned {
            Ok(_) => State::Running,
            Err(error) => {
                counters.resolve_failed();
                State::Failed(error.kind())
            }
        };
        spawned.map(drop)
    }

    /// Sends what has waited, or says why it cannot be sent. What fails leaves the last address in use.
    fn looked_up(&self, found: io::Result<Vec<SocketAddr>>, counters: &Counters) {
        let found = found.and_then(|found| self.lookups.route.follow(found));
        let queue = {
            let mut progress = lock(&self.lookups.progress);
            if let Err(source) = &found {
                progress.state = State::Failed(source.kind());
            }
            // Nothing joins it any more: there is a peer, or the look-up has failed.
            mem::take(&mut progress.queue)
        };
        // Without the lock, because the program's own code is told of what is lost, and may be measured.
        match found {
            Ok(()) => {
                self.send_queued(&queue);
                lock(&self.lookups.progress).state = State::Idle;
            }
            Err(source) => {
                counters.resolve_failed();
                let error = self.cannot_resolve(source);
                diagnostics::lost(Kind::Unresolved, &error);
                for queued in &queue {
                    queued.counters.lose(&error);
                }
            }
        }
        lock(&self.lookups.progress).owed -= queue.len();
        self.lookups.ended.notify_all();
    }

    /// Waits until what was left for the first address is sent or lost. A resolver may take its time.
    pub(super) fn settle_by_name(&self) {
        let progress = lock(&self.lookups.progress);
        drop(self.lookups.ended.wait_while(progress, |progress| progress.owed > 0));
    }

    fn send_queued(&self, queue: &[Queued]) {
        for Queued { packet, counters } in queue {
            let sent = self.send_to_peer(packet, counters, self.lookups.now());
            if let Some(Err(error)) = sent {
                counters.lose(&error);
            }
        }
    }

    fn cannot_resolve(&self, source: io::Error) -> Error {
        Error::Resolve { server: Arc::clone(&self.name), source }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
