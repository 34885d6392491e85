//! From a request's data to the bytes of a packet: pure, without a clock or a socket.
//!
//! The fields are written in number order, repeated ones unpacked, and the dictionary's ids follow the
//! order of first use: for each timer, for each pair, the name then the value; after the timers the
//! request's tags. That is what Pynba 0.5.5 does, byte for byte.

mod tag_ids;

use std::sync::atomic::{AtomicU64, Ordering};

use self::tag_ids::{Ids, NAMES, PACKED, TagIds, VALUES};
use crate::clock::nanos;
use crate::system::Cpu;
use crate::tags::{Interned, MAX_WORD, TagSet, cut};
use crate::text::Text;
use crate::told::Told;
use crate::wire::{
    put_floats, put_strings, put_uint32, put_uint32s, saturate, seconds, short_float, small_uint32,
    two_bytes,
};

/// What a packet says, except its timers. Times are nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet<'a> {
    pub(crate) names: &'a Names,
    /// What the program said instead, as far as it is text.
    pub(crate) told: Option<&'a Told>,
    pub(crate) script_name: &'a str,
    /// What it begins with if it [is plain](Self::is_plain), where [`Names::beginning`] has made that before.
    pub(crate) beginning: Option<&'a [u8]>,
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

/// What nearly all packets of a reporter say alike.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) hostname: Text,
    pub(crate) server_name: Text,
    /// Both as a packet has them, from [`encode_hosts`](Self::encode_hosts).
    hosts: Vec<u8>,
    /// No other names of the process have it.
    number: u64,
    pub(crate) prefix: Text,
    pub(crate) schema: Text,
}

impl Names {
    pub(crate) fn new(hostname: Text, server_name: Text) -> Self {
        let [prefix, schema] = [Text::default(), Text::default()];
        let mut names =
            Self { hostname, server_name, hosts: Vec::new(), number: 0, prefix, schema };
        names.encode_hosts();
        names
    }

    /// What a plain packet of that script name begins with, with a time of zero.
    pub(crate) fn beginning(&self, script_name: &str) -> Vec<u8> {
        let mut packet = self.hosts.clone();
        put_text(&mut packet, 3, [&self.prefix, script_name], MAX_WORD);
        put_numbers(&mut packet, [1, 0, 0], [0.0; 3]);
        packet
    }

    /// Those of the host and the server.
    fn hosts_of<'a>(&'a self, told: Option<&'a Told>) -> [&'a str; 2] {
        let hostname = told.and_then(|told| told.hostname.as_ref());
        let server_name = told.and_then(|told| told.server_name.as_ref());
        [hostname.unwrap_or(&self.hostname), server_name.unwrap_or(&self.server_name)]
    }

    #[inline]
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// To be called when any has changed.
    pub(crate) fn encode_hosts(&mut self) {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        self.number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        self.hosts.clear();
        put_hosts(&mut self.hosts, &self.hostname, &self.server_name, MAX_WORD);
    }
}

impl<'a> Packet<'a> {
    /// Whether, before the timers, it says only names that its reporter and its script have, and its time.
    #[inline]
    fn is_plain(&self) -> bool {
        let numbers = self.document_size | self.memory_peak | self.user | self.system;
        numbers == 0 && self.request_count == 1 && self.told.is_none() && self.max_word >= MAX_WORD
    }

    pub(crate) fn hosts(&self) -> [&'a str; 2] {
        self.names.hosts_of(self.told)
    }

    /// Prefix and name, written as one text.
    #[inline]
    pub(crate) fn script_name(&self) -> [&'a str; 2] {
        let prefix = self.told.and_then(|told| told.prefix.as_ref()).unwrap_or(&self.names.prefix);
        [prefix, self.script_name]
    }
}

/// One timer of a packet.
pub(crate) trait PacketTimer<'a> {
    /// At least 1.
    fn hit_count(&self) -> u32;
    /// Nanoseconds.
    fn value(&self) -> u64;
    fn cpu(&self) -> Cpu;
    /// Where all its tags come from one place in the program: that.
    fn place(&self) -> Option<&'static Interned>;
    fn tags(&self) -> TagSet<'a>;
}

/// The encoder's memory, reused from packet to packet.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    packet: Vec<u8>,
    timers: Vec<Timer>,
    tags: TagIds,
    cpus: Vec<[f32; 2]>,
}

/// A timer as the packet says it.
#[derive(Clone, Copy, Debug)]
struct Timer {
    hit_count: u32,
    value: f32,
    tags: Ids,
}

