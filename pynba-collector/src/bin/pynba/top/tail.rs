//! The slow and the failed requests, the newest first.

mod list;

use std::collections::VecDeque;
use std::time::Duration;

use pynba_collector::{Filter, Query, Request, Snapshot};

use super::cursor::{Cursor, Move};

pub(crate) use self::list::draw;

/// More than anybody will look through.
const MOST: usize = 1000;

#[derive(Debug)]
pub(crate) struct Tail {
    /// Seconds.
    slow: f32,
    query: Query,
    /// Their ids.
    found: VecDeque<u64>,
    /// Those before it were looked at.
    next_id: u64,
    pub(crate) cursor: Cursor<u64>,
}

impl Tail {
    pub(crate) fn new(slow: Duration) -> Self {
        Self {
            slow: slow.as_secs_f32(),
            query: Query::new(),
            found: VecDeque::new(),
            next_id: 0,
            cursor: Cursor::default(),
        }
    }

    pub(crate) fn is_slow(&self, request: &Request<'_>) -> bool {
        request.request_time() >= self.slow
    }

    /// Looks at what came since the last time; at everything with other filters.
    pub(crate) fn update(&mut self, filters: &[Filter], snapshot: &Snapshot) {
        if self.query.filters() != filters {
            self.query = filters.iter().cloned().fold(Query::new(), Query::only_filter);
            self.found.clear();
            self.next_id = 0;
        }
        let is_it = |request: &Request<'_>| {
            (request.is_error() || self.is_slow(request)) && self.query.fits(request)
        };
        let new = snapshot.requests_from(self.next_id).rev().filter(is_it);
        let new: Vec<u64> = new.take(MOST).map(|request| request.id()).collect();
        for id in new.into_iter().rev() {
            self.found.push_front(id);
        }
        self.found.truncate(MOST);
        while self.found.back().is_some_and(|id| snapshot.get(*id).is_none()) {
            self.found.pop_back();
        }
        self.next_id = snapshot.next_id();
        let found = &self.found;
        self.cursor.follow(found.len(), |chosen| found.iter().position(|id| id == chosen));
    }

    pub(crate) fn len(&self) -> usize {
        self.found.len()
    }

    pub(crate) fn id(&self, index: usize) -> Option<u64> {
        self.found.get(index).copied()
    }

    pub(crate) fn chosen(&self) -> Option<u64> {
        self.id(self.cursor.index())
    }

    pub(crate) fn step(&mut self, step: Move) {
        if let Some(index) = self.cursor.step(step, self.found.len()) {
            self.cursor.choose(self.found[index]);
        }
    }
}
