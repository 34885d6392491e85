//! A span that is a request.

use std::fmt;
use std::thread::{self, ThreadId};
use std::time::Duration;

use pynba_runtime::{Current, DetachedRequest, Entered, Handle, Reporter};

/// The request is current wherever its span is entered. It begins where that happens first, so a span that is
/// never entered (a future that is never polled) sends nothing, and it ends with the span.
pub(crate) struct SpanRequest {
    /// `None` only while it is dropped.
    request: Option<DetachedRequest>,
    current: Current,
    /// For every thread on which the span is entered while it is so already.
    handle: Option<Handle>,
    /// Where the request itself is.
    own: Option<Entry>,
    /// Where the handle makes it current.
    joined: Vec<(Entry, Option<[Duration; 2]>)>,
    has_begun: bool,
    has_panicked: bool,
    /// Its status is to be recorded as a field, and was not so far.
    is_status_due: bool,
}

#[derive(Clone, Copy)]
struct Entry {
    thread: ThreadId,
    /// A panic that began before is not the span's own.
    was_panicking: bool,
}

impl SpanRequest {
    /// `None` where nothing is recorded.
    pub(crate) fn open(reporter: &Reporter, script_name: &'static str) -> Option<Self> {
        let request = DetachedRequest::prepared(reporter, script_name);
        request.is_recording().then(|| Self {
            current: request.current(),
            // Now: once the request is on a thread, others cannot ask it.
            handle: request.handle(),
            request: Some(request),
            own: None,
            joined: Vec::new(),
            has_begun: false,
            has_panicked: false,
            is_status_due: false,
        })
    }

    pub(crate) fn current(&self) -> Current {
        self.current
    }

    /// Acts while the request is current here, without beginning it.
    pub(crate) fn with(&mut self, act: impl FnOnce(&Entered<'_>)) {
        if let Some(request) = &mut self.request {
            act(&request.enter());
        }
    }

    pub(crate) fn set_status_due(&mut self, is_due: bool) {
        self.is_status_due = is_due;
    }

    pub(crate) fn enter(&mut self) {
        let entry = Entry::here();
        // A thread that has the handle keeps to it: one of them counts its processor time, the other one not.
        let is_joined = self.joined.iter().any(|(joined, _)| joined.thread == entry.thread);
        match (&mut self.request, &self.handle) {
            (Some(request), _) if self.own.is_none() && !is_joined => {
                request.push();
                self.own = Some(entry);
                self.has_begun = true;
            }
            (_, Some(handle)) => self.joined.push((entry, handle.push())),
            (_, None) => {}
        }
    }

    pub(crate) fn exit(&mut self) {
        if let Some(entry) = self.leave(thread::current().id()) {
            self.has_panicked |= thread::panicking() && !entry.was_panicking;
        }
    }

    fn leave(&mut self, here: ThreadId) -> Option<Entry> {
        if let Some(at) = self.joined.iter().rposition(|(entry, _)| entry.thread == here) {
            let (entry, pushed) = self.joined.remove(at);
            if let Some(handle) = &self.handle {
                handle.pop(pushed);
            }
            return Some(entry);
        }
        let own = self.own.take_if(|entry| entry.thread == here);
        if let (Some(_), Some(request)) = (own, &mut self.request) {
            request.pop();
        }
        own
    }
}

impl Entry {
    fn here() -> Self {
        Self { thread: thread::current().id(), was_panicking: thread::panicking() }
    }
}

impl Drop for SpanRequest {
    fn drop(&mut self) {
        let here = thread::current().id();
        // A guard of the span was forgotten.
        while self.leave(here).is_some() {}
        let Some(request) = self.request.take() else { return };
        if self.has_panicked {
            request.fail();
        } else if self.has_begun && !self.is_status_due {
            request.finish();
        }
        // Else it was given up, or has not begun.
    }
}

impl fmt::Debug for SpanRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = usize::from(self.own.is_some()) + self.joined.len();
        f.debug_struct("SpanRequest").field("entries", &entries).finish_non_exhaustive()
    }
}