impl Encoder {
    /// Writes the packet and lends its bytes; `given` are its timers, if it has any. Inlined, because most of what a
    /// packet may say is known not to be said where it is called.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "most of what a packet may say is known not to be said there"
    )]
    pub(crate) fn encode<'a>(
        &mut self,
        head: &Packet<'a>,
        given: Option<impl Iterator<Item = impl PacketTimer<'a>>>,
    ) -> &[u8] {
        self.packet.clear();
        put_beginning(&mut self.packet, head);
        let (has_timers, mut of_request) = (given.is_some(), Ids::NONE);
        if has_timers || head.tags.len() > 0 {
            self.tags.begin();
            if let Some(given) = given {
                self.gather(head, given);
                put_timers(&mut self.packet, &self.timers, &self.tags);
            }
            if head.tags.len() > 0 {
                of_request = self.tags.of(head.tags, head.max_word);
            }
            self.packet.extend_from_slice(self.tags.dictionary());
        }
        let Self { packet, tags, cpus, .. } = self;
        put_end(packet, head);
        if of_request.count > 0 {
            put_tags(packet, tags.get(of_request));
        }
        if has_timers && head.timer_rusage {
            put_cpus(packet, cpus);
        }
        packet
    }

    #[inline]
    fn gather<'a>(&mut self, head: &Packet<'a>, given: impl Iterator<Item = impl PacketTimer<'a>>) {
        let Self { timers, tags, cpus, .. } = self;
        timers.clear();
        cpus.clear();
        // Iterates in `given` itself, which is a chain of iterators.
        given.for_each(|timer| {
            let ids = match timer.place() {
                Some(place) if place.longest <= head.max_word => tags.of_place(place),
                _ => tags.of(timer.tags(), head.max_word),
            };
            timers.push(Timer {
                hit_count: timer.hit_count(),
                value: seconds(timer.value()),
                tags: ids,
            });
            if head.timer_rusage {
                let Cpu { user, system } = timer.cpu();
                cpus.push([user, system].map(|time| seconds(nanos(time))));
            }
        });
    }

    /// Gives back the memory of a packet far larger than any that is sent.
    #[inline]
    pub(crate) fn trim(&mut self) {
        /// Two of the largest datagrams.
        const KEPT: usize = 128 * 1024;
        if self.packet.capacity() > KEPT {
            *self = Self::default();
        }
    }
}

fn put_hosts(packet: &mut Vec<u8>, hostname: &str, server_name: &str, max_word: usize) {
    put_text(packet, 1, [hostname, ""], max_word);
    put_text(packet, 2, [server_name, ""], max_word);
}

fn put_names(
    packet: &mut Vec<u8>,
    names: &Names,
    told: Option<&Told>,
    script_name: [&str; 2],
    max_word: usize,
) {
    let is_told = told.is_some_and(|told| told.hostname.is_some() || told.server_name.is_some());
    if max_word >= MAX_WORD && !is_told {
        packet.extend_from_slice(&names.hosts);
    } else {
        let [hostname, server_name] = names.hosts_of(told);
        put_hosts(packet, hostname, server_name, max_word);
    }
    put_text(packet, 3, script_name, max_word);
}

/// The fields before the timers.
#[inline]
fn put_beginning(packet: &mut Vec<u8>, head: &Packet<'_>) {
    if let Some(beginning) = head.beginning
        && head.is_plain()
    {
        packet.extend_from_slice(beginning);
        if let Some([time, ..]) = packet.last_chunk_mut::<TIMES>().map(|it| it.as_chunks_mut().0) {
            *time = short_float(7, seconds(head.request_time));
        }
        return;
    }
    put_names(packet, head.names, head.told, head.script_name(), head.max_word);
    let numbers = [head.request_count, saturate(head.document_size), saturate(head.memory_peak)];
    let times = [head.request_time, head.user, head.system].map(seconds);
    put_numbers(packet, numbers, times);
}

/// Of the three times that these fields end with.
const TIMES: usize = 3 * 5;

#[inline]
fn put_numbers(packet: &mut Vec<u8>, numbers: [u32; 3], [request, user, system]: [f32; 3]) {
    (4..).zip(numbers).for_each(|(field, number)| put_uint32(packet, field, number));
    let times = [short_float(7, request), short_float(8, user), short_float(9, system)];
    packet.extend_from_slice(times.as_flattened());
}

