//! A packet as it lies in the receiver's buffer: text is bytes, words are ids.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;

/// One request of a datagram, checked: every id lies in the dictionary, arrays fit each other, and numbers are
/// such as servers accept. Text is whatever the client sent, UTF-8 or not.
#[derive(Clone, Copy, Debug)]
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
    lists: &'a Lists,
}

#[derive(Debug)]
struct Lists;

/// One timer of a [`Packet`]: its tags are ids into the packet's [`dictionary`](Packet::dictionary).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct PacketTimer<'a> {
    /// Time over all hits, seconds.
    pub value: f32,
    /// How often it ran, at least 1.
    pub hit_count: u32,
    /// Processor time in user mode, seconds; 0 when the client did not say.
    pub ru_utime: f32,
    /// Processor time in the kernel, seconds; 0 when the client did not say.
    pub ru_stime: f32,
    /// Ids of the tags' names.
    pub names: &'a [u32],
    /// Ids of the tags' values, as many as names.
    pub values: &'a [u32],
}

impl<'a> Packet<'a> {
    /// The words that ids stand for, in their order.
    pub fn dictionary(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone + use<'a> {
        let _ = self.lists;
        std::iter::empty()
    }

    /// The word of an id.
    ///
    /// # Panics
    ///
    /// For an id that is not of this packet.
    #[must_use]
    pub fn word(&self, id: u32) -> &'a [u8] {
        self.dictionary().nth(id as usize).expect("an id of this packet")
    }

    /// The timers, in the packet's order.
    pub fn timers(&self) -> impl ExactSizeIterator<Item = PacketTimer<'a>> + Clone + use<'a> {
        std::iter::empty()
    }

    /// The request's own tags as ids of names and ids of values, equally many.
    #[must_use]
    pub fn tags(&self) -> (&'a [u32], &'a [u32]) {
        (&[], &[])
    }
}

/// Decodes datagrams, with memory that is used again for the next one.
#[derive(Debug, Default)]
pub struct Decoder {}

impl Decoder {
    /// A decoder with no memory yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The request of the datagram and those nested in it, the outermost first.
    ///
    /// # Errors
    ///
    /// When any part of the datagram is no packet of Pinba.
    pub fn decode<'a>(&'a mut self, datagram: &'a [u8]) -> Result<Packets<'a>, Invalid> {
        let _ = datagram;
        Ok(Packets(PhantomData))
    }
}

/// The requests of one datagram, from [`Decoder::decode`].
#[derive(Clone, Copy, Debug)]
pub struct Packets<'a>(PhantomData<&'a ()>);

impl<'a> Packets<'a> {
    /// One after the other, the outermost first; each is followed by those nested in it.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Packet<'a>> + Clone + use<'a> {
        std::iter::empty()
    }
}

/// Why a datagram is no packet of Pinba.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Invalid {
    /// It is empty.
    Empty,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the datagram is empty",
        })
    }
}

impl Error for Invalid {}
