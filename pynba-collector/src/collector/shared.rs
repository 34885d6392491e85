//! What the threads that receive share with the collector.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use pynba_runtime::Reporter;

use super::PATIENCE;

use crate::counts::Counts;
use crate::packet::{Decoder, Packets};
use crate::receive::Batch;
use crate::store::Store;

pub(super) struct Shared {
    pub(super) began: Instant,
    pub(super) kept: Mutex<Keeping>,
    pub(super) forward: Option<Reporter>,
    pub(super) stops: AtomicBool,
}

pub(super) struct Keeping {
    pub(super) store: Store,
    pub(super) counts: Counts,
    /// When anything came the last time.
    pub(super) latest: Duration,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Keeping> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn receive(&self, socket: &UdpSocket) {
        let (mut batch, mut decoder) = (Batch::new(), Decoder::new());
        while !self.stops.load(Ordering::Relaxed) {
            self.receive_some(socket, &mut batch, &mut decoder);
        }
        let begin = Instant::now();
        // Ends with what was there already, unless the system lets more in.
        while self.receive_some(socket, &mut batch, &mut decoder) && begin.elapsed() < PATIENCE {}
    }

    /// Whether there was anything.
    fn receive_some(&self, socket: &UdpSocket, batch: &mut Batch, decoder: &mut Decoder) -> bool {
        match batch.receive(socket) {
            Ok(packets) => {
                let is_any = packets.clone().next().is_some();
                if is_any {
                    self.take(packets, decoder);
                }
                is_any
            }
            Err(error) => {
                log::warn!(target: "pynba", "receiving failed: {error}");
                self.lock().counts.failures += 1;
                // Whatever it is, it may last.
                thread::sleep(Duration::from_millis(100));
                false
            }
        }
    }

    fn take<'a>(&self, packets: impl Iterator<Item = &'a [u8]> + Clone, decoder: &mut Decoder) {
        if let Some(forward) = &self.forward {
            for packet in packets.clone() {
                // Counted by the reporter.
                let _ = forward.send(packet);
            }
        }
        let Keeping { store, counts, latest } = &mut *self.lock();
        let now = self.began.elapsed();
        store.set_calendar(now, SystemTime::now());
        *latest = now;
        for packet in packets {
            let requests = decoder.decode(packet);
            counts.count(packet.len(), &requests);
            for request in requests.iter().flat_map(Packets::iter) {
                store.push(now, &request);
            }
        }
    }
}
