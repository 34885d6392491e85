//! The timers of a request, of which each has its part of the tags.

use std::iter::FusedIterator;

use super::store::Arrays;

/// One timer of a [`Packet`](super::Packet): its tags are ids into the packet's
/// [`dictionary`](super::Packet::dictionary).
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

/// Takes from the front of each array what belongs to the next timer.
#[derive(Clone, Debug)]
pub(super) struct Timers<'a> {
    hit_counts: std::slice::Iter<'a, u32>,
    values: &'a [f32],
    tag_counts: &'a [u32],
    names: &'a [u32],
    tag_values: &'a [u32],
    /// Empty where the client did not say.
    ru_utimes: &'a [f32],
    ru_stimes: &'a [f32],
}

impl<'a> Timers<'a> {
    #[inline]
    pub(super) fn new(arrays: &Arrays<'a>) -> Self {
        Self {
            hit_counts: arrays.hit_counts.iter(),
            values: arrays.values,
            tag_counts: arrays.tag_counts,
            names: arrays.timer_tag_names,
            tag_values: arrays.timer_tag_values,
            ru_utimes: arrays.ru_utimes,
            ru_stimes: arrays.ru_stimes,
        }
    }
}

impl<'a> Iterator for Timers<'a> {
    type Item = PacketTimer<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let hit_count = *self.hit_counts.next()?;
        // The arrays were checked to be as long as this one, so that none of these ends here.
        let value = *self.values.split_off_first()?;
        let tags = *self.tag_counts.split_off_first()? as usize;
        Some(PacketTimer {
            value,
            hit_count,
            ru_utime: self.ru_utimes.split_off_first().copied().unwrap_or(0.0),
            ru_stime: self.ru_stimes.split_off_first().copied().unwrap_or(0.0),
            names: self.names.split_off(..tags)?,
            values: self.tag_values.split_off(..tags)?,
        })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.hit_counts.size_hint()
    }
}

impl ExactSizeIterator for Timers<'_> {}

impl FusedIterator for Timers<'_> {}
