//! One message of the schema: its fields, in whatever order they come.

use super::Invalid;
use super::arrays::{numbers, times, words};
use super::reader::{FOUR_BYTES, LENGTH, Reader, VARINT};
use super::store::{Span, Store};

/// The fields of a request that it has once; of several the last counts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fields {
    pub(super) hostname: Span,
    pub(super) server_name: Span,
    pub(super) script_name: Span,
    pub(super) schema: Span,
    pub(super) request_count: u32,
    pub(super) document_size: u32,
    pub(super) memory_peak: u32,
    pub(super) memory_footprint: u32,
    pub(super) status: u32,
    pub(super) request_time: f32,
    pub(super) ru_utime: f32,
    pub(super) ru_stime: f32,
    /// A bit for each field that was there, up to 31.
    seen: u32,
}

/// The bits of the fields 1 to 9.
const REQUIRED: u32 = 0b11_1111_1110;

impl Fields {
    /// Whether the fields 1 to 9 were there, which the schema requires.
    pub(super) fn are_complete(&self) -> bool {
        self.seen & REQUIRED == REQUIRED
    }
}

#[inline]
fn text(reader: &mut Reader<'_>, key: u32) -> Result<Span, Invalid> {
    if key & 7 == LENGTH { reader.span() } else { Err(Invalid::WrongType) }
}

#[inline]
fn number(reader: &mut Reader<'_>, key: u32) -> Result<u32, Invalid> {
    if key & 7 == VARINT { reader.number() } else { Err(Invalid::WrongType) }
}

#[inline]
fn time(reader: &mut Reader<'_>, key: u32) -> Result<f32, Invalid> {
    if key & 7 == FOUR_BYTES { reader.float() } else { Err(Invalid::WrongType) }
}

/// The required fields in the order in which every client begins with them, without asking each time what comes next.
/// Where it is otherwise, nothing was read.
#[inline]
fn head(reader: &mut Reader<'_>, fields: &mut Fields) -> Option<()> {
    let mut ahead = reader.clone();
    *fields = Fields {
        hostname: ahead.short_text(0x0A)?,
        server_name: ahead.short_text(0x12)?,
        script_name: ahead.short_text(0x1A)?,
        request_count: ahead.short_number(0x20)?,
        document_size: ahead.short_number(0x28)?,
        memory_peak: ahead.short_number(0x30)?,
        request_time: ahead.time(0x3D)?,
        ru_utime: ahead.time(0x45)?,
        ru_stime: ahead.time(0x4D)?,
        seen: REQUIRED,
        ..Fields::default()
    };
    *reader = ahead;
    Some(())
}

/// Reads a message to its end. Arrays go to `store`, requests in it to `nested`; `levels` more may lie in each other.
pub(super) fn read(
    fields: &mut Fields,
    mut reader: Reader<'_>,
    levels: u32,
    store: &mut Store,
    nested: &mut Vec<Span>,
) -> Result<(), Invalid> {
    // What this did not find is looked for below, from the first field on.
    let _ = head(&mut reader, fields);
    while let Some(key) = reader.key()? {
        fields.seen |= 1_u32.checked_shl(key >> 3).unwrap_or(0);
        match key >> 3 {
            1 => fields.hostname = text(&mut reader, key)?,
            2 => fields.server_name = text(&mut reader, key)?,
            3 => fields.script_name = text(&mut reader, key)?,
            4 => fields.request_count = number(&mut reader, key)?,
            5 => fields.document_size = number(&mut reader, key)?,
            6 => fields.memory_peak = number(&mut reader, key)?,
            7 => fields.request_time = time(&mut reader, key)?,
            8 => fields.ru_utime = time(&mut reader, key)?,
            9 => fields.ru_stime = time(&mut reader, key)?,
            10 => numbers(&mut reader, key, &mut store.hit_counts)?,
            11 => times(&mut reader, key, &mut store.values)?,
            12 => numbers(&mut reader, key, &mut store.tag_counts)?,
            13 => numbers(&mut reader, key, &mut store.timer_tag_names)?,
            14 => numbers(&mut reader, key, &mut store.timer_tag_values)?,
            15 => words(&mut reader, key, &mut store.words)?,
            16 => fields.status = number(&mut reader, key)?,
            17 => fields.memory_footprint = number(&mut reader, key)?,
            18 => {
                nested.push(text(&mut reader, key)?);
                if levels == 0 {
                    return Err(Invalid::TooDeep);
                }
            }
            19 => fields.schema = text(&mut reader, key)?,
            20 => numbers(&mut reader, key, &mut store.tag_names)?,
            21 => numbers(&mut reader, key, &mut store.tag_values)?,
            22 => times(&mut reader, key, &mut store.ru_utimes)?,
            23 => times(&mut reader, key, &mut store.ru_stimes)?,
            _ => reader.skip(key, levels)?,
        }
    }
    Ok(())
}
