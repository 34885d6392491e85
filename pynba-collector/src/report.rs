//! Sums and percentiles of requests or timers, in rows.

mod row;
mod rows;
mod scan;
mod tally;
mod timeline;

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

pub use self::row::Row;
pub use self::timeline::{Step, Timeline};

use self::rows::{Most, Rows};
use self::scan::Scan;
use self::tally::{Adding, Removing, Tally};

use crate::query::Query;
use crate::snapshot::Snapshot;
use crate::store::Chunk;

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
    /// The memory was too small for the rows of requests below this number.
    full_until: u64,
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
            full_until: 0,
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
        if before.as_ref().is_some_and(|before| before.store() != snapshot.store()) {
            self.full_until = 0;
        }
        let change = before.and_then(|before| Change::between(before, snapshot));
        let updated = match change {
            Some(change) => {
                self.remove(&change);
                self.add(snapshot, change.known)
            }
            None => ControlFlow::Break(()),
        };
        if updated.is_break() {
            self.rebuild(snapshot, self.rows.most());
        }
        self.make_use_of_room(snapshot);
    }

    /// What left. Before anything is added: words of it may have become those of other texts.
    fn remove(&mut self, change: &Change) {
        for chunk in change.left() {
            let all = (&**chunk, 0);
            let texts = change.before.texts();
            // Nothing becomes larger.
            let _ = self.scan.chunk::<Removing>(all, texts, &mut self.rows, &mut self.total);
        }
    }

    /// The requests from this number on. Breaks off when the rows have become too large.
    fn add(&mut self, snapshot: &Snapshot, from: u64) -> ControlFlow<()> {
        snapshot.chunks_from(from).iter().try_for_each(|chunk| {
            let new = (&**chunk, chunk.index_of(from));
            self.scan.chunk::<Adding>(new, snapshot.texts(), &mut self.rows, &mut self.total)
        })
    }

    /// With so many rows if there is memory for them, and with fewer until there is.
    fn rebuild(&mut self, snapshot: &Snapshot, most: usize) {
        let mut most = most;
        loop {
            self.rows.clear(most);
            self.total = Tally::default();
            if self.add(snapshot, snapshot.first_id()).is_continue() {
                return;
            }
            most = (self.rows.len() / 2).max(1);
            self.full_until = snapshot.next_id();
        }
    }

    /// Gives rows of their own to those that have none, if it has become possible: not at each update, for that goes
    /// through the whole window.
    fn make_use_of_room(&mut self, snapshot: &Snapshot) {
        let most = self.rows.most();
        let is_worth_it = if most < self.most {
            // All that was there has left since memory was full.
            snapshot.first_id() >= self.full_until
        } else {
            self.rows.are_few()
        };
        if self.rows.have_room_for_others() && is_worth_it {
            self.rebuild(snapshot, self.most.min(most * 2));
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
    before: Snapshot,
    /// So many of its chunks are no longer there.
    leave: usize,
    /// Requests below this number were there already.
    known: u64,
}

impl Change {
    /// `None` where it is less work to begin again.
    fn between(before: Snapshot, after: &Snapshot) -> Option<Self> {
        let (first, known) = (after.first_id(), before.next_id());
        let leave = before.chunks().partition_point(|chunk| chunk.next_id() <= first);
        // Chunks leave as a whole. There may be fewer of them than there were for the same requests.
        let is_at_end_of_chunk =
            before.chunks().get(leave).is_none_or(|next| next.first_id == first);
        let is_later = before.store() == after.store()
            && !before.is_cut()
            && !after.is_cut()
            && (before.first_id()..=known).contains(&first)
            && known <= after.next_id();
        let is_less_work = first.saturating_sub(before.first_id()) <= known.saturating_sub(first);
        (is_later && is_at_end_of_chunk && is_less_work).then_some(Self { before, leave, known })
    }

    fn left(&self) -> &[Arc<Chunk>] {
        &self.before.chunks()[..self.leave]
    }
}

#[cfg(test)]
mod tests;
