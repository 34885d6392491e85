//! Tags as ids of a packet's dictionary.
//!
//! A handler's packets are much alike: most use the same places in the program in the same order. So the dictionary
//! of the last packet is kept, with the places in the order of their first use, and is that of the next one as long
//! as the places come in that order again. Where they do not, what is left of it is forgotten, and goes on from
//! there.

use crate::dictionary::Dictionary;
use crate::tags::{Interned, StaticTags, TagSet, Text, cut};
use crate::wire::{saturate, small_uint32};

/// The fields of the ids of timers' tags.
pub(super) const NAMES: u32 = 13;
pub(super) const VALUES: u32 = 14;

/// The tags of a packet.
#[derive(Debug)]
pub(super) struct TagIds {
    dictionary: Dictionary,
    /// Name and value, as they came for the first time.
    ids: Vec<[u32; 2]>,
    /// The places in the order of their first use, those of this packet first.
    order: Vec<Use>,
    /// How many of them are of this packet.
    used: usize,
    /// Where in `order` a place stands, by its number, if it stands there.
    places: Vec<u32>,
    /// How many of `order` the next packet may use again, if not all: those before the first tags that were made at
    /// run time.
    lasting: usize,
}

/// For [`TagIds::lasting`].
const ALL: usize = usize::MAX;

/// A place in the program of which all tags are known.
#[derive(Clone, Copy, Debug)]
struct Use {
    place: u32,
    ids: Ids,
    /// How many words the dictionary had after it.
    words: u32,
}

/// The ids of some tags.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ids {
    /// Where they stand.
    first: u32,
    pub(super) count: u32,
    /// Those of the first names and values as fields of a packet, if each takes one byte: so many are put into it at
    /// once.
    pub(super) packed: [[u8; PACKED * 2]; 2],
}

/// Timers with more tags are rare.
pub(super) const PACKED: usize = 4;

impl Ids {
    pub(super) const NONE: Self = Self { first: 0, count: 0, packed: [[0; PACKED * 2]; 2] };
}

impl Default for TagIds {
    fn default() -> Self {
        Self {
            dictionary: Dictionary::default(),
            ids: Vec::new(),
            order: Vec::new(),
            used: 0,
            places: Vec::new(),
            lasting: ALL,
        }
    }
}

impl TagIds {
    /// A packet begins.
    #[inline]
    pub(super) fn begin(&mut self) {
        if self.lasting != ALL {
            self.truncate(self.lasting);
            self.lasting = ALL;
        }
        self.used = 0;
    }

    /// The ids of tags that are all known in the program.
    #[inline]
    pub(super) fn of_place(&mut self, place: &'static Interned) -> Ids {
        if let Some(&at) = self.places.get(place.number as usize)
            && let Some(known) = self.order.get(at as usize)
            && known.place == place.number
            && at as usize <= self.used
        {
            self.used = self.used.max(at as usize + 1);
            return known.ids;
        }
        self.of_new_place(place)
    }

    fn of_new_place(&mut self, place: &'static Interned) -> Ids {
        self.settle();
        let Self { dictionary, ids, order, places, .. } = self;
        let first = ids.len();
        let pairs = place.pairs.iter();
        ids.extend(pairs.map(|pair| pair.each_ref().map(|word| dictionary.id_of_literal(word))));
        let at = place.number as usize;
        if at >= places.len() {
            places.resize(at + 1, 0);
        }
        places[at] = saturate(order.len() as u64);
        let ids = self.ids_from(first);
        self.order.push(Use { place: place.number, ids, words: self.dictionary.len() });
        self.used += 1;
        ids
    }

    /// The ids of any tags, whose texts are cut.
    pub(super) fn of(&mut self, tags: TagSet<'_>, max_word: usize) -> Ids {
        self.settle();
        self.lasting = self.lasting.min(self.used);
        let first = self.ids.len();
        let Self { dictionary, ids, .. } = self;
        let mut extra = tags.extra();
        let Some(interned) = tags.fixed().and_then(StaticTags::interned) else {
            // Mere text.
            for (name, value) in tags.iter() {
                ids.push(ids_of(dictionary, [Text::Other(name), Text::Other(value)], max_word));
            }
            return self.ids_from(first);
        };
        for [name, value] in &interned.pairs {
            while let Some(pair) = extra.next_before(name.text, value.text) {
                ids.push(ids_of(dictionary, pair, max_word));
            }
            ids.push(ids_of(dictionary, [Text::Literal(name), Text::Literal(value)], max_word));
        }
        for pair in extra {
            ids.push(ids_of(dictionary, pair, max_word));
        }
        self.ids_from(first)
    }

    fn ids_from(&self, first: usize) -> Ids {
        let ids = &self.ids[first..];
        let mut packed = Ids::NONE.packed;
        for (at, [name, value]) in ids.iter().enumerate().take(PACKED) {
            packed[0][2 * at..][..2].copy_from_slice(&small_uint32(NAMES, *name));
            packed[1][2 * at..][..2].copy_from_slice(&small_uint32(VALUES, *value));
        }
        let [first, count] = [first, ids.len()].map(|it| saturate(it as u64));
        Ids { first, count, packed }
    }

    /// Forgets what the last packet had after the places that both have.
    #[inline]
    fn settle(&mut self) {
        if self.order.len() > self.used {
            self.truncate(self.used);
        }
    }

    fn truncate(&mut self, places: usize) {
        self.order.truncate(places);
        let last = self.order.last();
        let (words, ids) =
            last.map_or((0, 0), |last| (last.words, last.ids.first + last.ids.count));
        self.dictionary.truncate(words);
        self.ids.truncate(ids as usize);
    }

    /// How many words the packet has.
    #[inline]
    pub(super) fn words(&self) -> u32 {
        if self.used == self.order.len() {
            return self.dictionary.len();
        }
        self.used.checked_sub(1).map_or(0, |last| self.order[last].words)
    }

    /// Its words in order, each with its key.
    #[inline]
    pub(super) fn dictionary(&self) -> &[u8] {
        self.dictionary.encoded(self.words())
    }

    #[inline]
    pub(super) fn get(&self, ids: Ids) -> &[[u32; 2]] {
        self.ids
            .get(ids.first as usize..)
            .and_then(|ids_from| ids_from.get(..ids.count as usize))
            .unwrap_or_default()
    }
}

#[inline]
fn ids_of(words: &mut Dictionary, [name, value]: [Text<'_>; 2], max_word: usize) -> [u32; 2] {
    [id_of(words, name, max_word), id_of(words, value, max_word)]
}

#[inline]
fn id_of(words: &mut Dictionary, text: Text<'_>, max_word: usize) -> u32 {
    match text {
        Text::Literal(literal) if literal.text.len() <= max_word => words.id_of_literal(literal),
        _ => words.id(cut(text.get(), max_word)),
    }
}
