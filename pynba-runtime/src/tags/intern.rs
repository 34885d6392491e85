//! The texts of the program's literals as numbers, so that no packet compares them.

use std::collections::HashMap;
use std::sync::Mutex;

use super::pairs::StaticPair;
use super::variants::Variants;
use crate::dictionary;
use crate::lock::lock;
use crate::wire::{DICTIONARY, put_string};

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
    pub(super) variants: Variants,
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

/// The lock is taken once for each place in the program.
#[cold]
pub(crate) fn intern(
    pairs: &'static [StaticPair],
    names: &'static [&'static str],
) -> &'static Interned {
    static REGISTRY: Mutex<Option<Registry>> = Mutex::new(None);
    let mut registry = lock(&REGISTRY);
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
    let (longest, variants) = (longest.unwrap_or(0), Variants::none());
    Box::leak(Box::new(Interned { number, pairs, names, longest, variants }))
}
