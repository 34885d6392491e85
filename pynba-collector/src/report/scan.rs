//! Goes through the requests of a chunk, and finds what fits and into which row it belongs.

mod asked;

use std::ops::ControlFlow;

use self::asked::{NameOfTag, TextTest};

use super::rows::{RowId, Rows};
use super::tally::{Direction, Tally};

use crate::query::{Field, Key, NumberTest, Query, Test};
use crate::store::{Chunk, Requested, SetId};
use crate::words::{Generation, Texts, Word};

/// A query with what is known of the texts.
#[derive(Debug)]
pub(super) struct Scan {
    is_of_timers: bool,
    /// Parts of a row's key that come from the request, and their places in it.
    request_keys: Vec<(usize, Source)>,
    /// Places in a row's key of the parts that are `timer_tag_keys`.
    timer_keys: Vec<usize>,
    request_tag_keys: Vec<NameOfTag>,
    timer_tag_keys: Vec<NameOfTag>,
    numbers: Vec<NumberTest>,
    fields: Vec<(Field, TextTest)>,
    request_tags: Vec<(NameOfTag, TextTest)>,
    timer_tags: Vec<(NameOfTag, TextTest)>,
    /// Of which texts the tests and names know something.
    generation: Generation,
    sets: Sets,
    key: Vec<u32>,
}

/// Where a part of a row's key comes from.
#[derive(Clone, Copy, Debug)]
enum Source {
    Field(Field),
    /// Which one of `request_tag_keys`.
    Tag(usize),
}

/// What there is to know of each set of tags of the chunk.
#[derive(Debug, Default)]
struct Sets {
    facts: Vec<Facts>,
    /// So many values of each set.
    width: usize,
    /// Of each set, the values of the tags that are keys: of requests, then of timers.
    values: Vec<u32>,
    /// The rows of sets of timers, where nothing else is a key.
    rows: Vec<Option<RowId>>,
}

#[expect(clippy::struct_excessive_bools, reason = "each may be so or not, whatever the others are")]
#[derive(Clone, Copy, Debug)]
struct Facts {
    fits_request: bool,
    fits_timer: bool,
    has_request_keys: bool,
    has_timer_keys: bool,
}

impl Scan {
    pub(super) fn new(query: &Query) -> Self {
        let mut scan = Self {
            is_of_timers: query.is_of_timers(),
            request_keys: Vec::new(),
            timer_keys: Vec::new(),
            request_tag_keys: Vec::new(),
            timer_tag_keys: Vec::new(),
            numbers: Vec::new(),
            fields: Vec::new(),
            request_tags: Vec::new(),
            timer_tags: Vec::new(),
            generation: Generation::default(),
            sets: Sets::default(),
            key: vec![0; query.keys().len()],
        };
        for (place, key) in query.keys().iter().enumerate() {
            scan.key(place, key);
        }
        query.filters().iter().for_each(|filter| scan.filter(&filter.test));
        scan
    }

    fn key(&mut self, place: usize, key: &Key) {
        match key {
            Key::Field(field) => self.request_keys.push((place, Source::Field(*field))),
            Key::RequestTag(name) => {
                self.request_keys.push((place, Source::Tag(self.request_tag_keys.len())));
                self.request_tag_keys.push(NameOfTag::new(name));
            }
            Key::TimerTag(name) => {
                self.timer_keys.push(place);
                self.timer_tag_keys.push(NameOfTag::new(name));
            }
        }
    }

    fn filter(&mut self, test: &Test) {
        match test {
            Test::Number(test) => self.numbers.push(*test),
            Test::Text { of, is, negated } => {
                let test = TextTest::new(is.clone(), *negated);
                match of {
                    Key::Field(field) => self.fields.push((*field, test)),
                    Key::RequestTag(name) => self.request_tags.push((NameOfTag::new(name), test)),
                    Key::TimerTag(name) => self.timer_tags.push((NameOfTag::new(name), test)),
                }
            }
        }
    }

    /// Adds the chunk's requests from this index on to the rows and to the total, or takes them away. Breaks off when the
    /// rows have become too large.
    pub(super) fn chunk<D: Direction>(
        &mut self,
        (chunk, from): (&Chunk, usize),
        texts: &Texts,
        rows: &mut Rows,
        total: &mut Tally,
    ) -> ControlFlow<()> {
        self.learn(texts);
        self.look_at_sets(chunk, texts);
        for (index, request) in chunk.requests.iter().enumerate().skip(from) {
            if D::ADDS && rows.are_too_large() {
                return ControlFlow::Break(());
            }
            if !self.fits(chunk, index, texts) {
                continue;
            }
            total.request::<D>(chunk.number, request);
            if !self.sets.facts[request.tags.0 as usize].has_request_keys {
                continue;
            }
            self.take_key_of_request(request);
            if self.is_of_timers {
                self.timers::<D>(chunk, index, rows);
            } else {
                let row = rows.find(&self.key);
                let has_grown = rows.tally(row).request::<D>(chunk.number, request);
                Self::tidy::<D>(rows, row, has_grown);
            }
        }
        ControlFlow::Continue(())
    }

