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
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    pub(super) rest: &'a [u8],
    /// Where the message ends in the datagram, so that places in it need no second counter.
    pub(super) end: usize,
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
            // The fields from 1 to 15, and those from 16 to 31; there is no field 0.
            [key @ 8..0x80, ref rest @ ..] | [key @ 0x80..=0xFF, 1, ref rest @ ..] => {
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
        if let [byte @ ..0x80, ref rest @ ..] = *self.rest {
            self.rest = rest;
            return Ok(byte.into());
        }
        let (number, len) = long_varint(self.rest)?;
        self.rest = &self.rest[len..];
        Ok(number)
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

    /// Text of less than 128 bytes, if that is next and has this key.
    #[inline]
    pub(super) fn short_text(&mut self, key: u8) -> Option<Span> {
        let [next, len @ ..0x80, ref text @ ..] = *self.rest else { return None };
        let rest = text.get(len.into()..).filter(|_| next == key)?;
        self.rest = rest;
        Some(Span::new(self.end - text.len(), self.end - rest.len()))
    }

    /// A whole number that is written in at most eight bytes, if that is next and has this key.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "protobuf demands it")]
    pub(super) fn short_number(&mut self, key: u8) -> Option<u32> {
        let (next, rest) = self.rest.split_first()?;
        let (number, len) = rest.first_chunk().and_then(|eight| varint_in(*eight))?;
        self.rest = rest.get(len..).filter(|_| *next == key)?;
        Some(number as u32)
    }

    /// A time, if that is next and has this key.
    #[inline]
    pub(super) fn time(&mut self, key: u8) -> Option<f32> {
        let (&[next, a, b, c, d], rest) = self.rest.split_first_chunk()?;
        let rest = (next == key).then_some(rest)?;
        self.rest = rest;
        Some(f32::from_le_bytes([a, b, c, d]))
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

/// A whole number of up to eight bytes and how many these are, without a branch for each.
#[inline]
fn varint_in(bytes: [u8; 8]) -> Option<(u64, usize)> {
    let bytes = u64::from_le_bytes(bytes);
    let last = !bytes & 0x8080_8080_8080_8080;
    if last == 0 {
        return None;
    }
    // The lowest of these bits is the top one of the last byte; up to it all belongs to the number.
    let seven = bytes & (last ^ (last - 1)) & 0x7F7F_7F7F_7F7F_7F7F;
    let fourteen = (seven & 0x007F_007F_007F_007F) | ((seven & 0x7F00_7F00_7F00_7F00) >> 1);
    let half = (fourteen & 0x0000_FFFF_0000_FFFF) | ((fourteen & 0xFFFF_0000_FFFF_0000) >> 2);
    let number = (half & 0xFFFF_FFFF) | (half >> 32 << 28);
    Some((number, last.trailing_zeros() as usize / 8 + 1))
}

/// The same of up to ten bytes, or of fewer than eight at the end of a message.
#[inline(never)]
fn long_varint(bytes: &[u8]) -> Result<(u64, usize), Invalid> {
    if let Some(found) = bytes.first_chunk().and_then(|eight| varint_in(*eight)) {
        return Ok(found);
    }
    let mut number = 0;
    for (index, &byte) in bytes.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7F) << (7 * index);
        if byte < 0x80 {
            // Of the tenth byte only one bit fits.
            let fits = index < 9 || byte < 2;
            return if fits { Ok((number, index + 1)) } else { Err(Invalid::Malformed) };
        }
    }
    Err(if bytes.len() < 10 { Invalid::Truncated } else { Invalid::Malformed })
}
