//! A reporter's background sender.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use once_cell::race::OnceBox;

use super::queue::Queue;
use super::ring::Refused;
use super::thread::{self, Work};
use super::{Background, fork};
use crate::Error;
use crate::stats::Counters;
use crate::transport::Destination;

/// How long the last one to drop a reporter waits. UDP is done in milliseconds; a transport may hang.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) struct Sender {
    settings: Background,
    destinations: Arc<[Destination]>,
    counters: Arc<Counters>,
    /// That of the process in which it was made, whose destinations are those above.
    generation: u64,
    first: OnceBox<Line>,
}

/// What one process has. A child that was forked off has none of its parent's threads, and what they were doing just
/// then is never done: it cannot use their queue nor their sockets to servers, which may be locked for ever. What
/// is in the queue, the parent sends.
struct Line {
    generation: u64,
    queue: Arc<Queue>,
    destinations: Arc<[Destination]>,
    /// That of the child that comes to send by this copy of the reporter. Whoever makes one waits for nobody.
    next: OnceBox<Line>,
}

impl Sender {
    pub(crate) fn new(
        settings: Background,
        destinations: Arc<[Destination]>,
        counters: Arc<Counters>,
    ) -> Self {
        fork::watch();
        let generation = fork::generation();
        let settings = settings.sensible();
        Self { settings, destinations, counters, generation, first: OnceBox::new() }
    }

    /// Leaves the packet to the thread. `None` when nobody takes it any more: it is to be sent at once.
    pub(crate) fn push(&self, packet: &[u8]) -> Option<Result<(), Error>> {
        self.push_into(self.line(fork::generation()), packet)
    }

    fn push_into(&self, line: &Line, packet: &[u8]) -> Option<Result<(), Error>> {
        match line.queue.push(packet) {
            Ok(position) => {
                if position == 0 {
                    self.start(line);
                }
                Some(Ok(()))
            }
            Err(Refused::Full) => Some(Err(self.full())),
            Err(Refused::Closed) => None,
        }
    }

    #[cold]
    fn start(&self, line: &Line) {
        let work = Work {
            queue: Arc::clone(&line.queue),
            destinations: Arc::clone(&line.destinations),
            counters: Arc::clone(&self.counters),
            interval: self.settings.interval,
        };
        work.start(thread::spawn);
    }

    #[cold]
    fn full(&self) -> Error {
        let Background { capacity, max_bytes, .. } = self.settings;
        let error = Error::QueueFull { capacity, max_bytes };
        self.counters.lose(&error);
        error
    }

    pub(crate) fn shut_down(&self, timeout: Duration) -> bool {
        self.line(fork::generation()).queue.shut_down(timeout)
    }

    /// Where this process sends to.
    pub(crate) fn destinations(&self) -> &[Destination] {
        &self.line(fork::generation()).destinations
    }

    #[cfg(test)]
    pub(super) fn is_asleep(&self) -> bool {
        self.line(fork::generation()).queue.bell.is_asleep()
    }

    #[inline]
    fn line(&self, generation: u64) -> &Line {
        match self.first.get() {
            Some(line) if line.generation == generation => line,
            _ => self.find(generation),
        }
    }

    #[cold]
    fn find(&self, generation: u64) -> &Line {
        let mut place = &self.first;
        loop {
            let line = place.get_or_init(|| Box::new(self.make(generation)));
            if line.generation == generation {
                return line;
            }
            place = &line.next;
        }
    }

    fn make(&self, generation: u64) -> Line {
        let destinations = if generation == self.generation {
            Arc::clone(&self.destinations)
        } else {
            self.destinations.iter().map(Destination::anew).collect()
        };
        let queue = Arc::new(Queue::new(&self.settings));
        Line { generation, queue, destinations, next: OnceBox::new() }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let generation = fork::generation();
        let mut lines = std::iter::successors(self.first.get(), |line| line.next.get());
        if let Some(line) = lines.find(|line| line.generation == generation) {
            line.queue.shut_down(PATIENCE);
        }
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}

#[cfg(all(test, not(pynba_loom)))]
mod tests {
    use std::net::UdpSocket;

    use super::*;
    use crate::transport::UdpServer;

    const WAIT: Duration = Duration::from_secs(10);

    #[test]
    fn a_child_has_a_queue_and_sockets_of_its_own() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(WAIT)).unwrap();
        let (server, hanging) =
            UdpServer::hanging("localhost", socket.local_addr().unwrap().port());
        let counters = Arc::<Counters>::default();
        let destinations = Arc::new([Destination::Udp(server)]);
        let sender = Sender::new(Background::new(), destinations, Arc::clone(&counters));
        let (parent, child) = (sender.line(sender.generation), sender.line(sender.generation + 1));
        // The parent's thread gets no answer, and holds whatever it holds meanwhile.
        sender.push_into(parent, b"of the parent").unwrap().unwrap();
        sender.push_into(child, b"of the child").unwrap().unwrap();
        assert!(child.queue.shut_down(WAIT));
        let receive = || {
            let mut buffer = [0; 100];
            let length = socket.recv(&mut buffer).unwrap();
            buffer[..length].to_vec()
        };
        assert_eq!(receive(), b"of the child");
        assert!(!parent.queue.shut_down(Duration::from_millis(300)), "it waits for the address");
        drop(hanging);
        assert_eq!(receive(), b"of the parent");
        assert!(parent.queue.shut_down(WAIT));
        assert!(sender.push_into(child, b"").is_none() && sender.push_into(parent, b"").is_none());
    }
}
