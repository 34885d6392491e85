//! The chunk that is being written.

use std::hash::{BuildHasher, Hasher};
use std::mem;
use std::time::{Duration, SystemTime};

use hashbrown::{DefaultHashBuilder, HashTable};

use super::chunk::index;
use super::{Chunk, Requested, SetId, Timed};

use crate::packet::{Packet, PacketTimer};
use crate::successors::Successors;
use crate::words::{Word, Words};

#[derive(Debug)]
pub(super) struct Writing {
    chunk: Chunk,
    hasher: DefaultHashBuilder,
    /// The sets of tags of `chunk`, found by their pairs.
    sets: HashTable<SetId>,
    successors: Successors,
    /// The words of the packet's dictionary.
    dictionary: Vec<Word>,
}

impl Default for Writing {
    fn default() -> Self {
        Self {
            chunk: Chunk::empty(0, 0, 0),
            hasher: DefaultHashBuilder::default(),
            sets: HashTable::new(),
            successors: Successors::default(),
            dictionary: Vec::new(),
        }
    }
}

impl Writing {
    pub(super) fn number(&self) -> u64 {
        self.chunk.number
    }

    /// That of the next request.
    pub(super) fn next_id(&self) -> u64 {
        self.chunk.next_id()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.chunk.requests.is_empty()
    }

    /// Whether a request that comes now belongs into the next chunk.
    pub(super) fn is_over(&self, now: Duration, span: Duration, bytes: usize) -> bool {
        !self.is_empty()
            && (now.saturating_sub(self.chunk.began) >= span || self.bytes_used() >= bytes)
    }

    /// Unlike [`Chunk::bytes`], without what was allocated in advance.
    fn bytes_used(&self) -> usize {
        let Chunk { requests, timers, timer_rusage, set_ends, pairs, .. } = &self.chunk;
        size_of_val(&**requests)
            + size_of_val(&**timers)
            + size_of_val(&**timer_rusage)
            + size_of_val(&**set_ends)
            + size_of_val(&**pairs)
    }

    /// The chunk, unless it is empty; the next request begins another one.
    pub(super) fn finish(&mut self) -> Option<Chunk> {
        if self.is_empty() {
            return None;
        }
        self.sets.clear();
        self.successors.forget();
        let Chunk { number, .. } = self.chunk;
        let next = Chunk::empty(number + 1, self.chunk.next_id(), self.chunk.next_timer_id());
        let mut chunk = mem::replace(&mut self.chunk, next);
        chunk.shrink();
        Some(chunk)
    }

    pub(super) fn push(
        &mut self,
        now: Duration,
        epoch: SystemTime,
        packet: &Packet<'_>,
        words: &mut Words,
        oldest: u64,
    ) {
        if self.is_empty() {
            (self.chunk.began, self.chunk.epoch) = (now, epoch);
        }
        self.chunk.ended = now.max(self.chunk.began);
        let user = self.chunk.number;
        let mut word = |text: &[u8]| words.intern(text, user, oldest);
        let (host, server) = (word(packet.hostname), word(packet.server_name));
        let (script, schema) = (word(packet.script_name), word(packet.schema));
        self.dictionary.clear();
        self.dictionary.extend(packet.dictionary().map(word));

        let (names, values) = packet.tags();
        let tags = self.set(names, values);
        for timer in packet.timers() {
            self.push_timer(&timer);
        }
        let came = now.saturating_sub(self.chunk.began).as_micros();
        self.chunk.requests.push(Requested {
            came: u32::try_from(came).unwrap_or(u32::MAX),
            host,
            server,
            script,
            schema,
            tags,
            timers_end: index(self.chunk.timers.len()),
            status: packet.status,
            request_count: packet.request_count,
            document_size: packet.document_size,
            memory_peak: packet.memory_peak,
            memory_footprint: packet.memory_footprint,
            time: packet.request_time,
            rusage: [packet.ru_utime, packet.ru_stime],
        });
    }

    fn push_timer(&mut self, timer: &PacketTimer<'_>) {
        let tags = self.set(timer.names, timer.values);
        let rusage = [timer.ru_utime, timer.ru_stime];
        let has_rusage = rusage.iter().any(|seconds| *seconds > 0.0);
        if has_rusage || !self.chunk.timer_rusage.is_empty() {
            self.chunk.timer_rusage.resize(self.chunk.timers.len(), [0.0; 2]);
            self.chunk.timer_rusage.push(rusage);
        }
        self.chunk.timers.push(Timed { time: timer.value, hits: timer.hit_count, tags });
    }

    /// The set of these tags, each a name and a value of the dictionary.
    #[inline]
    fn set(&mut self, names: &[u32], values: &[u32]) -> SetId {
        let set = self.guess(names, values).unwrap_or_else(|| self.find_or_enter(names, values));
        self.successors.learn(set.0);
        set
    }

    #[inline]
    fn guess(&self, names: &[u32], values: &[u32]) -> Option<SetId> {
        let set = self.successors.guess().map(SetId)?;
        let pairs = self.chunk.tags(set);
        let word = |id: &u32| self.dictionary[*id as usize];
        let is_it = pairs.len() == names.len()
            && pairs
                .iter()
                .zip(names.iter().zip(values))
                .all(|(pair, (name, value))| *pair == (word(name), word(value)));
        is_it.then_some(set)
    }

    fn find_or_enter(&mut self, names: &[u32], values: &[u32]) -> SetId {
        let Self { chunk, hasher, sets, dictionary, .. } = self;
        let word = |id: &u32| dictionary[*id as usize];
        let start = chunk.pairs.len();
        chunk.pairs.extend(names.iter().zip(values).map(|(name, value)| (word(name), word(value))));
        let hash = hash(hasher, &chunk.pairs[start..]);
        let is_it = |set: &SetId| chunk.tags(*set) == &chunk.pairs[start..];
        if let Some(&set) = sets.find(hash, is_it) {
            chunk.pairs.truncate(start);
            return set;
        }
        let set = SetId(index(chunk.set_ends.len()));
        chunk.set_ends.push(index(chunk.pairs.len()));
        sets.insert_unique(hash, set, |set| self::hash(hasher, chunk.tags(*set)));
        set
    }
}

/// Each pair as one number: that takes half as long as what is derived.
fn hash(hasher: &DefaultHashBuilder, pairs: &[(Word, Word)]) -> u64 {
    let mut hasher = hasher.build_hasher();
    for (name, value) in pairs {
        hasher.write_u64(u64::from(name.0) << 32 | u64::from(value.0));
    }
    hasher.finish()
}