    /// Goes through the requests from this index on that fit.
    pub(super) fn requests(
        &mut self,
        chunk: &Chunk,
        from: usize,
        texts: &Texts,
        mut each: impl FnMut(&Requested),
    ) {
        self.learn(texts);
        self.look_at_sets(chunk, texts);
        for (index, request) in chunk.requests.iter().enumerate().skip(from) {
            if self.fits(chunk, index, texts) {
                each(request);
            }
        }
    }

    /// Forgets what is no longer so.
    fn learn(&mut self, texts: &Texts) {
        if self.generation == texts.generation() {
            return;
        }
        self.generation = texts.generation();
        let names = self.request_tag_keys.iter_mut().chain(&mut self.timer_tag_keys);
        names.for_each(NameOfTag::forget);
        self.fields.iter_mut().for_each(|(_, test)| test.forget());
        for (name, test) in self.request_tags.iter_mut().chain(&mut self.timer_tags) {
            name.forget();
            test.forget();
        }
    }

    fn look_at_sets(&mut self, chunk: &Chunk, texts: &Texts) {
        self.sets.width = self.request_tag_keys.len() + self.timer_tag_keys.len();
        self.sets.facts.clear();
        self.sets.values.clear();
        self.sets.rows.clear();
        for pairs in chunk.sets() {
            let fits = |tests: &mut Vec<(NameOfTag, TextTest)>| {
                tests.iter_mut().all(|(name, test)| test.fits_any(name, pairs, texts))
            };
            let (fits_request, fits_timer) =
                (fits(&mut self.request_tags), fits(&mut self.timer_tags));
            let values = &mut self.sets.values;
            let mut has_all = |names: &mut Vec<NameOfTag>| {
                names.iter_mut().fold(true, |has_all, name| {
                    let value = name.first(pairs, texts);
                    values.push(value.unwrap_or(Word::EMPTY).0);
                    has_all && value.is_some()
                })
            };
            let has_request_keys = has_all(&mut self.request_tag_keys);
            let has_timer_keys = has_all(&mut self.timer_tag_keys);
            self.sets.facts.push(Facts {
                fits_request,
                fits_timer,
                has_request_keys,
                has_timer_keys,
            });
            self.sets.rows.push(None);
        }
    }

    /// Whether the request is one that is asked for, with a timer that is.
    fn fits(&mut self, chunk: &Chunk, index: usize, texts: &Texts) -> bool {
        let request = &chunk.requests[index];
        self.numbers.iter().all(|test| test.fits(request))
            && self.fields.iter_mut().all(|(field, test)| match field_of(request, *field) {
                Ok(word) => test.fits(word, texts),
                Err(number) => test.fits_number(number),
            })
            && self.sets.facts[request.tags.0 as usize].fits_request
            && (self.timer_tags.is_empty() || self.has_timer(chunk, index))
    }

    fn has_timer(&self, chunk: &Chunk, request: usize) -> bool {
        let timers = &chunk.timers[chunk.timers_of(request)];
        timers.iter().any(|timer| self.sets.facts[timer.tags.0 as usize].fits_timer)
    }

    fn timers<D: Direction>(&mut self, chunk: &Chunk, index: usize, rows: &mut Rows) {
        let request = &chunk.requests[index];
        let id = chunk.first_id + index as u64;
        for index in chunk.timers_of(index) {
            let timer = &chunk.timers[index];
            let facts = self.sets.facts[timer.tags.0 as usize];
            if facts.fits_timer && facts.has_timer_keys {
                let row = self.row_of_timer(timer.tags, rows);
                let rusage = chunk.rusage_of_timer(index);
                let has_grown =
                    rows.tally(row).timer::<D>((chunk.number, id), request, timer, rusage);
                Self::tidy::<D>(rows, row, has_grown);
            }
        }
    }

    fn take_key_of_request(&mut self, request: &Requested) {
        for &(place, source) in &self.request_keys {
            self.key[place] = match source {
                Source::Field(field) => {
                    field_of(request, field).map_or_else(|number| number, |word| word.0)
                }
                Source::Tag(index) => self.sets.values_of(request.tags)[index],
            };
        }
    }

    /// The row of a timer with this set of tags, after [`take_key_of_request`](Self::take_key_of_request).
    fn row_of_timer(&mut self, set: SetId, rows: &mut Rows) -> RowId {
        let known = self.sets.rows[set.0 as usize];
        if self.request_keys.is_empty()
            && let Some(row) = known
        {
            return row;
        }
        let values = &self.sets.values_of(set)[self.request_tag_keys.len()..];
        for (&place, &value) in self.timer_keys.iter().zip(values) {
            self.key[place] = value;
        }
        let row = rows.find(&self.key);
        self.sets.rows[set.0 as usize] = Some(row);
        row
    }

    #[inline]
    fn tidy<D: Direction>(rows: &mut Rows, row: RowId, has_grown: bool) {
        if has_grown {
            rows.weigh(row);
        }
        if !D::ADDS && rows.tally(row).is_empty() {
            rows.forget(row);
        }
    }
}

impl Sets {
    fn values_of(&self, set: SetId) -> &[u32] {
        &self.values[set.0 as usize * self.width..][..self.width]
    }
}

/// A text, or the number as it is.
fn field_of(request: &Requested, field: Field) -> Result<Word, u32> {
    match field {
        Field::Script => Ok(request.script),
        Field::Server => Ok(request.server),
        Field::Host => Ok(request.host),
        Field::Schema => Ok(request.schema),
        Field::Status => Err(request.status),
    }
}
