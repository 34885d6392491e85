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
    first: OnceBox<Line>,
}

/// What one process has: a child that was forked off has neither its parent's thread nor, since that one may have
/// been at it just then, any use for its queue. What is in it, the parent sends. There is no lock that could have
/// been held at the fork, and would be for ever.
struct Line {
    generation: u64,
    queue: Arc<Queue>,
    /// That of the child that comes to send by this copy of the reporter.
    next: OnceBox<Line>,
}

impl Sender {
    pub(crate) fn new(
        settings: Background,
        destinations: Arc<[Destination]>,
        counters: Arc<Counters>,
    ) -> Self {
        fork::watch();
        Self { settings: settings.sensible(), destinations, counters, first: OnceBox::new() }
    }

    /// Leaves the packet to the thread. `None` when nobody takes it any more: it is to be sent at once.
    pub(crate) fn push(&self, packet: &[u8]) -> Option<Result<(), Error>> {
        let queue = self.queue();
        match queue.push(packet) {
            Ok(position) => {
                if position == 0 {
                    self.start(queue);
                }
                Some(Ok(()))
            }
            Err(Refused::Full) => Some(Err(self.full())),
            Err(Refused::Closed) => None,
        }
    }

    #[cold]
    fn start(&self, queue: &Arc<Queue>) {
        let work = Work {
            queue: Arc::clone(queue),
            destinations: Arc::clone(&self.destinations),
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
        self.queue().shut_down(timeout)
    }

    #[cfg(test)]
    pub(super) fn is_asleep(&self) -> bool {
        self.queue().bell.is_asleep()
    }

    /// This process's queue.
    #[inline]
    fn queue(&self) -> &Arc<Queue> {
        let generation = fork::generation();
        match self.first.get() {
            Some(line) if line.generation == generation => &line.queue,
            _ => self.find(generation),
        }
    }

    #[cold]
    fn find(&self, generation: u64) -> &Arc<Queue> {
        let mut place = &self.first;
        loop {
            let line = place.get_or_init(|| Box::new(Line::new(generation, &self.settings)));
            if line.generation == generation {
                return &line.queue;
            }
            place = &line.next;
        }
    }
}

impl Line {
    fn new(generation: u64, settings: &Background) -> Self {
        Self { generation, queue: Arc::new(Queue::new(settings)), next: OnceBox::new() }
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
