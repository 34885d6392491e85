//! How many requests came in each second, for curves.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use super::scan::Scan;

use crate::query::Query;
use crate::snapshot::Snapshot;

/// Requests and errors in each of the last steps of time, for curves. Like a [`Report`](super::Report) it is
/// [`update`](Self::update)d with one snapshot of a store after the other, for the price of what came.
pub struct Timeline {
    query: Query,
    scan: Scan,
    step: Duration,
    most: usize,
    /// The number of the first one of `steps`, counted from the store's beginning.
    first: u64,
    /// The last one is not over yet.
    steps: VecDeque<Step>,
    /// What came before this is in it.
    next_id: u64,
    /// Of this store.
    store: u64,
}

/// A step of a [`Timeline`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// Requests that came in it.
    pub requests: u64,
    /// Those of them with a status from 500.
    pub errors: u64,
}

impl Timeline {
    /// An empty one of the requests that fit the query's filters; its keys do not matter. It tells of that `many` steps
    /// of the given length.
    ///
    /// # Panics
    ///
    /// If a step has no length.
    #[must_use]
    pub fn new(query: Query, step: Duration, many: usize) -> Self {
        assert!(step > Duration::ZERO, "a step of a timeline has no length");
        Self {
            scan: Scan::new(&query),
            query,
            step,
            most: many,
            first: 0,
            steps: VecDeque::new(),
            next_id: 0,
            store: 0,
        }
    }

    /// Shows what is in this snapshot, too, and the time until it was taken. One that is older than what is shown
    /// already changes nothing; with one of another store it begins anew.
    pub fn update(&mut self, snapshot: &Snapshot) {
        if self.store != snapshot.store() {
            (self.store, self.first, self.next_id) = (snapshot.store(), 0, 0);
            self.steps.clear();
        }
        self.reach(self.number(snapshot.now()));
        let from = self.next_id.max(snapshot.first_id());
        for chunk in snapshot.chunks_from(from) {
            if self.number(chunk.ended) < self.first {
                continue;
            }
            let Self { scan, steps, step, first, .. } = self;
            // It may have been seen before it took in the one after it.
            scan.requests(chunk, chunk.index_of(from), snapshot.texts(), |request| {
                let came = chunk.began + Duration::from_micros(request.came.into());
                let index = number(came, *step).checked_sub(*first);
                let index = index.and_then(|index| usize::try_from(index).ok());
                if let Some(step) = index.and_then(|index| steps.get_mut(index)) {
                    step.requests += 1;
                    step.errors += u64::from(request.is_error());
                }
            });
        }
        self.next_id = self.next_id.max(snapshot.next_id());
    }

    /// Lets the step of this number be the last.
    fn reach(&mut self, last: u64) {
        // One more than asked for: the last one is not over.
        let first = (last + 1).saturating_sub(self.most as u64 + 1).max(self.first);
        let gone = usize::try_from(first - self.first).unwrap_or(usize::MAX).min(self.steps.len());
        self.steps.drain(..gone);
        self.first = first;
        let count = usize::try_from((last + 1).saturating_sub(first)).unwrap_or(usize::MAX);
        if count > self.steps.len() {
            self.steps.resize(count, Step::default());
        }
    }

    fn number(&self, time: Duration) -> u64 {
        number(time, self.step)
    }

    /// What it is about.
    #[must_use]
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// The steps that are over, the latest last. There are fewer than asked for as long as the store is young.
    #[must_use]
    pub fn steps(&self) -> impl ExactSizeIterator<Item = Step> + DoubleEndedIterator + '_ {
        self.steps.range(..self.steps.len().saturating_sub(1)).copied()
    }
}

fn number(time: Duration, step: Duration) -> u64 {
    u64::try_from(time.as_nanos() / step.as_nanos()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeline")
            .field("query", &self.query)
            .field("step", &self.step)
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use pynba_runtime::proto::{Message, Request};

    use super::*;

    use crate::packet::Decoder;
    use crate::{Limits, Store};

    const SECOND: Duration = Duration::from_secs(1);

    fn push(store: &mut Store, seconds: f64, script: &str, status: u32) {
        let packet =
            Request { script_name: script.into(), status: Some(status), ..Request::default() }
                .encode_to_vec();
        let mut decoder = Decoder::new();
        for packet in decoder.decode(&packet).expect("a packet").iter() {
            store.push(Duration::from_secs_f64(seconds), &packet);
        }
    }

    fn steps(timeline: &Timeline) -> Vec<(u64, u64)> {
        timeline.steps().map(|step| (step.requests, step.errors)).collect()
    }

    #[test]
    fn each_request_is_in_its_second() {
        let mut store = Store::new(Limits::default(), SystemTime::UNIX_EPOCH);
        let mut timeline = Timeline::new(Query::new(), SECOND, 3);
        push(&mut store, 0.1, "/a", 200);
        push(&mut store, 0.9, "/a", 500);
        push(&mut store, 1.05, "/b", 200);
        timeline.update(&store.snapshot(Duration::from_millis(1500)));
        assert_eq!(steps(&timeline), [(2, 1)]);

        push(&mut store, 1.75, "/a", 503);
        push(&mut store, 2.5, "/a", 200);
        timeline.update(&store.snapshot(Duration::from_millis(4500)));
        assert_eq!(steps(&timeline), [(2, 1), (1, 0), (0, 0)]);
        timeline.update(&store.snapshot(Duration::from_millis(4600)));
        assert_eq!(steps(&timeline), [(2, 1), (1, 0), (0, 0)]);

        let only_b = Query::new().only("script=/b").unwrap();
        let mut late = Timeline::new(only_b, SECOND, 3);
        let snapshot = store.snapshot(Duration::from_millis(4700));
        late.update(&snapshot);
        late.update(&snapshot);
        assert_eq!(steps(&late), [(1, 0), (0, 0), (0, 0)]);

        timeline.update(&store.snapshot(Duration::from_secs(1000)));
        assert_eq!(steps(&timeline), [(0, 0); 3]);
        late.update(&snapshot);
        assert_eq!(steps(&late), [(1, 0), (0, 0), (0, 0)]);
    }

    #[test]
    fn a_snapshot_for_each_request_shows_them_all() {
        let mut store = Store::new(Limits::default(), SystemTime::UNIX_EPOCH);
        let mut timeline = Timeline::new(Query::new(), SECOND, 3);
        for tenth in 0..20_u32 {
            let now = SECOND * tenth / 10;
            push(&mut store, now.as_secs_f64(), "/a", 200);
            timeline.update(&store.snapshot(now));
        }
        let before = store.snapshot(SECOND * 2);
        push(&mut store, 2.0, "/a", 200);
        timeline.update(&store.snapshot(SECOND * 3));
        timeline.update(&before);
        timeline.update(&store.snapshot(SECOND * 3));
        assert_eq!(steps(&timeline), [(10, 0), (10, 0), (1, 0)]);

        let mut other = Store::new(Limits::default(), SystemTime::UNIX_EPOCH);
        push(&mut other, 0.5, "/b", 500);
        timeline.update(&other.snapshot(SECOND));
        assert_eq!(steps(&timeline), [(1, 1)]);
    }
}
