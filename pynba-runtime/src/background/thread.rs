//! The thread that sends.

use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use super::bell::Bell;
use super::queue::{BATCH, End, Queue};
use super::signals;
use crate::stats::Counters;
use crate::transport::Destination;
use crate::{foreign, local};

/// After so many looks that found nothing the thread sleeps until it is woken. A wake-up costs the thread of a
/// request as much as a send; a look costs this one a few microseconds.
const LOOKS: u32 = 16;

/// What the thread needs. It knows nothing of the reporter, which is dropped when the program is done with it.
pub(super) struct Work {
    pub(super) queue: Arc<Queue>,
    pub(super) destinations: Arc<[Destination]>,
    pub(super) counters: Arc<Counters>,
    pub(super) interval: Duration,
}

impl Work {
    /// Starts the thread; where there is none to be had, does here and now what there is to do, and everybody sends
    /// by himself from then on.
    pub(super) fn start(self, spawn: impl FnOnce(Arc<Self>) -> io::Result<()>) {
        let work = Arc::new(self);
        if spawn(Arc::clone(&work)).is_err() {
            work.queue.ring.close();
            work.run();
        }
    }

    /// Until the queue is closed and empty.
    pub(super) fn run(self: Arc<Self>) {
        let queue = Arc::clone(&self.queue);
        let _end = End(&queue);
        queue.bell.belongs_here();
        let _quiet = local::Quiet::begin();
        self.serve();
        // If the reporter is gone, so is its transport now, which is foreign code.
        foreign::run(|| drop(self));
    }

    fn serve(&self) {
        let Queue { ring, bell, .. } = &*self.queue;
        let mut batch = vec![Vec::new(); BATCH];
        let mut looks = 0;
        loop {
            let taken =
                batch.iter_mut().map(|packet| ring.pop(packet)).take_while(|taken| *taken).count();
            for destination in &*self.destinations {
                destination.send_all(&batch[..taken], &self.counters);
            }
            batch[..taken].iter_mut().for_each(|packet| ring.give_back(packet));
            looks = if taken == 0 { looks + 1 } else { 0 };
            if ring.is_closed() {
                if ring.is_empty() {
                    return self.destinations.iter().for_each(Destination::settle);
                }
                // Somebody may be about to put in what he has found room for before.
                thread::yield_now();
            } else if looks > LOOKS {
                bell.sleep(|| ring.is_empty() && !ring.is_closed());
            } else if taken < BATCH {
                Bell::doze(self.interval);
            }
        }
    }
}

/// A thread of its own.
pub(super) fn spawn(work: Arc<Work>) -> io::Result<()> {
    let thread = thread::Builder::new().name("pynba-sender".to_owned());
    // Nobody joins it: in a process that was forked off there is nobody to be joined.
    signals::blocked(|| thread.spawn(|| work.run()).map(drop))
}

#[cfg(all(test, not(pynba_loom)))]
mod tests {
    use std::sync::Mutex;
    use std::thread::ThreadId;

    use super::super::{Background, Sender};
    use super::*;
    use crate::Transport;

    #[derive(Clone, Default)]
    struct Threads(Arc<Mutex<Vec<ThreadId>>>);

    impl Transport for Threads {
        fn send(&self, _: &[u8]) -> io::Result<()> {
            self.0.lock().unwrap().push(thread::current().id());
            Ok(())
        }
    }

    #[test]
    fn where_there_is_no_thread_to_be_had_everybody_sends_by_himself() {
        let threads = Threads::default();
        let queue = Arc::new(Queue::new(&Background::new()));
        let work = Work {
            queue: Arc::clone(&queue),
            destinations: Arc::new([Destination::Custom(Arc::new(threads.clone()))]),
            counters: Arc::default(),
            interval: Duration::from_secs(3600),
        };
        let counters = Arc::clone(&work.counters);
        assert_eq!(queue.push(b"1"), Ok(0));
        assert_eq!(queue.push(b"2"), Ok(1));
        work.start(|_| Err(io::ErrorKind::WouldBlock.into()));
        assert!(queue.push(b"3").is_err(), "it is to be sent at once");
        assert!(queue.shut_down(Duration::ZERO), "nothing is left");
        assert_eq!(counters.snapshot().packets, 2);
        assert_eq!(*threads.0.lock().unwrap(), [thread::current().id(); 2]);
    }

    #[test]
    fn a_thread_with_nothing_to_do_sleeps() {
        let threads = Threads::default();
        let destinations = [Destination::Custom(Arc::new(threads) as Arc<dyn Transport>)];
        let counters = Arc::<Counters>::default();
        let settings = Background::new().interval(Duration::ZERO);
        let sender = Sender::new(settings, Arc::new(destinations), Arc::clone(&counters));
        for count in 1..=3 {
            sender.push(b"packet").unwrap().unwrap();
            let end = std::time::Instant::now() + Duration::from_secs(10);
            while counters.snapshot().packets < count || !sender.is_asleep() {
                assert!(std::time::Instant::now() < end, "it does not sleep, or nobody woke it");
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
}
