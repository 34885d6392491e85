//! The rows of a report, found by their keys.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

use super::tally::Tally;

use crate::successors::Successors;

/// How much rows may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    pub(super) rows: usize,
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
    /// Memory of the tallies.
    bytes: usize,
    free: Vec<RowId>,
    successors: Successors,
    /// What has no row of its own. While there is anything in it no rows come, so that whatever was added to it is
    /// found there again when it is taken away.
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
            bytes: 0,
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
        let row = self.enter(key);
        let Self { hasher, table, keys, width, .. } = self;
        table.insert_unique(hash, row, |row| {
            self::hash(hasher, &keys[row.index() * *width..][..*width])
        });
        row
    }

    fn next(&self) -> RowId {
        RowId(u32::try_from(self.tallies.len()).expect("there are no more than `most`"))
    }

    fn enter(&mut self, key: &[u32]) -> RowId {
        let row = self.free.pop().unwrap_or_else(|| self.next());
        if row.index() == self.tallies.len() {
            self.keys.extend(key);
            self.tallies.push(Tally::default());
        } else {
            self.keys[row.index() * self.width..][..self.width].copy_from_slice(key);
        }
        self.weigh(row);
        row
    }

    fn other(&mut self) -> RowId {
        if let Some(row) = self.other {
            return row;
        }
        // Nothing has this key: there are fewer words, and no such status.
        let row = self.enter(&vec![u32::MAX; self.width]);
        self.other = Some(row);
        row
    }

    #[inline]
    pub(super) fn tally(&mut self, row: RowId) -> &mut Tally {
        &mut self.tallies[row.index()]
    }

    /// Takes into account that the row's tally has grown.
    #[cold]
    pub(super) fn weigh(&mut self, row: RowId) {
        let tally = &mut self.tallies[row.index()];
        self.bytes -= tally.weighed;
        tally.weighed = tally.bytes();
        self.bytes += tally.weighed;
    }

    /// Lets go of a row that has become empty.
    pub(super) fn forget(&mut self, row: RowId) {
        if self.other == Some(row) {
            self.other = None;
        } else {
            let hash = hash(&self.hasher, self.key(row));
            let Ok(entry) = self.table.find_entry(hash, |other| *other == row) else { return };
            entry.remove();
        }
        self.bytes -= self.tallies[row.index()].weighed;
        self.tallies[row.index()] = Tally::default();
        self.free.push(row);
    }

    /// Whether so much memory is taken that there should be fewer rows.
    #[inline]
    pub(super) fn are_too_large(&self) -> bool {
        self.most.rows > 1 && self.bytes() > self.most.bytes
    }

    /// Whether some keys have no row of their own, while there is much memory left.
    pub(super) fn have_room_for_others(&self) -> bool {
        self.other.is_some() && self.bytes() <= self.most.bytes / 4
    }

    /// Whether there could be twice as many as there are.
    pub(super) fn are_few(&self) -> bool {
        self.len() <= self.most.rows / 2
    }

    /// How many have a key.
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// The memory that they take.
    #[inline]
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.keys.len() * size_of::<u32>() + self.table.capacity() * size_of::<RowId>()
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
