//! The rows of a report, found by their keys.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

use super::tally::Tally;

use crate::successors::Successors;

/// How much rows may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    pub(super) rows: usize,
    /// But for what one update adds.
    pub(super) bytes: usize,
}

#[derive(Debug)]
pub(super) struct Rows {
    /// Parts of each key.
    width: usize,
    most: Most,
    hasher: DefaultHashBuilder,
    table: HashTable<RowId>,
    /// The keys of all rows, one after the other.
    keys: Vec<u32>,
    tallies: Vec<Tally>,
    free: Vec<RowId>,
    successors: Successors,
    /// What has no row of its own. While it is there, rows neither come nor go: whatever was added to a row is found
    /// there again when it is taken away.
    other: Option<RowId>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct RowId(u32);

impl RowId {
    fn index(self) -> usize {
        self.0 as usize
    }
}

impl Rows {
    pub(super) fn new(width: usize, most: Most) -> Self {
        Self {
            width,
            most,
            hasher: DefaultHashBuilder::default(),
            table: HashTable::new(),
            keys: Vec::new(),
            tallies: Vec::new(),
            free: Vec::new(),
            successors: Successors::default(),
            other: None,
        }
    }

    /// The row of this key, a new one if need be.
    #[inline]
    pub(super) fn find(&mut self, key: &[u32]) -> RowId {
        let row = self.guess(key).unwrap_or_else(|| {
            let hash = hash(&self.hasher, key);
            let found = self.table.find(hash, |row| self.key(*row) == key).copied();
            found.unwrap_or_else(|| self.add(hash, key))
        });
        self.successors.learn(row.0);
        row
    }

    #[inline]
    fn guess(&self, key: &[u32]) -> Option<RowId> {
        let row = self.successors.guess().map(RowId)?;
        // Those that were forgotten are empty.
        let is_there = !self.tallies[row.index()].is_empty();
        (is_there && self.key(row) == key).then_some(row)
    }

    fn key(&self, row: RowId) -> &[u32] {
        &self.keys[row.index() * self.width..][..self.width]
    }

    #[cold]
    fn add(&mut self, hash: u64, key: &[u32]) -> RowId {
        if self.table.len() >= self.most.rows || self.other.is_some() {
            return self.other();
        }
        let row = self.free.pop().unwrap_or_else(|| self.next());
        self.enter(row, key);
        let Self { hasher, table, keys, width, .. } = self;
        table.insert_unique(hash, row, |row| {
            self::hash(hasher, &keys[row.index() * *width..][..*width])
        });
        row
    }

    fn next(&self) -> RowId {
        RowId(u32::try_from(self.tallies.len()).expect("there are no more than `most`"))
    }

    fn enter(&mut self, row: RowId, key: &[u32]) {
        if row.index() == self.tallies.len() {
            self.keys.extend(key);
            self.tallies.push(Tally::default());
        } else {
            self.keys[row.index() * self.width..][..self.width].copy_from_slice(key);
        }
    }

    fn other(&mut self) -> RowId {
        if let Some(row) = self.other {
            return row;
        }
        let row = self.next();
        // Nothing has this key: there are fewer words, and no such status.
        self.enter(row, &vec![u32::MAX; self.width]);
        self.other = Some(row);
        row
    }

    #[inline]
    pub(super) fn tally(&mut self, row: RowId) -> &mut Tally {
        &mut self.tallies[row.index()]
    }

    /// Lets go of a row that has become empty.
    pub(super) fn forget(&mut self, row: RowId) {
        if self.other.is_some() {
            return;
        }
        let hash = hash(&self.hasher, self.key(row));
        if let Ok(entry) = self.table.find_entry(hash, |other| *other == row) {
            entry.remove();
            self.tallies[row.index()] = Tally::default();
            self.free.push(row);
        }
    }

    /// Whether so much memory is taken that there should be fewer rows.
    pub(super) fn are_too_large(&self) -> bool {
        self.most.rows > 1 && self.bytes() > self.most.bytes
    }

    /// Whether some keys have no row of their own, while there would be room: now, or if there were twice as many.
    pub(super) fn have_room_for_others(&self, may_be_more: bool) -> bool {
        let is_half_empty = || self.iter().count() <= self.most.rows / 2;
        self.other.is_some()
            && self.bytes() <= self.most.bytes / 4
            && (may_be_more || is_half_empty())
    }

    /// The memory that they take.
    pub(super) fn bytes(&self) -> usize {
        let tallies: usize = self.tallies.iter().map(Tally::bytes).sum();
        tallies + self.keys.len() * size_of::<u32>() + self.table.capacity() * size_of::<RowId>()
    }

    /// All of them anew, with at most so many.
    pub(super) fn clear(&mut self, most: usize) {
        *self = Self::new(self.width, Most { rows: most, ..self.most });
    }

    pub(super) fn most(&self) -> usize {
        self.most.rows
    }

    /// Those with anything in them. The key is `None` for what has no row of its own.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Option<&[u32]>, &Tally)> {
        let rows = self.tallies.iter().enumerate().filter(|(_, tally)| !tally.is_empty());
        rows.map(|(index, tally)| {
            let is_other = self.other.is_some_and(|other| other.index() == index);
            let row = RowId(u32::try_from(index).unwrap_or(u32::MAX));
            ((!is_other).then(|| self.key(row)), tally)
        })
    }
}

/// Number by number, which takes half as long as what is derived.
fn hash(hasher: &DefaultHashBuilder, key: &[u32]) -> u64 {
    let mut hasher = hasher.build_hasher();
    for part in key {
        hasher.write_u32(*part);
    }
    hasher.finish()
}
