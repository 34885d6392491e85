//! From a request's data to the bytes of a packet: pure, without a clock or a socket.
//!
//! The fields are written in number order, repeated ones unpacked, and the dictionary's ids follow the
//! order of first use: for each timer, for each pair, the name then the value; after the timers the
//! request's tags. That is what Pynba 0.5.5 does, byte for byte.

use crate::dictionary::Dictionary;
use crate::tags::{TagSet, cut};
use crate::wire::{put_float, put_string, put_strings, put_uint32, saturate};

/// What a packet says, except its timers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet<'a> {
    pub(crate) hostname: &'a str,
    pub(crate) server_name: &'a str,
    /// Prefix and name, written as one text.
    pub(crate) script_name: [&'a str; 2],
    pub(crate) request_count: u32,
    pub(crate) document_size: u64,
    pub(crate) memory_peak: u64,
    /// Seconds.
    pub(crate) request_time: f64,
    /// Seconds of processor time in user mode.
    pub(crate) user: f64,
    /// Seconds of processor time in the kernel.
    pub(crate) system: f64,
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
#[derive(Clone, Copy, Debug)]
pub(crate) struct PacketTimer<'a> {
    pub(crate) hit_count: u32,
    /// Seconds.
    pub(crate) value: f64,
    /// Seconds of processor time in user mode.
    pub(crate) user: f64,
    /// Seconds of processor time in the kernel.
    pub(crate) system: f64,
    pub(crate) tags: TagSet<'a>,
}

/// The encoder's memory, reused from packet to packet.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    packet: Vec<u8>,
    dictionary: Dictionary<'static>,
    ids: Vec<TagIds>,
}

#[derive(Clone, Copy, Debug)]
struct TagIds {
    name: u32,
    value: u32,
}

impl Encoder {
    /// Writes the packet and lends its bytes.
    pub(crate) fn encode<'a>(
        &mut self,
        head: &Packet<'a>,
        timers: impl Iterator<Item = PacketTimer<'a>> + Clone,
    ) -> &[u8] {
        let Self { packet, dictionary, ids } = self;
        let mut words: Dictionary<'a> = std::mem::take(dictionary);
        packet.clear();
        ids.clear();

        put_text(packet, 1, [head.hostname, ""], head.max_word);
        put_text(packet, 2, [head.server_name, ""], head.max_word);
        put_text(packet, 3, head.script_name, head.max_word);
        put_uint32(packet, 4, head.request_count);
        put_uint32(packet, 5, saturate(head.document_size));
        put_uint32(packet, 6, saturate(head.memory_peak));
        put_float(packet, 7, head.request_time);
        put_float(packet, 8, head.user);
        put_float(packet, 9, head.system);

        for timer in timers.clone() {
            put_uint32(packet, 10, timer.hit_count.max(1));
        }
        for timer in timers.clone() {
            put_float(packet, 11, timer.value);
        }
        for timer in timers.clone() {
            put_uint32(packet, 12, saturate(timer.tags.len() as u64));
            look_up(&mut words, timer.tags, head.max_word, ids);
        }
        let of_request = ids.len();
        look_up(&mut words, head.tags, head.max_word, ids);
        let (of_timers, of_request) = ids.split_at(of_request);

        for id in of_timers {
            put_uint32(packet, 13, id.name);
        }
        for id in of_timers {
            put_uint32(packet, 14, id.value);
        }
        for word in words.words() {
            put_string(packet, 15, word);
        }
        put_uint32(packet, 16, head.status);
        put_uint32(packet, 17, saturate(head.memory_footprint));
        put_text(packet, 19, [head.schema, ""], head.max_word);
        for id in of_request {
            put_uint32(packet, 20, id.name);
        }
        for id in of_request {
            put_uint32(packet, 21, id.value);
        }
        if head.timer_rusage {
            for timer in timers.clone() {
                put_float(packet, 22, timer.user);
            }
            for timer in timers {
                put_float(packet, 23, timer.system);
            }
        }

        *dictionary = words.recycle();
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

fn look_up<'a>(
    words: &mut Dictionary<'a>,
    tags: TagSet<'a>,
    max_word: usize,
    ids: &mut Vec<TagIds>,
) {
    for (name, value) in tags.iter() {
        let name = words.id(cut(name, max_word));
        let value = words.id(cut(value, max_word));
        ids.push(TagIds { name, value });
    }
}

/// Text that the program set, where a NUL may stand. (Tags lost theirs when they were flattened.)
fn put_text(packet: &mut Vec<u8>, field: u32, [first, second]: [&str; 2], max_word: usize) {
    let first = cut(first, max_word);
    let text = [first, cut(second, max_word - first.len())];
    if text.iter().any(|part| part.contains('\0')) {
        put_string(packet, field, cut(&text.concat().replace('\0', "\u{FFFD}"), max_word));
    } else {
        put_strings(packet, field, text);
    }
}

#[cfg(test)]
mod tests;
