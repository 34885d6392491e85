//! The wire format of protobuf: keys, numbers and lengths, from bytes that anybody may have sent.

use super::Invalid;
use super::store::Span;

/// How the value of a field is written: the low three bits of its key.
pub(super) const VARINT: u32 = 0;
const EIGHT_BYTES: u32 = 1;
pub(super) const LENGTH: u32 = 2;
const GROUP: u32 = 3;
const END_OF_GROUP: u32 = 4;
pub(super) const FOUR_BYTES: u32 = 5;

/// What is left of a message.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) rest: &'a [u8],
    /// Where the message ends in the datagram, so that places in it need no second counter.
    end: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(datagram: &'a [u8], message: Span) -> Self {
        Self { rest: message.of(datagram), end: message.end() }
    }

    /// The next field's number and type in one, or `None` at the end.
    #[inline]
    pub(super) fn key(&mut self) -> Result<Option<u32>, Invalid> {
        match *self.rest {
            [] => Ok(None),
            // Field 0 is none.
            [key @ 8..0x80, ref rest @ ..] => {
                self.rest = rest;
                Ok(Some(key.into()))
            }
            _ => self.long_key().map(Some),
        }
    }

    fn long_key(&mut self) -> Result<u32, Invalid> {
        let key = u32::try_from(self.varint()?).map_err(|_| Invalid::Malformed)?;
        if key < 8 { Err(Invalid::Malformed) } else { Ok(key) }
    }

    /// A whole number of up to ten bytes, the low seven bits first.
    #[inline]
    pub(super) fn varint(&mut self) -> Result<u64, Invalid> {
        match *self.rest {
            [byte @ ..0x80, ref rest @ ..] => {
                self.rest = rest;
                Ok(byte.into())
            }
            [low, high @ ..0x80, ref rest @ ..] => {
                self.rest = rest;
                Ok(u64::from(low & 0x7F) | u64::from(high) << 7)
            }
            _ => {
                let (number, rest) = long_varint(self.rest)?;
                self.rest = rest;
                Ok(number)
            }
        }
    }

    /// A whole number, of which 32 bits are kept, as protobuf demands.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "protobuf demands it")]
    pub(super) fn number(&mut self) -> Result<u32, Invalid> {
        self.varint().map(|number| number as u32)
    }

    #[inline]
    pub(super) fn float(&mut self) -> Result<f32, Invalid> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Invalid::Truncated)?;
        self.rest = rest;
        Ok(f32::from_le_bytes(*bytes))
    }

    /// Bytes after their length.
    #[inline]
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Invalid> {
        let len = self.varint()?;
        // What does not fit is too much for any slice.
        self.take(usize::try_from(len).unwrap_or(usize::MAX))
    }

    /// The place of text, or of another message, after its length.
    #[inline]
    pub(super) fn span(&mut self) -> Result<Span, Invalid> {
        let len = self.bytes()?.len();
        let end = self.end - self.rest.len();
        Ok(Span::new(end - len, end))
    }

    /// The entries of a packed array, which have no keys.
    #[inline]
    pub(super) fn packed(&mut self) -> Result<Self, Invalid> {
        let rest = self.bytes()?;
        Ok(Self { rest, end: self.end - self.rest.len() })
    }

    #[inline]
    fn take(&mut self, len: usize) -> Result<&'a [u8], Invalid> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Invalid::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Passes over the value of an unknown field. `levels` is how deep groups may lie in it, the field included.
    #[cold]
    pub(super) fn skip(&mut self, key: u32, levels: u32) -> Result<(), Invalid> {
        let inner = levels.checked_sub(1).ok_or(Invalid::TooDeep)?;
        match key & 7 {
            VARINT => self.varint().map(drop),
            EIGHT_BYTES => self.take(8).map(drop),
            LENGTH => self.bytes().map(drop),
            FOUR_BYTES => self.take(4).map(drop),
            GROUP => loop {
                let next = self.key()?.ok_or(Invalid::Truncated)?;
                if next & 7 != END_OF_GROUP {
                    self.skip(next, inner)?;
                } else if next >> 3 == key >> 3 {
                    return Ok(());
                } else {
                    return Err(Invalid::Malformed);
                }
            },
            _ => Err(Invalid::Malformed),
        }
    }
}

fn long_varint(bytes: &[u8]) -> Result<(u64, &[u8]), Invalid> {
    let mut number = 0;
    for (index, &byte) in bytes.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7F) << (7 * index);
        if byte < 0x80 {
            // Of the tenth byte only one bit fits.
            let fits = index < 9 || byte < 2;
            return if fits { Ok((number, &bytes[index + 1..])) } else { Err(Invalid::Malformed) };
        }
    }
    Err(if bytes.len() < 10 { Invalid::Truncated } else { Invalid::Malformed })
}
