//! A packet as it lies in the receiver's buffer: text is bytes, words are ids.

mod arrays;
mod check;
mod decoder;
mod invalid;
mod list;
mod message;
mod reader;
mod store;
mod timers;

use std::fmt;

pub use self::decoder::{Decoder, Packets};
pub use self::invalid::Invalid;
pub use self::timers::PacketTimer;

use self::message::Fields;
use self::store::Arrays;
use self::timers::Timers;

/// One request of a datagram, checked: every id lies in the dictionary, arrays fit each other, and numbers are
/// such as servers accept. Text is whatever the client sent, UTF-8 or not.
///
/// ```
/// use pynba_collector::packet::Decoder;
///
/// // Everything that is required, two words, and a tag `plan=free`.
/// let datagram = b"\x0a\x04web1\x12\x04shop\x1a\x01/\x20\x01\x28\0\x30\0\x3d\0\0\x80\x3e\x45\0\0\0\0\x4d\0\0\0\0\
///     \x7a\x04plan\x7a\x04free\xa0\x01\0\xa8\x01\x01";
/// let mut decoder = Decoder::new();
/// let packets = decoder.decode(datagram)?;
/// let packet = packets.iter().next().unwrap();
/// assert_eq!((packet.hostname, packet.request_time), (&b"web1"[..], 0.25));
/// let (names, values) = packet.tags();
/// assert_eq!((packet.word(names[0]), packet.word(values[0])), (&b"plan"[..], &b"free"[..]));
/// # Ok::<(), pynba_collector::packet::Invalid>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Packet<'a> {
    /// The machine that did the work.
    pub hostname: &'a [u8],
    /// The site: a virtual host or a service.
    pub server_name: &'a [u8],
    /// What was asked for.
    pub script_name: &'a [u8],
    /// How it was called, such as `https`; empty when the client did not say.
    pub schema: &'a [u8],
    /// As the client counts; servers count each packet as one.
    pub request_count: u32,
    /// Size of the response, bytes.
    pub document_size: u32,
    /// Peak memory, bytes.
    pub memory_peak: u32,
    /// Resident memory, bytes; 0 when the client did not say.
    pub memory_footprint: u32,
    /// HTTP status or what stands for it; 0 when the client did not say.
    pub status: u32,
    /// Wall time, seconds.
    pub request_time: f32,
    /// Processor time in user mode, seconds.
    pub ru_utime: f32,
    /// Processor time in the kernel, seconds.
    pub ru_stime: f32,
    datagram: &'a [u8],
    arrays: Arrays<'a>,
}

impl<'a> Packet<'a> {
    #[inline]
    fn new(datagram: &'a [u8], fields: &Fields, arrays: Arrays<'a>) -> Self {
        Self {
            hostname: fields.hostname.of(datagram),
            server_name: fields.server_name.of(datagram),
            script_name: fields.script_name.of(datagram),
            schema: fields.schema.of(datagram),
            request_count: fields.request_count,
            document_size: fields.document_size,
            memory_peak: fields.memory_peak,
            memory_footprint: fields.memory_footprint,
            status: fields.status,
            request_time: fields.request_time,
            ru_utime: fields.ru_utime,
            ru_stime: fields.ru_stime,
            datagram,
            arrays,
        }
    }

    /// The words that ids stand for, in their order.
    #[inline]
    #[must_use]
    pub fn dictionary(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone + use<'a> {
        let datagram = self.datagram;
        self.arrays.words.iter().map(move |word| word.of(datagram))
    }

    /// The word of an id.
    ///
    /// # Panics
    ///
    /// For an id that is not of this packet.
    #[inline]
    #[must_use]
    pub fn word(&self, id: u32) -> &'a [u8] {
        self.arrays.words[id as usize].of(self.datagram)
    }

    /// The timers, in the packet's order.
    #[inline]
    #[must_use]
    pub fn timers(&self) -> impl ExactSizeIterator<Item = PacketTimer<'a>> + Clone + use<'a> {
        Timers::new(&self.arrays)
    }

    /// The request's own tags as ids of names and ids of values, equally many.
    #[inline]
    #[must_use]
    pub fn tags(&self) -> (&'a [u32], &'a [u32]) {
        (self.arrays.tag_names, self.arrays.tag_values)
    }
}

/// With words in place of ids, and bytes that are no text escaped.
impl fmt::Debug for Packet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |id: &u32| self.word(*id).escape_ascii().to_string();
        let tags = |names: &[u32], values: &[u32]| -> Vec<_> {
            names.iter().zip(values).map(|(name, value)| (word(name), word(value))).collect()
        };
        let timers = self.timers().map(|timer| {
            let times = [timer.value, timer.ru_utime, timer.ru_stime];
            (timer.hit_count, times, tags(timer.names, timer.values))
        });
        let (names, values) = self.tags();
        f.debug_struct("Packet")
            .field("hostname", &format_args!("{}", self.hostname.escape_ascii()))
            .field("server_name", &format_args!("{}", self.server_name.escape_ascii()))
            .field("script_name", &format_args!("{}", self.script_name.escape_ascii()))
            .field("schema", &format_args!("{}", self.schema.escape_ascii()))
            .field("request_count", &self.request_count)
            .field("document_size", &self.document_size)
            .field("memory_peak", &self.memory_peak)
            .field("memory_footprint", &self.memory_footprint)
            .field("status", &self.status)
            .field("request_time", &self.request_time)
            .field("ru_utime", &self.ru_utime)
            .field("ru_stime", &self.ru_stime)
            .field("tags", &tags(names, values))
            .field("timers", &timers.collect::<Vec<_>>())
            .finish()
    }
}
