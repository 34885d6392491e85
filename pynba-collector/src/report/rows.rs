//! The rows of a report, found by their keys.

use std::hash::BuildHasher;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

use super::tally::Tally;

#[derive(Debug)]
pub(super) struct Rows {
    /// Parts of each key.
    width: usize,
    most: usize,
    hasher: DefaultHashBuilder,
    table: HashTable<RowId>,
    /// The keys of all rows, one after the other.
    keys: Vec<u32>,
    tallies: Vec<Tally>,
    free: Vec<RowId>,
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
    pub(super) fn new(width: usize, most: usize) -> Self {
        Self {
            width,
            most,
            hasher: DefaultHashBuilder::default(),
            table: HashTable::new(),
            keys: Vec::new(),
            tallies: Vec::new(),
            free: Vec::new(),
            other: None,
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new(self.width, self.most);
    }

    /// The row of this key, a new one if need be.
    pub(super) fn find(&mut self, key: &[u32]) -> RowId {
        let Self { width, hasher, table, keys, .. } = self;
        let key_of = |row: RowId| &keys[row.index() * *width..][..*width];
        let hash = hasher.hash_one(key);
        let is_full = table.len() >= self.most;
        match table.entry(hash, |row| key_of(*row) == key, |row| hasher.hash_one(key_of(*row))) {
            Entry::Occupied(row) => *row.get(),
            Entry::Vacant(_) if is_full || self.other.is_some() => self.other(),
            Entry::Vacant(vacant) => {
                let count = u32::try_from(self.tallies.len()).unwrap_or(u32::MAX);
                let row = self.free.pop().unwrap_or(RowId(count));
                vacant.insert(row);
                self.enter(row, key);
                row
            }
        }
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
        let row = RowId(u32::try_from(self.tallies.len()).unwrap_or(u32::MAX));
        self.enter(row, &vec![0; self.width]);
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
        let key = &self.keys[row.index() * self.width..][..self.width];
        if let Ok(entry) = self.table.find_entry(self.hasher.hash_one(key), |other| *other == row) {
            entry.remove();
            self.tallies[row.index()] = Tally::default();
            self.free.push(row);
        }
    }

    /// Whether some keys have no row of their own, while enough rows have become empty.
    pub(super) fn is_worth_rebuilding(&self) -> bool {
        self.other.is_some() && self.iter().count() <= self.most / 2
    }

    /// Those with anything in them. The key is `None` for what has no row of its own.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Option<&[u32]>, &Tally)> {
        let rows = self.tallies.iter().enumerate().filter(|(_, tally)| !tally.is_empty());
        rows.map(|(index, tally)| {
            let is_other = self.other.is_some_and(|other| other.index() == index);
            let key = &self.keys[index * self.width..][..self.width];
            ((!is_other).then_some(key), tally)
        })
    }
}
