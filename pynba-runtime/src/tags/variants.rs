//! Tags made at run time that come again.
//!
//! What a tag may well be made of at run time are a few values: a table, a shard, a kind of request. The first sets
//! of a place in the program are kept for ever, and its later timers with the same tags cost as little as if the
//! compiler had known them. A place that makes ever new ones keeps those few, and looks at them in vain.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use once_cell::sync::OnceCell;

use super::{PairBuffer, StaticPair, StaticTags};
use crate::local;
use crate::lock::try_lock;

/// So many of each place.
const KEPT: usize = 16;

/// Bytes of the pairs in each, at most.
const MAX_SIZE: usize = 512;

#[derive(Debug)]
pub(super) struct Variants {
    count: AtomicUsize,
    hashes: [AtomicU64; KEPT],
    sets: [OnceCell<Variant>; KEPT],
}

#[derive(Debug)]
struct Variant {
    /// The pairs made at run time, as they were written.
    extra: PairBuffer,
    /// All pairs.
    tags: StaticTags,
}

impl Variants {
    pub(super) fn none() -> Self {
        Self {
            count: AtomicUsize::new(0),
            hashes: [const { AtomicU64::new(0) }; KEPT],
            sets: [const { OnceCell::new() }; KEPT],
        }
    }

    /// The tags of the place with these pairs, if they are kept.
    #[inline]
    pub(super) fn of(
        &'static self,
        place: &'static StaticTags,
        extra: &PairBuffer,
    ) -> Option<&'static StaticTags> {
        let hash = extra.hash();
        // Pairs with `keep`.
        let count = self.count.load(Ordering::Acquire);
        let hashes = self.hashes.get(..count)?;
        match hashes.iter().position(|other| other.load(Ordering::Relaxed) == hash) {
            Some(at) => {
                let known = self.sets.get(at)?.get()?;
                known.extra.has_pairs_of(extra).then_some(&known.tags)
            }
            None if count < KEPT => self.keep(place, extra, hash),
            None => None,
        }
    }

    #[cold]
    fn keep(
        &'static self,
        place: &'static StaticTags,
        extra: &PairBuffer,
        hash: u64,
    ) -> Option<&'static StaticTags> {
        /// Where others keep something at the moment, it will be done the next time.
        static KEEPING: Mutex<()> = Mutex::new(());
        if extra.len() == 0 || extra.lost() > 0 || extra.footprint() > MAX_SIZE {
            return None;
        }
        let _quiet = local::Quiet::begin();
        let _keeping = try_lock(&KEEPING)?;
        let at = self.count.load(Ordering::Relaxed);
        let free = self.sets.get(at)?;
        let known = free.get_or_init(|| {
            let mut in_order = extra.clone();
            in_order.normalize(place.pairs());
            let pairs = in_order.set(Some(place)).to_vec().into_iter();
            let pairs: Vec<StaticPair> =
                pairs.map(|(name, value)| (&*name.leak(), &*value.leak())).collect();
            Variant { extra: extra.clone(), tags: StaticTags::new(pairs.leak()) }
        });
        self.hashes[at].store(hash, Ordering::Relaxed);
        self.count.store(at + 1, Ordering::Release);
        Some(&known.tags)
    }
}
