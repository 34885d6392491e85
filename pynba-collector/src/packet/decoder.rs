//! From bytes to requests, with memory that is used again.

use std::fmt;

use super::check::check;
use super::message::{self, Fields};
use super::reader::Reader;
use super::store::{Lengths, Span, Store};
use super::{Invalid, Packet};

/// The largest payload of a datagram, bytes: its length has 16 bits.
pub(super) const LONGEST: usize = 0xFFFF;

/// How deep requests, and groups in unknown fields, may lie in the outermost request; as `prost` has it.
const DEEPEST: u32 = 100;

/// Decodes datagrams, with memory that is used again for the next one.
///
/// It never holds more than 5 MB, whatever is sent: an entry of an array takes a byte of the datagram at least, a
/// request 29, and there are 65,535.
#[derive(Debug, Default)]
pub struct Decoder {
    requests: Vec<Decoded>,
    store: Store,
    waiting: Vec<Waiting>,
    nested: Vec<Span>,
}

/// A request. It is filled in where it lies: copying it would wait for what was only just written.
#[derive(Debug, Default)]
struct Decoded {
    fields: Fields,
    from: Lengths,
    to: Lengths,
}

/// A request within others that is still to be read.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    message: Span,
    /// How many more may lie in each other within it.
    levels: u32,
}

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
        if datagram.is_empty() {
            return Err(Invalid::Empty);
        }
        if datagram.len() > LONGEST {
            return Err(Invalid::TooLong);
        }
        self.requests.clear();
        self.store.clear();
        self.waiting.clear();
        let mut next = Waiting { message: Span::new(0, datagram.len()), levels: DEEPEST };
        loop {
            self.read(datagram, next)?;
            match self.waiting.pop() {
                Some(waiting) => next = waiting,
                None => return Ok(Packets { datagram, decoder: self }),
            }
        }
    }

    /// Reads one request, and puts those in it before all that wait: no recursion that a datagram could drive, and
    /// the arrays of each stay together even where it has another request between two entries.
    fn read(
        &mut self,
        datagram: &[u8],
        Waiting { message, levels }: Waiting,
    ) -> Result<(), Invalid> {
        self.nested.clear();
        self.requests.push(Decoded::default());
        let last = self.requests.last_mut().expect("it was just put there");
        let Decoded { fields, from, to } = last;
        *from = self.store.lengths();
        let reader = Reader::new(datagram, message);
        message::read(fields, reader, levels, &mut self.store, &mut self.nested)?;
        *to = self.store.lengths();
        check(fields, &self.store.between(from, to))?;
        if let Some(levels) = levels.checked_sub(1) {
            let nested = self.nested.iter().rev();
            self.waiting.extend(nested.map(|&message| Waiting { message, levels }));
        }
        Ok(())
    }
}

/// The requests of one datagram, from [`Decoder::decode`].
#[derive(Clone, Copy)]
pub struct Packets<'a> {
    datagram: &'a [u8],
    decoder: &'a Decoder,
}

impl<'a> Packets<'a> {
    /// One after the other, the outermost first; each is followed by those nested in it.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Packet<'a>> + Clone + use<'a> {
        let Self { datagram, decoder } = *self;
        decoder.requests.iter().map(move |Decoded { fields, from, to }| {
            Packet::new(datagram, fields, decoder.store.between(from, to))
        })
    }
}

impl fmt::Debug for Packets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
