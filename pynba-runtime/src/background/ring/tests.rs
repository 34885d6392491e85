//! The memory of a ring, and many rounds of it.

use std::thread;

use super::*;

const LENGTH: usize = 4;
const MAX_BYTES: usize = 16 * 1024;

fn ring() -> Ring {
    Ring::new(LENGTH, MAX_BYTES, 0)
}

impl Ring {
    fn pops(&self) -> Option<Vec<u8>> {
        let mut buffer = Vec::new();
        self.pop(&mut buffer).then_some(buffer)
    }

    fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// What the buffers have in truth, of which none is out.
    fn has(&self) -> usize {
        self.slots.iter().map(|slot| slot.packet().bytes.capacity()).sum()
    }
}

#[test]
fn takes_as_many_as_it_is_long_in_every_round() {
    let ring = ring();
    for round in 0..10_u64 {
        for at in 0..4 {
            let position = round * 4 + at;
            assert_eq!(ring.push(&position.to_le_bytes()), Ok(position));
            assert_eq!(ring.waiting(position), at + 1);
        }
        assert_eq!(ring.push(b"one too many"), Err(Refused::Full));
        for at in 0..4 {
            assert_eq!(ring.pops().unwrap(), (round * 4 + at).to_le_bytes());
        }
        assert!(ring.pops().is_none() && ring.is_empty());
    }
}

#[test]
fn a_packet_of_no_bytes_is_one() {
    let ring = ring();
    ring.push(b"").unwrap();
    assert_eq!(ring.pops().unwrap(), b"");
    assert!(ring.pops().is_none());
}

#[test]
fn packets_that_have_too_many_bytes_are_refused_and_the_next_ones_come() {
    let ring = ring();
    let large = [7; 7 * 1024];
    ring.push(&large).unwrap();
    ring.push(&large).unwrap();
    assert_eq!(ring.push(&large), Err(Refused::Full));
    ring.push(b"small").unwrap();
    assert!(ring.held() <= MAX_BYTES);
    assert_eq!([(); 3].map(|()| ring.pops().unwrap().len()), [large.len(), large.len(), 5]);
    assert!(ring.pops().is_none() && ring.is_empty());
}

#[test]
fn the_largest_packet_finds_room_whatever_came_before() {
    let ring = ring();
    let mut buffer = Vec::new();
    for size in (1..MAX_BYTES / 2).step_by(97).chain([MAX_BYTES / 2]) {
        for _ in 0..LENGTH {
            ring.push(&vec![1; size]).unwrap();
            assert!(ring.pop(&mut buffer));
            ring.give_back(&mut buffer);
        }
        assert!(ring.held() <= MAX_BYTES);
        assert_eq!(ring.held(), ring.has() + buffer.capacity());
    }
}

#[test]
fn memory_is_used_again() {
    let ring = ring();
    let mut buffer = Vec::new();
    let mut held = 0;
    for round in 0..5 {
        for size in [1800, 1900, 2000, 2000] {
            ring.push(&vec![1; size]).unwrap();
            assert!(ring.pop(&mut buffer));
            ring.give_back(&mut buffer);
        }
        assert!(round < 2 || ring.held() == held, "it grows no more");
        held = ring.held();
    }
    // Four of them and that of the thread: it is never lost, and never more.
    assert_eq!(held, 5 * 2048);
}

#[test]
fn what_freak_packets_took_is_freed() {
    let ring = ring();
    let mut buffer = Vec::new();
    for _ in 0..LENGTH {
        ring.push(&[1; MAX_BYTES / 2]).unwrap();
        assert!(ring.pop(&mut buffer));
        ring.give_back(&mut buffer);
    }
    assert!(ring.held() <= MAX_BYTES / 2);
}

#[test]
fn a_closed_ring_gives_what_it_has_and_takes_no_more() {
    let unused = ring();
    assert!(!unused.close() && unused.is_closed() && unused.is_empty());
    let ring = ring();
    ring.push(b"1").unwrap();
    assert!(!ring.is_closed());
    assert!(ring.close() && ring.close());
    assert_eq!(ring.push(b"2"), Err(Refused::Closed));
    assert!(ring.is_closed() && !ring.is_empty());
    assert_eq!(ring.pops().unwrap(), b"1");
    assert!(ring.is_empty());
}

#[test]
fn many_threads_push_and_one_takes() {
    const THREADS: u32 = 4;
    const EACH: u32 = 20_000;
    let ring = Ring::new(64, 1 << 20, 1);
    let (mut refused, mut next) = (0, [0; THREADS as usize]);
    thread::scope(|scope| {
        let pushing = [0, 1, 2, 3].map(|thread: u32| {
            let ring = &ring;
            scope.spawn(move || {
                let push = |number: &u32| {
                    let packet = [thread.to_le_bytes(), number.to_le_bytes()].concat();
                    ring.push(&packet).is_err()
                };
                (0..EACH).filter(push).count()
            })
        });
        let mut buffer = Vec::new();
        let mut taken = 0;
        loop {
            let is_last = pushing.iter().all(thread::ScopedJoinHandle::is_finished);
            while ring.pop(&mut buffer) {
                taken += 1;
                let [thread, number] = [&buffer[..4], &buffer[4..]]
                    .map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap()));
                let next = &mut next[thread as usize];
                assert!(number >= *next, "in order, and none twice");
                *next = number + 1;
            }
            if is_last {
                break;
            }
        }
        for pushing in pushing {
            refused += pushing.join().unwrap();
        }
        assert_eq!(taken + refused, (THREADS * EACH) as usize);
    });
    assert!(ring.is_empty());
}
