//! An array that is written into before its length is known.

/// Like a `Vec`, of which everything allocated holds some entry: so a loop may write entries one after the other
/// without asking each time whether there is room, and without `unsafe`.
#[derive(Debug, Default)]
pub(super) struct List<T> {
    entries: Vec<T>,
    len: usize,
}

impl<T: Copy + Default> List<T> {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    /// Entries behind the last one, at least that many. What is written there counts once it is [`added`](Self::added).
    #[inline]
    pub(super) fn room(&mut self, entries: usize) -> &mut [T] {
        if self.entries.len() - self.len < entries {
            self.grow(entries);
        }
        &mut self.entries[self.len..]
    }

    /// Takes in so many of those in the [`room`](Self::room).
    #[inline]
    pub(super) fn added(&mut self, entries: usize) {
        debug_assert!(entries <= self.entries.len() - self.len);
        self.len += entries;
    }

    #[inline]
    pub(super) fn push(&mut self, entry: T) {
        self.room(1)[0] = entry;
        self.len += 1;
    }

    #[inline]
    pub(super) fn between(&self, from: usize, to: usize) -> &[T] {
        &self.entries[from..to]
    }

    #[cold]
    fn grow(&mut self, entries: usize) {
        // A power of two, so that datagrams which grow slowly seldom lead here.
        let len = (self.len + entries).next_power_of_two();
        self.entries.resize(len, T::default());
    }
}
