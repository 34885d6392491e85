//! From a request's data to the bytes of a packet: pure, without a clock or a socket.
//!
//! The fields are written in number order, repeated ones unpacked, and the dictionary's ids follow the
//! order of first use: for each timer, for each pair, the name then the value; after the timers the
//! request's tags. That is what Pynba 0.5.5 does, byte for byte.

use crate::clock::nanos;
use crate::dictionary::{Dictionary, Stamps};
use crate::system::Cpu;
use crate::tags::{MAX_WORD, TagSet, cut};
use crate::wire::{Short, put_floats, put_strings, put_uint32s, saturate, seconds};

/// What a packet says, except its timers. Times are nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet<'a> {
    pub(crate) hostname: &'a str,
    pub(crate) server_name: &'a str,
    /// Both as [`hosts`] writes them, where that was done before.
    pub(crate) hosts: Option<&'a [u8]>,
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

/// One timer of a packet.
pub(crate) trait PacketTimer<'a> {
    /// At least 1.
    fn hit_count(&self) -> u32;
    /// Nanoseconds.
    fn value(&self) -> u64;
    fn cpu(&self) -> Cpu;
    /// Where all its tags come from one place in the program: the number of that, and how many they are.
    fn place(&self) -> Option<(u32, usize)>;
    fn tags(&self) -> TagSet<'a>;
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

/// Bytes: the packet of a request with some timers.
const USUAL: usize = 512;

/// A timer as the packet says it.
#[derive(Clone, Copy, Debug)]
struct Timer {
    hit_count: u32,
    value: f32,
    tags: u32,
}

/// The ids of all tags, name and value, those of the timers first.
#[derive(Debug, Default)]
struct TagIds(Vec<[u32; 2]>);

impl Encoder {
    /// Writes the packet and lends its bytes.
    pub(crate) fn encode<'a>(
        &mut self,
        head: &Packet<'a>,
        given: impl Iterator<Item = impl PacketTimer<'a>>,
    ) -> &[u8] {
        let Self { packet, dictionary, timers, ids, places, cpus } = self;
        packet.clear();
        if dictionary.len() > 0 || !timers.is_empty() {
            dictionary.clear();
            places.forget();
            ids.0.clear();
            timers.clear();
            cpus.clear();
        }
        packet.reserve(USUAL);

        // Where all numbers of a field are small, each takes one byte, as `put_uint32s` wants to know.
        let (mut hits, mut tags_of_one) = (0, 0);
        // Iterates in `given` itself, which is a chain of iterators.
        given.for_each(|timer| {
            let before = ids.0.len();
            match timer.place().map(|(place, count)| (place, count, places.get(place))) {
                Some((_, count, Some(first))) => ids.repeat(first as usize, count),
                place => {
                    if let Some((place, ..)) = place {
                        places.set(place, saturate(before as u64));
                    }
                    ids.look_up(dictionary, timer.tags(), head.max_word);
                }
            }
            let (hit_count, count) = (timer.hit_count(), saturate((ids.0.len() - before) as u64));
            hits |= hit_count;
            tags_of_one |= count;
            timers.push(Timer { hit_count, value: seconds(timer.value()), tags: count });
            if head.timer_rusage {
                let Cpu { user, system } = timer.cpu();
                cpus.push([user, system].map(|time| seconds(nanos(time))));
            }
        });
        let of_timers = ids.0.len();
        if head.tags.len() > 0 {
            ids.look_up(dictionary, head.tags, head.max_word);
        }
        let (of_timers, of_request) = ids.0.split_at(of_timers);
        let highest_id = dictionary.len();

        match head.hosts {
            Some(hosts) if head.max_word >= MAX_WORD => packet.extend_from_slice(hosts),
            _ => put_hosts(packet, head.hostname, head.server_name, head.max_word),
        }
        put_text(packet, 3, head.script_name, head.max_word);
        let mut short = Short::new();
        short.uint32(4, head.request_count);
        short.uint32(5, saturate(head.document_size));
        short.uint32(6, saturate(head.memory_peak));
        short.float(7, seconds(head.request_time));
        short.float(8, seconds(head.user));
        short.float(9, seconds(head.system));
        short.put(packet);
        if !timers.is_empty() {
            put_uint32s(packet, 10, hits, timers.iter().map(|timer| timer.hit_count));
            put_floats(packet, 11, timers.iter().map(|timer| timer.value));
            put_uint32s(packet, 12, tags_of_one, timers.iter().map(|timer| timer.tags));
            put_uint32s(packet, 13, highest_id, of_timers.iter().map(|[name, _]| *name));
            put_uint32s(packet, 14, highest_id, of_timers.iter().map(|[_, value]| *value));
        }
        packet.extend_from_slice(dictionary.encoded());
        let mut short = Short::new();
        short.uint32(16, head.status);
        short.uint32(17, saturate(head.memory_footprint));
        short.put(packet);
        put_text(packet, 19, [head.schema, ""], head.max_word);
        if !of_request.is_empty() {
            put_uint32s(packet, 20, highest_id, of_request.iter().map(|[name, _]| *name));
            put_uint32s(packet, 21, highest_id, of_request.iter().map(|[_, value]| *value));
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
    /// Adds those again that stand at `first`.
    #[inline]
    fn repeat(&mut self, first: usize, count: usize) {
        for at in first..first + count {
            self.0.push(self.0[at]);
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
                self.0.push(other(words, pair));
            }
            self.0.push(if name.text.len().max(value.text.len()) <= max_word {
                [words.id_of_literal(*name), words.id_of_literal(*value)]
            } else {
                other(words, (name.text, value.text))
            });
        }
        extra.for_each(|pair| self.0.push(other(words, pair)));
    }
}

/// What a packet begins with: the same for nearly all of a reporter.
pub(crate) fn hosts(hostname: &str, server_name: &str) -> Vec<u8> {
    let mut packet = Vec::new();
    put_hosts(&mut packet, hostname, server_name, MAX_WORD);
    packet
}

fn put_hosts(packet: &mut Vec<u8>, hostname: &str, server_name: &str, max_word: usize) {
    put_text(packet, 1, [hostname, ""], max_word);
    put_text(packet, 2, [server_name, ""], max_word);
}

#[inline]
fn put_text(packet: &mut Vec<u8>, field: u32, [first, second]: [&str; 2], max_word: usize) {
    let first = cut(first, max_word);
    put_strings(packet, field, [first, cut(second, max_word - first.len())]);
}

#[cfg(test)]
mod tests;
