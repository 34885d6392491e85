//! Repeated fields. Most clients write a key before each entry, and the entries one after the other.

use super::Invalid;
use super::list::List;
use super::reader::{FOUR_BYTES, LENGTH, Reader, VARINT};
use super::store::Span;

/// Whole numbers: packed, or this entry and those that follow it.
pub(super) fn numbers(
    reader: &mut Reader<'_>,
    key: u32,
    list: &mut List<u32>,
) -> Result<(), Invalid> {
    match key & 7 {
        VARINT => loop {
            list.push(reader.number()?);
            if key < 0x80 {
                reader.rest = small_numbers(reader.rest, key, list);
            }
            if !follows(reader, key) {
                return Ok(());
            }
        },
        LENGTH => packed_numbers(reader.packed()?, list),
        _ => Err(Invalid::WrongType),
    }
}

/// Whether the next entry is of the same array; its key is then behind us.
#[inline]
fn follows(reader: &mut Reader<'_>, key: u32) -> bool {
    let next = match *reader.rest {
        [byte @ ..0x80, ref rest @ ..] if u32::from(byte) == key => rest,
        // No key of an array needs three bytes, and those of two end in a 1.
        [low @ 0x80..=0xFF, 1, ref rest @ ..] if u32::from(low) == key => rest,
        _ => return false,
    };
    reader.rest = next;
    true
}

/// Entries below 128 with a key of one byte each, as most are: four with one load, without a branch for each. Gives
/// what follows them.
#[inline]
fn small_numbers<'a>(rest: &'a [u8], key: u32, list: &mut List<u32>) -> &'a [u8] {
    // Of each two bytes the key, and the bit by which a number is longer.
    const LOOKED_AT: u64 = 0x80FF_80FF_80FF_80FF;
    let keys = u64::from(key) * 0x0001_0001_0001_0001;
    let (eights, _) = rest.as_chunks::<8>();
    let (fours, _) = list.room(eights.len() * 4).as_chunks_mut::<4>();
    let mut found = 0;
    for (eight, four) in eights.iter().zip(fours) {
        let [_, a, _, b, _, c, _, d] = *eight;
        *four = [a, b, c, d].map(u32::from);
        let wrong = (u64::from_le_bytes(*eight) & LOOKED_AT) ^ keys;
        if wrong != 0 {
            // Those before the first that is wrong count.
            found += wrong.trailing_zeros() as usize / 16;
            break;
        }
        found += 4;
    }
    list.added(found);
    &rest[found * 2..]
}

/// Entries without keys. Those below 128 follow each other with nothing to decide but where they end.
fn packed_numbers(mut packed: Reader<'_>, list: &mut List<u32>) -> Result<(), Invalid> {
    while !packed.rest.is_empty() {
        let room = list.room(packed.rest.len());
        let mut found = 0;
        for (&byte, entry) in packed.rest.iter().zip(room) {
            if byte >= 0x80 {
                break;
            }
            *entry = byte.into();
            found += 1;
        }
        list.added(found);
        packed.rest = &packed.rest[found..];
        if !packed.rest.is_empty() {
            list.push(packed.number()?);
        }
    }
    Ok(())
}

/// Times: packed, or this entry and those that follow it.
pub(super) fn times(
    reader: &mut Reader<'_>,
    key: u32,
    list: &mut List<f32>,
) -> Result<(), Invalid> {
    match key & 7 {
        FOUR_BYTES => {
            list.push(reader.float()?);
            let [low, ..] = key.to_le_bytes();
            reader.rest = if low < 0x80 {
                more_times(reader.rest, [low], list)
            } else {
                more_times(reader.rest, [low, 1], list)
            };
            Ok(())
        }
        LENGTH => {
            let (times, []) = reader.packed()?.rest.as_chunks() else {
                return Err(Invalid::Truncated);
            };
            for (time, entry) in times.iter().zip(list.room(times.len())) {
                *entry = f32::from_le_bytes(*time);
            }
            list.added(times.len());
            Ok(())
        }
        _ => Err(Invalid::WrongType),
    }
}

/// Gives what follows those that have this key.
fn more_times<'a, const N: usize>(
    mut rest: &'a [u8],
    key: [u8; N],
    list: &mut List<f32>,
) -> &'a [u8] {
    let mut found = 0;
    for entry in list.room(rest.len() / (N + 4)) {
        let Some((next, after)) = rest.split_first_chunk() else { break };
        let Some((&time, after)) = after.split_first_chunk() else { break };
        if *next != key {
            break;
        }
        *entry = f32::from_le_bytes(time);
        found += 1;
        rest = after;
    }
    list.added(found);
    rest
}

/// Words: this one and those that follow it.
pub(super) fn words(
    reader: &mut Reader<'_>,
    key: u32,
    list: &mut List<Span>,
) -> Result<(), Invalid> {
    if key & 7 != LENGTH {
        return Err(Invalid::WrongType);
    }
    loop {
        list.push(reader.span()?);
        short_words(reader, list);
        if !follows(reader, key) {
            return Ok(());
        }
    }
}

/// Words of less than 128 bytes.
fn short_words(reader: &mut Reader<'_>, list: &mut List<Span>) {
    let mut ahead = reader.clone();
    let mut found = 0;
    for entry in list.room(ahead.rest.len() / 2) {
        let Some(word) = ahead.short_text(0x7A) else { break };
        *entry = word;
        found += 1;
    }
    list.added(found);
    *reader = ahead;
}