/// The fields of the timers, but for their processor time.
fn put_timers(packet: &mut Vec<u8>, timers: &[Timer], tags: &TagIds) {
    let (mut small, mut pairs) = (tags.words(), 0);
    for timer in timers {
        small |= timer.hit_count | timer.tags.count;
        pairs += timer.tags.count as usize;
    }
    // Nearly always: then all of it has its place beforehand.
    if small < 0x80 {
        return put_small_timers(packet, timers, tags, pairs);
    }
    put_uint32s(packet, 10, timers.iter().map(|timer| timer.hit_count));
    put_floats(packet, 11, timers.iter().map(|timer| timer.value));
    put_uint32s(packet, 12, timers.iter().map(|timer| timer.tags.count));
    for (field, which) in [(NAMES, 0), (VALUES, 1)] {
        let of_each = timers.iter().map(|timer| tags.get(timer.tags));
        of_each.for_each(|ids| put_uint32s(packet, field, ids.iter().map(|pair| pair[which])));
    }
}

/// The same where each number but the times takes one byte. `pairs` is how many tags there are.
fn put_small_timers(packet: &mut Vec<u8>, timers: &[Timer], tags: &TagIds, pairs: usize) {
    let start = packet.len();
    let end = start + 9 * timers.len() + 4 * pairs;
    // The last ids are put with what stands after them in their array.
    packet.resize(end + 2 * PACKED, 0);
    let (hits, rest) = packet[start..].split_at_mut(2 * timers.len());
    let (values, rest) = rest.split_at_mut(5 * timers.len());
    let (counts, ids) = rest.split_at_mut(2 * timers.len());
    let of_timers = hits.as_chunks_mut().0.iter_mut().zip(values.as_chunks_mut().0);
    let of_timers = of_timers.zip(counts.as_chunks_mut().0).zip(timers);
    for (((hit, value), count), timer) in of_timers {
        *hit = small_uint32(10, timer.hit_count);
        *value = short_float(11, timer.value);
        *count = small_uint32(12, timer.tags.count);
    }
    // The names first: what is put too much of them is where the values are put then.
    put_small_ids::<0, NAMES>(ids, timers, tags);
    put_small_ids::<1, VALUES>(&mut ids[2 * pairs..], timers, tags);
    packet.truncate(end);
}

/// Of each pair the name or the value.
#[inline]
fn put_small_ids<const WHICH: usize, const FIELD: u32>(
    mut fields: &mut [u8],
    timers: &[Timer],
    tags: &TagIds,
) {
    for Timer { tags: ids, .. } in timers {
        if let Some(place) = fields.first_chunk_mut() {
            *place = ids.packed[WHICH];
        }
        let size = 2 * ids.count as usize;
        let Some((these, others)) = fields.split_at_mut_checked(size) else { return };
        if ids.count as usize > PACKED {
            for (place, pair) in these.as_chunks_mut().0.iter_mut().zip(tags.get(*ids)) {
                *place = small_uint32(FIELD, pair[WHICH]);
            }
        }
        fields = others;
    }
}

/// The processor time of the timers.
#[cold]
fn put_cpus(packet: &mut Vec<u8>, cpus: &[[f32; 2]]) {
    put_floats(packet, 22, cpus.iter().map(|[user, _]| *user));
    put_floats(packet, 23, cpus.iter().map(|[_, system]| *system));
}

/// The request's tags.
fn put_tags(packet: &mut Vec<u8>, ids: &[[u32; 2]]) {
    put_uint32s(packet, 20, ids.iter().map(|[name, _]| *name));
    put_uint32s(packet, 21, ids.iter().map(|[_, value]| *value));
}

/// Those between the dictionary and the request's tags.
#[inline]
fn put_end(packet: &mut Vec<u8>, head: &Packet<'_>) {
    let footprint = saturate(head.memory_footprint);
    // Statuses of HTTP take two bytes, the rest is nearly always nothing: then it goes in at once.
    if head.schema.is_empty() && footprint == 0 && matches!(head.status, 0x80..0x4000) {
        let [status, more] = two_bytes(head.status);
        packet.extend_from_slice(&[0x80, 0x01, status, more, 0x88, 0x01, 0, 0x9a, 0x01, 0]);
        return;
    }
    put_uint32(packet, 16, head.status);
    put_uint32(packet, 17, footprint);
    put_text(packet, 19, [head.schema, ""], head.max_word);
}

#[inline]
fn put_text(packet: &mut Vec<u8>, field: u32, text: [&str; 2], max_word: usize) {
    let length = text[0].len() + text[1].len();
    if length <= max_word {
        return put_strings(packet, field, text);
    }
    let first = cut(text[0], max_word);
    put_strings(packet, field, [first, cut(text[1], max_word - first.len())]);
}

#[cfg(test)]
mod tests;
