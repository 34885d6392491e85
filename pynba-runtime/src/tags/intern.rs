//! The texts of the program's literals as numbers, so that no packet compares them.

use std::collections::HashMap;
use std::sync::Mutex;

use super::pairs::StaticPair;
use crate::lock::lock;

/// The pairs of one place in the program, as encoders know them. Made once and kept: there are as many as there
/// are places.
#[derive(Debug)]
pub(crate) struct Interned {
    /// Counts the places from 0.
    pub(crate) number: u32,
    pub(crate) pairs: Box<[[Word; 2]]>,
}

/// A name or a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word {
    /// Counts the different texts from 0.
    pub(crate) number: u32,
    pub(crate) text: &'static str,
}

#[derive(Default)]
struct Registry {
    places: u32,
    words: HashMap<&'static str, u32>,
}

/// The lock is taken once for each place in the program.
#[cold]
pub(crate) fn intern(pairs: &'static [StaticPair]) -> &'static Interned {
    static REGISTRY: Mutex<Option<Registry>> = Mutex::new(None);
    let mut registry = lock(&REGISTRY);
    let Registry { places, words } = registry.get_or_insert_default();
    let number = *places;
    *places += 1;
    let mut word = |text| {
        let next = u32::try_from(words.len()).unwrap_or(u32::MAX);
        Word { number: *words.entry(text).or_insert(next), text }
    };
    let pairs = pairs.iter().map(|&(name, value)| [word(name), word(value)]).collect();
    Box::leak(Box::new(Interned { number, pairs }))
}
