//! Requests as they come, each once.

use std::mem;

use pynba_collector::{Request, Snapshot};

/// How far somebody got.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Following {
    next: u64,
    missed: u64,
}

impl Following {
    /// What came since the last call.
    pub(crate) fn news<'a>(&mut self, snapshot: &'a Snapshot) -> impl Iterator<Item = Request<'a>> {
        let from = mem::replace(&mut self.next, snapshot.next_id());
        let mut news = snapshot.requests_from(from).peekable();
        let first = news.peek().map_or(self.next, Request::id);
        self.missed += first.saturating_sub(from);
        news
    }

    /// The [`id`](Request::id) from which on nobody has looked yet.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Requests that had left before anybody looked.
    pub(crate) fn missed(&self) -> u64 {
        self.missed
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use pynba_collector::packet::Decoder;
    use pynba_collector::{Limits, Store};
    use pynba_runtime::proto::{Message as _, Request};

    use super::Following;

    #[test]
    fn each_request_comes_once_or_is_missed() {
        let limits = Limits::default().window(Duration::from_secs(10));
        let mut store = Store::new(limits, SystemTime::UNIX_EPOCH);
        let mut following = Following::default();
        let packet = Request::default().encode_to_vec();
        let mut news = |came: &[u64], now| {
            // As if it had been printed.
            store.forget_before(following.next());
            for second in came {
                let mut decoder = Decoder::new();
                let packets = decoder.decode(&packet).unwrap();
                store.push(Duration::from_secs(*second), &packets.iter().next().unwrap());
            }
            let snapshot = store.snapshot(Duration::from_secs(now));
            let ids: Vec<u64> = following.news(&snapshot).map(|request| request.id()).collect();
            (ids, following.missed())
        };
        assert_eq!(news(&[], 0), (vec![], 0));
        assert_eq!(news(&[1, 2], 2), (vec![0, 1], 0));
        assert_eq!(news(&[], 3), (vec![], 0));
        assert_eq!(news(&[4, 5, 20], 20), (vec![4], 2));
        assert_eq!(news(&[21], 60), (vec![], 3));
        assert_eq!(news(&[61], 61), (vec![6], 3));
    }
}
