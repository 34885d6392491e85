//! What a request could not keep as it was, until its reporter has counted it.

use std::ops::AddAssign;

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Losses {
    /// Timers that found no room.
    pub(crate) dropped: u64,
    /// Timers that became part of another one of the same tags.
    pub(crate) merged: u64,
    /// Timers that came to no tag.
    pub(crate) untagged: u64,
    /// Timers of [`Handle`](crate::Handle)s that ended after their request, or began after its end.
    pub(crate) late: u64,
    /// Tags that found no room.
    pub(crate) tags: u64,
    /// What was said from elsewhere, and found no room.
    pub(crate) changes: u64,
}

impl Losses {
    pub(crate) const NONE: Self =
        Self { dropped: 0, merged: 0, untagged: 0, late: 0, tags: 0, changes: 0 };
}

impl AddAssign for Losses {
    fn add_assign(&mut self, other: Self) {
        self.dropped += other.dropped;
        self.merged += other.merged;
        self.untagged += other.untagged;
        self.late += other.late;
        self.tags += other.tags;
        self.changes += other.changes;
    }
}
