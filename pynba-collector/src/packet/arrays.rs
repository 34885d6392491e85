//! Repeated fields. Most clients write a key before each entry, and the entries one after the other.

use super::Invalid;
use super::reader::{FOUR_BYTES, LENGTH, Reader, VARINT};
use super::store::Span;

/// Whole numbers: packed, or this entry and those that follow it.
pub(super) fn numbers(
    reader: &mut Reader<'_>,
    key: u32,
    list: &mut Vec<u32>,
) -> Result<(), Invalid> {
    match key & 7 {
        VARINT => loop {
            list.push(reader.number()?);
            small_numbers(reader, key, list);
            if !follows(reader, key) {
                return Ok(());
            }
        },
        LENGTH => packed_numbers(reader, list),
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

/// Entries below 128 with a key of one byte each, as most are: four with one load, without a branch for each.
#[inline]
fn small_numbers(reader: &mut Reader<'_>, key: u32, list: &mut Vec<u32>) {
    // Of each two bytes the key, and the bit by which a number is longer.
    const LOOKED_AT: u64 = 0x80FF_80FF_80FF_80FF;
    let keys = u64::from(key) * 0x0001_0001_0001_0001;
    while key < 0x80
        && let Some((&next, rest)) = reader.rest.split_first_chunk::<8>()
    {
        let wrong = (u64::from_le_bytes(next) & LOOKED_AT) ^ keys;
        let [_, a, _, b, _, c, _, d] = next;
        list.extend_from_slice(&[a, b, c, d].map(u32::from));
        if wrong != 0 {
            let right = wrong.trailing_zeros() as usize / 16;
            list.truncate(list.len() - (4 - right));
            reader.rest = &reader.rest[2 * right..];
            return;
        }
        reader.rest = rest;
    }
}

fn packed_numbers(reader: &mut Reader<'_>, list: &mut Vec<u32>) -> Result<(), Invalid> {
    let mut packed = reader.packed()?;
    if packed.rest.iter().all(|&byte| byte < 0x80) {
        list.extend(packed.rest.iter().copied().map(u32::from));
        return Ok(());
    }
    while !packed.rest.is_empty() {
        list.push(packed.number()?);
    }
    Ok(())
}

/// Times: packed, or this entry and those that follow it.
pub(super) fn times(reader: &mut Reader<'_>, key: u32, list: &mut Vec<f32>) -> Result<(), Invalid> {
    match key & 7 {
        FOUR_BYTES => loop {
            list.push(reader.float()?);
            if !follows(reader, key) {
                return Ok(());
            }
        },
        LENGTH => {
            let (times, []) = reader.packed()?.rest.as_chunks() else {
                return Err(Invalid::Truncated);
            };
            list.extend(times.iter().copied().map(f32::from_le_bytes));
            Ok(())
        }
        _ => Err(Invalid::WrongType),
    }
}

/// Words: this one and those that follow it.
pub(super) fn words(
    reader: &mut Reader<'_>,
    key: u32,
    list: &mut Vec<Span>,
) -> Result<(), Invalid> {
    if key & 7 != LENGTH {
        return Err(Invalid::WrongType);
    }
    loop {
        list.push(reader.span()?);
        if !follows(reader, key) {
            return Ok(());
        }
    }
}
