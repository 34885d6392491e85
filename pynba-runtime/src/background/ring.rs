//! A ring of packets: any thread pushes, none waits, and one thread takes them out in their order.
//!
//! It is Vyukov's bounded queue. Every packet has a position, counted from the first one, and a slot, which is the
//! position modulo the ring's length. A slot says whose turn it is: that of the thread that writes position `p`
//! (`p`), that of the thread that reads it (`p + 1`), and so on with `p` plus the length.

use std::mem;
use std::sync::PoisonError;

use crate::sync::{AtomicU64, AtomicUsize, Mutex, MutexGuard, Ordering};

/// Set in [`Ring::tail`] when nothing is taken any more. No position comes that far.
const CLOSED: u64 = 1 << 63;

/// Buffers grow in steps, so that packets which differ by a few bytes do not make each of them grow again.
const STEP: usize = 256;

/// Why a packet was not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Refused {
    /// There are too many of them already, or they have too many bytes.
    Full,
    Closed,
}

pub(super) struct Ring {
    slots: Box<[Slot]>,
    /// The position of the next packet that comes, and [`CLOSED`].
    tail: Apart<AtomicU64>,
    /// The position of the next packet that is taken out. Written by the thread that does so.
    head: Apart<AtomicU64>,
    /// Bytes of all buffers, whether there is a packet in them or not.
    held: AtomicUsize,
    /// As many as that at most.
    max_bytes: usize,
    /// What a buffer may always keep. It is half of what there is, for each: the other half is there for larger
    /// packets, whatever came before them.
    share: usize,
}

/// In a cache line of its own: threads that push do not disturb each other, nor the one that takes.
#[repr(align(64))]
struct Slot {
    turn: AtomicU64,
    /// Locked by the one alone whose turn it is, so that nobody ever waits for it. That is what `unsafe` would be
    /// for.
    packet: Mutex<Packet>,
}

#[derive(Default)]
struct Packet {
    bytes: Vec<u8>,
    /// There was a slot for it but no memory.
    is_lost: bool,
}

/// Two cache lines, because processors fetch them in pairs.
#[repr(align(128))]
struct Apart<T>(T);

impl Ring {
    /// `length` is a power of two. Its buffers and so many of the thread that takes packets out keep a share.
    pub(super) fn new(length: usize, max_bytes: usize, taken_at_once: usize) -> Self {
        debug_assert!(length.is_power_of_two());
        let slot = |turn| Slot { turn: AtomicU64::new(turn), packet: Mutex::default() };
        Self {
            slots: (0..length as u64).map(slot).collect(),
            tail: Apart(AtomicU64::new(0)),
            head: Apart(AtomicU64::new(0)),
            held: AtomicUsize::new(0),
            max_bytes,
            share: max_bytes / 2 / (length + taken_at_once),
        }
    }

    fn slot(&self, position: u64) -> &Slot {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "what is cut off is a multiple of the length"
        )]
        let position = position as usize;
        &self.slots[position & (self.slots.len() - 1)]
    }

    /// Gives the packet's position.
    pub(super) fn push(&self, packet: &[u8]) -> Result<u64, Refused> {
        let position = self.claim()?;
        let slot = self.slot(position);
        let is_lost = {
            let mut place = slot.packet();
            place.is_lost = !self.has_room(&mut place.bytes, packet.len());
            if !place.is_lost {
                place.bytes.extend_from_slice(packet);
            }
            place.is_lost
        };
        slot.turn.store(position + 1, Ordering::Release);
        if is_lost { Err(Refused::Full) } else { Ok(position) }
    }

    /// A position that nobody else has, and whose slot is free.
    fn claim(&self) -> Result<u64, Refused> {
        let tail = &self.tail.0;
        let mut position = tail.load(Ordering::Relaxed);
        loop {
            if position & CLOSED != 0 {
                return Err(Refused::Closed);
            }
            let turn = self.slot(position).turn.load(Ordering::Acquire);
            if turn < position {
                return Err(Refused::Full);
            }
            if turn > position {
                // Another thread has it already, and is done.
                position = tail.load(Ordering::Relaxed);
                continue;
            }
            let next = position + 1;
            match tail.compare_exchange_weak(position, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(position),
                Err(now) => position = now,
            }
        }
    }

    /// Empties the buffer and sees to it that so many bytes fit, if there may be so many.
    #[inline]
    fn has_room(&self, buffer: &mut Vec<u8>, bytes: usize) -> bool {
        buffer.clear();
        bytes <= buffer.capacity() || self.grow(buffer, bytes)
    }

    #[cold]
    fn grow(&self, buffer: &mut Vec<u8>, bytes: usize) -> bool {
        let before = buffer.capacity();
        let more = bytes.next_multiple_of(STEP) - before;
        let held = self.held.fetch_add(more, Ordering::Relaxed);
        if held.saturating_add(more) > self.max_bytes {
            self.held.fetch_sub(more, Ordering::Relaxed);
            return false;
        }
        buffer.reserve_exact(before + more);
        // An allocator may give more than it was asked for.
        self.held.fetch_add(buffer.capacity() - before - more, Ordering::Relaxed);
        true
    }

    /// Takes the next packet out, if there is one, and leaves its slot this buffer, whose memory is used again.
    /// For one thread only.
    pub(super) fn pop(&self, buffer: &mut Vec<u8>) -> bool {
        loop {
            let position = self.head.0.load(Ordering::Relaxed);
            let slot = self.slot(position);
            if slot.turn.load(Ordering::Acquire) != position + 1 {
                return false;
            }
            let is_lost = {
                let mut place = slot.packet();
                mem::swap(&mut place.bytes, buffer);
                place.is_lost
            };
            slot.turn.store(position + self.slots.len() as u64, Ordering::Release);
            self.head.0.store(position + 1, Ordering::Release);
            if !is_lost {
                return true;
            }
        }
    }

    /// Frees the memory of a buffer that was taken out, if there is little left.
    pub(super) fn give_back(&self, buffer: &mut Vec<u8>) {
        let is_scarce = self.held.load(Ordering::Relaxed) > self.max_bytes / 2;
        if is_scarce && buffer.capacity() > self.share {
            self.held.fetch_sub(mem::take(buffer).capacity(), Ordering::Relaxed);
        }
    }

    /// Nothing is taken any more. `false` when nothing ever was.
    pub(super) fn close(&self) -> bool {
        self.tail.0.fetch_or(CLOSED, Ordering::Relaxed) & !CLOSED > 0
    }

    pub(super) fn is_closed(&self) -> bool {
        self.tail.0.load(Ordering::Relaxed) & CLOSED != 0
    }

    /// Whether nothing is there or about to come: each packet whose position was claimed has been taken out.
    pub(super) fn is_empty(&self) -> bool {
        self.tail.0.load(Ordering::Relaxed) & !CLOSED == self.head.0.load(Ordering::Relaxed)
    }

    /// How many there were when the packet at this position came, itself included.
    pub(super) fn waiting(&self, position: u64) -> u64 {
        (position + 1).saturating_sub(self.head.0.load(Ordering::Relaxed))
    }
}

impl Slot {
    fn packet(&self) -> MutexGuard<'_, Packet> {
        self.packet.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, not(pynba_loom)))]
mod tests;
