//! Sums and percentiles of requests or timers, in rows.

mod row;
mod rows;
mod scan;
mod tally;
mod timeline;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use self::row::Row;
pub use self::timeline::{Step, Timeline};

use self::rows::{Most, Rows};
use self::scan::Scan;
use self::tally::{Adding, Removing, Tally};

use crate::query::Query;
use crate::snapshot::Snapshot;

/// A report has this many rows at most; what has no row of its own is in one called [`OTHER`](crate::OTHER).
pub const MOST_ROWS: usize = 50_000;

/// Usual rows take a kilobyte each; those of a hostile client, with times of any length, up to 35.
const MOST_BYTES: usize = 64 << 20;

/// A report that can be brought up to date for the price of what changed.
///
/// Made once for a query and [`update`](Self::update)d with one snapshot after the other, it adds the requests that came and
/// takes away those that left. All sums are whole numbers (times in nanoseconds), so nothing of what left
/// remains.
pub struct Report {
    query: Query,
    scan: Scan,
    rows: Rows,
    /// So many rows if there is memory for them.
    most: usize,
    total: Tally,
    /// What is in the rows.
    snapshot: Option<Snapshot>,
}

impl Report {
    /// An empty report.
    #[must_use]
    pub fn new(query: Query) -> Self {
        Self::with(query, Most { rows: MOST_ROWS, bytes: MOST_BYTES })
    }

    fn with(query: Query, most: Most) -> Self {
        Self {
            scan: Scan::new(&query),
            rows: Rows::new(query.keys().len(), most),
            most: most.rows,
            total: Tally::default(),
            snapshot: None,
            query,
        }
    }

    /// The report over exactly this snapshot.
    #[must_use]
    pub fn over(query: Query, snapshot: &Snapshot) -> Self {
        let mut report = Self::new(query);
        report.update(snapshot);
        report
    }

    /// Shows this snapshot from now on.
    pub fn update(&mut self, snapshot: &Snapshot) {
        let before = self.snapshot.replace(snapshot.clone());
        match before
            .and_then(|before| Change::between(&before, snapshot).map(|change| (before, change)))
        {
            Some((before, change)) => {
                // First what leaves: words of it may have become those of other texts.
                for chunk in &before.chunks()[..change.leave] {
                    self.scan.chunk::<Removing>(
                        chunk,
                        before.texts(),
                        &mut self.rows,
                        &mut self.total,
                    );
                }
                self.add(snapshot, change.stay);
            }
            None => self.rebuild(snapshot, self.rows.most()),
        }
        if self.rows.have_room_for_others(self.rows.most() < self.most) {
            self.rebuild(snapshot, self.most.min(self.rows.most() * 2));
        }
        while self.rows.are_too_large() {
            self.rebuild(snapshot, self.rows.most().min(self.rows.iter().count()) / 2);
        }
    }

    fn rebuild(&mut self, snapshot: &Snapshot, most: usize) {
        self.rows.clear(most);
        self.total = Tally::default();
        self.add(snapshot, 0);
    }

    fn add(&mut self, snapshot: &Snapshot, from: usize) {
        for chunk in &snapshot.chunks()[from..] {
            self.scan.chunk::<Adding>(chunk, snapshot.texts(), &mut self.rows, &mut self.total);
        }
    }

    /// What it is about.
    #[must_use]
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// The memory that it takes, bytes, besides the snapshot that it shows. Bounded: a report of which the rows would take
    /// more than some 64 MB has fewer.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.rows.bytes()
    }

    /// The time that its rates are taken over.
    #[must_use]
    pub fn span(&self) -> Duration {
        self.snapshot.as_ref().map_or(Duration::ZERO, Snapshot::span)
    }

    /// The rows, in no particular order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.snapshot.iter().flat_map(move |snapshot| {
            let row = move |(key, tally): (Option<_>, _)| {
                Row::new(self, tally, key.map(|key| (key, snapshot.texts())))
            };
            self.rows.iter().map(row)
        })
    }

    /// All requests that fit the filters, those about timers included, whether they are in a row or not: what percentages
    /// are of. Also where rows are about timers, which is why those percentages tell what part of the requests' time
    /// went there.
    #[must_use]
    pub fn total(&self) -> Row<'_> {
        Row::new(self, &self.total, None)
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report")
            .field("query", &self.query)
            .field("rows", &self.rows.iter().count())
            .finish_non_exhaustive()
    }
}

/// What is new in a later snapshot of the same store.
struct Change {
    /// So many of the earlier chunks are no longer there.
    leave: usize,
    /// So many of the later ones were there already.
    stay: usize,
}

impl Change {
    /// `None` where it is less work to begin again.
    fn between(before: &Snapshot, after: &Snapshot) -> Option<Self> {
        let (before, after) = (before.chunks(), after.chunks());
        let first = after.first()?;
        let leave = before.partition_point(|chunk| chunk.number < first.number);
        let stay = before.len() - leave;
        let is_same = stay > 0
            && Arc::ptr_eq(&before[leave], first)
            && after.get(stay - 1).is_some_and(|last| Arc::ptr_eq(last, &before[before.len() - 1]));
        let requests = |chunks: &[Arc<_>]| -> usize {
            chunks.iter().map(|chunk: &Arc<crate::store::Chunk>| chunk.requests.len()).sum()
        };
        (is_same && requests(&before[..leave]) <= requests(&before[leave..]))
            .then_some(Self { leave, stay })
    }
}

#[cfg(test)]
mod tests;
