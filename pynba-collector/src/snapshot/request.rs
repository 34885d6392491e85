//! Requests and their timers, as they are kept.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::store::{Chunk, Requested, SetId, Timed};
use crate::text::Text;
use crate::words::{Texts, Word};

/// A request in a [`Snapshot`](crate::Snapshot).
#[derive(Clone, Copy)]
pub struct Request<'a> {
    texts: &'a Texts,
    chunk: &'a Chunk,
    index: usize,
}

impl<'a> Request<'a> {
    pub(super) fn new(texts: &'a Texts, chunk: &'a Chunk, index: usize) -> Self {
        Self { texts, chunk, index }
    }

    pub(crate) fn row(&self) -> &'a Requested {
        &self.chunk.requests[self.index]
    }

    fn text(&self, word: Word) -> Text<'a> {
        self.texts.text(word)
    }

    /// Its number among all that ever came, from 0: later ones have larger numbers.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.chunk.first_id + self.index as u64
    }

    /// When it came, which is when the request ended.
    #[must_use]
    pub fn came_at(&self) -> SystemTime {
        self.chunk.epoch + self.came()
    }

    /// The time since the store was made, when it came.
    pub(super) fn came(&self) -> Duration {
        self.chunk.began + Duration::from_micros(self.row().came.into())
    }

    /// The machine that did the work.
    #[must_use]
    pub fn hostname(&self) -> Text<'a> {
        self.text(self.row().host)
    }

    /// The site: a virtual host or a service.
    #[must_use]
    pub fn server_name(&self) -> Text<'a> {
        self.text(self.row().server)
    }

    /// What was asked for.
    #[must_use]
    pub fn script_name(&self) -> Text<'a> {
        self.text(self.row().script)
    }

    /// How it was called, such as `https`.
    #[must_use]
    pub fn schema(&self) -> Text<'a> {
        self.text(self.row().schema)
    }

    /// HTTP status or what stands for it; 0 when the client did not say.
    #[must_use]
    pub fn status(&self) -> u32 {
        self.row().status
    }

    /// As the client counts: some say 0, and servers count each packet as one.
    #[must_use]
    pub fn request_count(&self) -> u32 {
        self.row().request_count
    }

    /// Whether it failed, as far as its [`status`](Self::status) tells: from 500 on.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.row().is_error()
    }

    /// Wall time, seconds.
    #[must_use]
    pub fn request_time(&self) -> f32 {
        self.row().time
    }

    /// Processor time in user mode, seconds.
    #[must_use]
    pub fn ru_utime(&self) -> f32 {
        self.row().rusage[0]
    }

    /// Processor time in the kernel, seconds.
    #[must_use]
    pub fn ru_stime(&self) -> f32 {
        self.row().rusage[1]
    }

    /// Size of the response, bytes.
    #[must_use]
    pub fn document_size(&self) -> u32 {
        self.row().document_size
    }

    /// Peak memory, bytes.
    #[must_use]
    pub fn memory_peak(&self) -> u32 {
        self.row().memory_peak
    }

    /// Resident memory, bytes.
    #[must_use]
    pub fn memory_footprint(&self) -> u32 {
        self.row().memory_footprint
    }

    /// Names and values of its own tags, in the packet's order.
    #[must_use]
    pub fn tags(&self) -> impl ExactSizeIterator<Item = (Text<'a>, Text<'a>)> + use<'a> {
        pairs(self.texts, self.chunk, self.row().tags)
    }

    /// Its timers, in the packet's order.
    #[must_use]
    pub fn timers(&self) -> impl ExactSizeIterator<Item = Timer<'a>> + use<'a> {
        let Self { texts, chunk, index, .. } = *self;
        chunk.timers_of(index).map(move |index| Timer { texts, chunk, index })
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("id", &self.id())
            .field("script_name", &self.script_name())
            .field("status", &self.status())
            .field("request_time", &self.request_time())
            .finish_non_exhaustive()
    }
}

/// A timer of a [`Request`].
#[derive(Clone, Copy)]
pub struct Timer<'a> {
    texts: &'a Texts,
    chunk: &'a Chunk,
    index: usize,
}

impl<'a> Timer<'a> {
    fn row(&self) -> &'a Timed {
        &self.chunk.timers[self.index]
    }

    /// Its number among all timers that ever came, from 0: later ones have larger numbers.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.chunk.first_timer_id + self.index as u64
    }

    /// Time over all hits, seconds.
    #[must_use]
    pub fn value(&self) -> f32 {
        self.row().time
    }

    /// How often it ran.
    #[must_use]
    pub fn hit_count(&self) -> u32 {
        self.row().hits
    }

    /// Processor time in user mode, seconds.
    #[must_use]
    pub fn ru_utime(&self) -> f32 {
        self.chunk.rusage_of_timer(self.index)[0]
    }

    /// Processor time in the kernel, seconds.
    #[must_use]
    pub fn ru_stime(&self) -> f32 {
        self.chunk.rusage_of_timer(self.index)[1]
    }

    /// Names and values of its tags, in the packet's order.
    #[must_use]
    pub fn tags(&self) -> impl ExactSizeIterator<Item = (Text<'a>, Text<'a>)> + use<'a> {
        pairs(self.texts, self.chunk, self.row().tags)
    }
}

impl fmt::Debug for Timer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer")
            .field("value", &self.value())
            .field("hit_count", &self.hit_count())
            .field("tags", &self.tags().collect::<Vec<_>>())
            .finish()
    }
}

fn pairs<'a>(
    texts: &'a Texts,
    chunk: &'a Chunk,
    set: SetId,
) -> impl ExactSizeIterator<Item = (Text<'a>, Text<'a>)> + use<'a> {
    chunk.tags(set).iter().map(|&(name, value)| (texts.text(name), texts.text(value)))
}
