//! From a request's data to the bytes of a packet: pure, without a clock or a socket.
//!
//! The fields are written in number order, repeated ones unpacked, and the dictionary's ids follow the
//! order of first use: for each timer, for each pair, the name then the value; after the timers the
//! request's tags. That is what Pynba 0.5.5 does, byte for byte.

use crate::dictionary::{Dictionary, Stamps};
use crate::tags::{TagSet, cut};
use crate::wire::{
    put_float, put_floats, put_strings, put_uint32, put_uint32s, saturate, seconds,
};

/// What a packet says, except its timers. Times are nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet<'a> {
    pub(crate) hostname: &'a str,
    pub(crate) server_name: &'a str,
    /// Prefix and name, written as one text.
    pub(crate) script_name: [&'a str; 2],
    pub(crate) request_count: u32,
    pub(crate) document_size: u64,
    pub(crate) memory_peak: u64,
    pub(crate) request_time: u64,
    /// Processor time in user mode.
    pub(crate) user: u64,
    /// Processor time in the kernel.
    pub(crate) system: u64,
    pub(crate) status: u32,
    pub(crate) memory_footprint: u64,
    pub(crate) schema: &'a str,
    pub(crate) tags: TagSet<'a>,
    /// Whether each timer says its own processor time.
    pub(crate) timer_rusage: bool,
    /// Longer text is cut, bytes.
    pub(crate) max_word: usize,
}

/// One timer of a packet. Times are nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PacketTimer<'a> {
    pub(crate) hit_count: u32,
    pub(crate) value: u64,
    /// Processor time in user mode.
    pub(crate) user: u64,
    /// Processor time in the kernel.
    pub(crate) system: u64,
    pub(crate) tags: TagSet<'a>,
}

/// The encoder's memory, reused from packet to packet.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    packet: Vec<u8>,
    dictionary: Dictionary,
    timers: Vec<Timer>,
    ids: TagIds,
    /// Where in `ids` those of a place in the program stand for the first time.
    places: Stamps,
    cpus: Vec<[f32; 2]>,
}

/// A timer as the packet says it.
#[derive(Clone, Copy, Debug)]
struct Timer {
    hit_count: u32,
    value: f32,
    tags: u32,
}

/// The ids of all tags, those of the timers first.
#[derive(Debug, Default)]
struct TagIds {
    names: Vec<u32>,
    values: Vec<u32>,
}

impl Encoder {
    /// Writes the packet and lends its bytes.
    pub(crate) fn encode<'a>(
        &mut self,
        head: &Packet<'a>,
        given: impl Iterator<Item = PacketTimer<'a>>,
    ) -> &[u8] {
        let Self { packet, dictionary, timers, ids, places, cpus } = self;
        packet.clear();
        dictionary.clear();
        timers.clear();
        ids.clear();
        places.forget();
        cpus.clear();

        // Iterates in `given` itself, which is a chain of iterators.
        given.for_each(|timer| {
            let tags = timer.tags;
            let place = tags.fixed().filter(|_| tags.is_fixed()).map(|it| it.interned().number);
            if let Some(first) = place.and_then(|place| places.get(place)) {
                ids.repeat(first as usize, tags.len());
            } else {
                if let Some(place) = place {
                    places.set(place, saturate(ids.names.len() as u64));
                }
                ids.look_up(dictionary, tags, head.max_word);
            }
            timers.push(Timer {
                hit_count: timer.hit_count.max(1),
                value: seconds(timer.value),
                tags: saturate(tags.len() as u64),
            });
            if head.timer_rusage {
                cpus.push([seconds(timer.user), seconds(timer.system)]);
            }
        });
        let of_timers = ids.names.len();
        if head.tags.len() > 0 {
            ids.look_up(dictionary, head.tags, head.max_word);
        }
        let (names, names_of_request) = ids.names.split_at(of_timers);
        let (values, values_of_request) = ids.values.split_at(of_timers);

        put_text(packet, 1, [head.hostname, ""], head.max_word);
        put_text(packet, 2, [head.server_name, ""], head.max_word);
        put_text(packet, 3, head.script_name, head.max_word);
        put_uint32(packet, 4, head.request_count);
        put_uint32(packet, 5, saturate(head.document_size));
        put_uint32(packet, 6, saturate(head.memory_peak));
        put_float(packet, 7, seconds(head.request_time));
        put_float(packet, 8, seconds(head.user));
        put_float(packet, 9, seconds(head.system));
        if !timers.is_empty() {
            put_uint32s(packet, 10, timers.iter().map(|timer| timer.hit_count));
            put_floats(packet, 11, timers.iter().map(|timer| timer.value));
            put_uint32s(packet, 12, timers.iter().map(|timer| timer.tags));
            put_uint32s(packet, 13, names.iter().copied());
            put_uint32s(packet, 14, values.iter().copied());
        }
        packet.extend_from_slice(dictionary.encoded());
        put_uint32(packet, 16, head.status);
        put_uint32(packet, 17, saturate(head.memory_footprint));
        put_text(packet, 19, [head.schema, ""], head.max_word);
        for name in names_of_request {
            put_uint32(packet, 20, *name);
        }
        for value in values_of_request {
            put_uint32(packet, 21, *value);
        }
        if head.timer_rusage {
            put_floats(packet, 22, cpus.iter().map(|[user, _]| *user));
            put_floats(packet, 23, cpus.iter().map(|[_, system]| *system));
        }
        packet
    }

    /// Gives back the memory of a packet far larger than any that is sent.
    pub(crate) fn trim(&mut self) {
        /// Two of the largest datagrams.
        const KEPT: usize = 128 * 1024;
        if self.packet.capacity() > KEPT {
            *self = Self::default();
        }
    }
}

impl TagIds {
    fn clear(&mut self) {
        self.names.clear();
        self.values.clear();
    }

    fn push(&mut self, [name, value]: [u32; 2]) {
        self.names.push(name);
        self.values.push(value);
    }

    /// Adds those again that stand at `first`.
    #[inline]
    fn repeat(&mut self, first: usize, count: usize) {
        for at in first..first + count {
            self.push([self.names[at], self.values[at]]);
        }
    }

    /// Adds those of the tags, in the order of the pairs.
    fn look_up(&mut self, words: &mut Dictionary, tags: TagSet<'_>, max_word: usize) {
        let other = |words: &mut Dictionary, (name, value)| {
            [words.id(cut(name, max_word)), words.id(cut(value, max_word))]
        };
        let mut extra = tags.extra().peekable();
        for [name, value] in tags.fixed().map_or(&[][..], |fixed| &fixed.interned().pairs) {
            while let Some(pair) = extra.next_if(|pair| *pair < (name.text, value.text)) {
                self.push(other(words, pair));
            }
            self.push(if name.text.len().max(value.text.len()) <= max_word {
                [words.id_of_literal(*name), words.id_of_literal(*value)]
            } else {
                other(words, (name.text, value.text))
            });
        }
        extra.for_each(|pair| self.push(other(words, pair)));
    }
}

#[inline]
fn put_text(packet: &mut Vec<u8>, field: u32, [first, second]: [&str; 2], max_word: usize) {
    let first = cut(first, max_word);
    put_strings(packet, field, [first, cut(second, max_word - first.len())]);
}

#[cfg(test)]
mod tests;
