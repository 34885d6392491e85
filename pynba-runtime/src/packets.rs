//! From one request to as many packets as it takes.

use std::ops::Range;

use crate::clock::Tick;
use crate::encoder::{Encoder, Packet};
use crate::timers::Timers;
use crate::wire::{MAX_DATAGRAM, MAX_DATAGRAM_IPV6};

/// What does not fit by itself is tried with its text cut shorter and shorter, bytes.
const SHORTER: [usize; 4] = [1024, 256, 64, 16];

/// How a request's packets are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes.
    pub(crate) max_datagram: usize,
    /// Whether timers of equal tags are one, also where there is room for each.
    pub(crate) merge_timers: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_datagram: MAX_DATAGRAM, merge_timers: false }
    }
}

impl Limits {
    /// The smallest datagram that every IPv4 host takes is 576 bytes (RFC 791), of which 28 are headers.
    pub(crate) const SMALLEST: usize = 548;
    pub(crate) const LARGEST: usize = MAX_DATAGRAM_IPV6;
}

/// Gives each packet, or the size of what cannot be sent at all.
///
/// Timers of equal tags are folded when not all fit in one packet; when they still do not, the packet is
/// split. Timers that run are measured until `now`. The packets add up to the request: its times and sizes are in
/// the first one, its names and tags in each.
pub(crate) fn each(
    encoder: &mut Encoder,
    head: &Packet<'_>,
    timers: &mut Timers,
    now: Tick,
    limits: Limits,
    mut give: impl FnMut(Result<&[u8], usize>),
) {
    if limits.merge_timers {
        timers.stop(now);
        timers.fold();
    }
    let all = encode(encoder, head, timers, 0..timers.len(), now);
    if all.len() <= limits.max_datagram {
        return give(Ok(all));
    }
    if !limits.merge_timers {
        timers.stop(now);
        timers.fold();
    }
    let mut head = *head;
    // Names and tags stand in each packet: they leave at least half of it to the timers.
    for max_word in SHORTER {
        if encode(encoder, &head, timers, 0..0, now).len() <= limits.max_datagram / 2 {
            break;
        }
        head.max_word = max_word;
    }
    let max_word = head.max_word;
    let mut from = 0;
    let mut guess = timers.len();
    loop {
        let mut count = guess.min(timers.len() - from);
        let mut shorter = SHORTER.into_iter();
        loop {
            let packet = encode(encoder, &head, timers, from..from + count, now);
            if packet.len() <= limits.max_datagram {
                // Timers that were never started make no packet of their own.
                if from == 0 || timers.view(from..from + count, now).next().is_some() {
                    give(Ok(packet));
                }
                break;
            }
            if count > 1 {
                count = (count * limits.max_datagram / packet.len()).clamp(1, count - 1);
            } else if let Some(max_word) = shorter.next() {
                head.max_word = max_word;
            } else {
                give(Err(packet.len()));
                break;
            }
        }
        // Timers are much alike, so the next packet takes about as many.
        guess = count + count / 8 + 1;
        from += count;
        if from >= timers.len() {
            return;
        }
        head = Packet {
            request_count: 0,
            document_size: 0,
            memory_peak: 0,
            memory_footprint: 0,
            request_time: 0,
            user: 0,
            system: 0,
            max_word,
            ..head
        };
    }
}

#[inline(never)]
fn encode<'a>(
    encoder: &'a mut Encoder,
    head: &Packet<'_>,
    timers: &Timers,
    range: Range<usize>,
    now: Tick,
) -> &'a [u8] {
    encoder.encode(head, Some(timers.view(range, now)))
}
