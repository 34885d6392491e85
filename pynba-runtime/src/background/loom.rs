//! Every order in which threads may take their steps, tried by `loom`: what the queue takes is sent once and in
//! order, what it does not take is known, and nobody sleeps while there is something to do.
//!
//! `RUSTFLAGS="--cfg pynba_loom" cargo test -p pynba-runtime --lib --release loom --target-dir target/loom`

use ::loom::model::Builder;
use ::loom::sync::Arc;
use ::loom::{model, thread};

use super::bell::Bell;
use super::ring::{Refused, Ring};

const BYTES: usize = 1 << 20;

/// A ring, and the bell of the thread that empties it.
struct Shared {
    ring: Ring,
    bell: Bell,
}

/// For three threads: all orders in which none is interrupted more than so often in the middle of something.
fn model_of_three(run: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(run);
}

fn shared(length: usize) -> Arc<Shared> {
    Arc::new(Shared { ring: Ring::new(length, BYTES, 1), bell: Bell::default() })
}

impl Shared {
    /// Which of the packets were taken, and why the others were not.
    fn push<const N: usize>(&self, packets: [u8; N]) -> [Result<u8, Refused>; N] {
        packets.map(|packet| {
            let pushed = self.ring.push(&[packet]).map(|_| packet);
            self.bell.ring();
            pushed
        })
    }

    /// What is there now.
    fn take(&self) -> Vec<u8> {
        let (mut buffer, mut taken) = (Vec::new(), Vec::new());
        while self.ring.pop(&mut buffer) {
            assert_eq!(buffer.len(), 1);
            taken.push(buffer[0]);
        }
        taken
    }

    /// Until so many have come, asleep where there is nothing to do. `loom` says when nobody wakes it.
    fn take_when_woken(&self, count: usize) -> Vec<u8> {
        self.bell.belongs_here();
        let mut taken = self.take();
        while taken.len() < count {
            self.bell.sleep(|| self.ring.is_empty());
            thread::yield_now();
            taken.extend(self.take());
        }
        taken
    }

    /// Until the ring is closed and empty, as the thread does it.
    fn take_until_closed(&self) -> Vec<u8> {
        self.bell.belongs_here();
        let mut taken = Vec::new();
        loop {
            taken.extend(self.take());
            if self.ring.is_closed() {
                if self.ring.is_empty() {
                    return taken;
                }
                thread::yield_now();
            } else {
                self.bell.sleep(|| self.ring.is_empty() && !self.ring.is_closed());
                thread::yield_now();
            }
        }
    }
}

fn taken<const N: usize>(pushed: [Result<u8, Refused>; N]) -> Vec<u8> {
    pushed.into_iter().filter_map(Result::ok).collect()
}

#[test]
fn what_is_taken_comes_out_once_and_in_order() {
    model(|| {
        let shared = shared(2);
        let pushing = Arc::clone(&shared);
        let pushing = thread::spawn(move || pushing.push([1, 2, 3]));
        let mut got = shared.take();
        thread::yield_now();
        got.extend(shared.take());
        let pushed = pushing.join().unwrap();
        got.extend(shared.take());
        assert_eq!(got, taken(pushed));
        assert!(shared.ring.is_empty());
    });
}

#[test]
fn what_two_push_comes_out_once_and_in_the_order_of_each() {
    model(|| {
        let shared = shared(2);
        let pushing = [[1, 2], [11, 12]].map(|packets| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.push(packets))
        });
        let mut got = shared.take();
        let [one, other] = pushing.map(|pushing| taken(pushing.join().unwrap()));
        got.extend(shared.take());
        let (of_one, of_other): (Vec<u8>, Vec<u8>) = got.into_iter().partition(|it| *it < 10);
        assert_eq!((of_one, of_other), (one, other));
    });
}

#[test]
fn only_a_full_ring_refuses() {
    model(|| {
        let shared = shared(2);
        let pushing = Arc::clone(&shared);
        let pushing = thread::spawn(move || pushing.push([1]));
        let here = shared.push([2]);
        assert_eq!((here, pushing.join().unwrap()), ([Ok(2)], [Ok(1)]));
        assert_eq!(shared.push([3]), [Err(Refused::Full)]);
        assert_eq!(shared.take().len(), 2);
        assert_eq!(shared.push([3]), [Ok(3)]);
    });
}

#[test]
fn nobody_sleeps_while_there_is_a_packet() {
    model(|| {
        let shared = shared(2);
        let pushing = Arc::clone(&shared);
        let pushing = thread::spawn(move || pushing.push([1, 2]));
        let got = shared.take_when_woken(2);
        assert_eq!(got, taken(pushing.join().unwrap()));
    });
}

#[test]
fn nobody_sleeps_while_there_are_packets_of_two() {
    model_of_three(|| {
        let shared = shared(2);
        let pushing = [1, 2].map(|packet| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.push([packet]))
        });
        let mut got = shared.take_when_woken(2);
        got.sort_unstable();
        assert_eq!(got, pushing.map(|pushing| taken(pushing.join().unwrap())).concat());
    });
}

#[test]
fn a_packet_that_comes_as_the_ring_is_closed_is_taken_out_or_refused() {
    model_of_three(|| {
        let shared = shared(2);
        let pushing = Arc::clone(&shared);
        let pushing = thread::spawn(move || pushing.push([1, 2]));
        let taking = Arc::clone(&shared);
        let taking = thread::spawn(move || taking.take_until_closed());
        let used = shared.ring.close();
        shared.bell.ring();
        let pushed = pushing.join().unwrap();
        assert!(pushed.iter().all(|it| !matches!(it, Err(Refused::Full))));
        // Who has the first position starts the thread: where there is none, there was no packet.
        assert_eq!(used, pushed[0].is_ok());
        assert_eq!(taking.join().unwrap(), taken(pushed));
    });
}
