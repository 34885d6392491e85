//! The texts of the program's literals as numbers, so that no packet compares them.

use std::collections::HashMap;
use std::sync::Mutex;

use once_cell::race::{OnceBox, OnceRef};

use super::pairs::StaticPair;
use super::variants::Variants;
use super::{PairBuffer, StaticTags};
use crate::lock::try_lock;
use crate::wire::{DICTIONARY, put_string};
use crate::{dictionary, local};

/// The pairs of one place in the program, as encoders know them. Made once and kept: there are as many as there
/// are places.
#[derive(Debug)]
pub(crate) struct Interned {
    /// Counts the places from 0.
    pub(crate) number: u32,
    pub(crate) pairs: Box<[[Literal; 2]]>,
    /// The names of tags whose values are made at run time.
    pub(crate) names: Box<[Literal]>,
    /// Bytes of the longest text.
    pub(crate) longest: usize,
    variants: OnceBox<Variants>,
}

impl Interned {
    /// The tags of the place with these pairs, in any order, if they are kept.
    #[inline]
    pub(super) fn variant(
        &'static self,
        place: &'static StaticTags,
        extra: &PairBuffer,
    ) -> Option<&'static StaticTags> {
        self.variants.get_or_init(|| Box::new(Variants::none())).of(place, extra)
    }
}

/// A name or a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Literal {
    /// Counts the different texts from 0.
    pub(crate) number: u32,
    pub(crate) hash: u64,
    pub(crate) text: &'static str,
    /// As a packet's dictionary has it.
    pub(crate) encoded: &'static [u8],
}

impl Literal {
    pub(crate) fn new(number: u32, text: &'static str) -> Self {
        let mut encoded = Vec::new();
        put_string(&mut encoded, DICTIONARY, text);
        let hash = dictionary::hash(text.as_bytes());
        Self { number, hash, text, encoded: encoded.leak() }
    }
}

#[derive(Default)]
struct Registry {
    places: u32,
    literals: HashMap<&'static str, Literal>,
}

/// Once for each place in the program, and for each of its [variants](Variants). It never waits: the lock may be held
/// by a thread that a forked process does not have, or by this one, whose allocator measures.
#[cold]
#[inline(never)]
pub(crate) fn intern(
    cell: &OnceRef<'static, Interned>,
    pairs: &'static [StaticPair],
    names: &'static [&'static str],
) -> Option<&'static Interned> {
    static REGISTRY: Mutex<Option<Registry>> = Mutex::new(None);
    // What is allocated here is nobody's.
    let _quiet = local::Quiet::begin();
    let mut registry = try_lock(&REGISTRY)?;
    if let Some(known) = cell.get() {
        return Some(known);
    }
    let Registry { places, literals } = registry.get_or_insert_default();
    let number = *places;
    *places += 1;
    let mut literal = |text| {
        let next = u32::try_from(literals.len()).unwrap_or(u32::MAX);
        *literals.entry(text).or_insert_with(|| Literal::new(next, text))
    };
    let longest = pairs.iter().map(|(name, value)| name.len().max(value.len())).max();
    let pairs = pairs.iter().map(|&(name, value)| [literal(name), literal(value)]).collect();
    let names = names.iter().map(|&name| literal(name)).collect();
    let (longest, variants) = (longest.unwrap_or(0), OnceBox::new());
    let made = Box::leak(Box::new(Interned { number, pairs, names, longest, variants }));
    let _ = cell.set(made);
    Some(made)
}
