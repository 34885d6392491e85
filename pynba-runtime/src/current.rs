//! The handle on the request that is open here.

use std::borrow::Cow;
use std::time::Duration;

use crate::info::RequestInfo;
use crate::mailbox::RequestId;
use crate::request::{Moment, Request};
use crate::tags::{Pairs, StaticTags, TagValue, Tags, fill};
use crate::{ENABLED, local};

/// The request that is open on this thread or in this task, the innermost one.
///
/// Outside a request every call on it does nothing, and the getters give `None`.
///
/// ```
/// let reporter = pynba_runtime::Reporter::builder().server("127.0.0.1:30002").build()?;
/// let _request = reporter.open("/users/{id}");
///
/// let request = pynba_runtime::current();
/// request.set_schema("https");
/// request.tag("plan", "premium");
/// # if cfg!(feature = "enable") {
/// assert_eq!(request.tags(), [("plan".to_owned(), "premium".to_owned())]);
/// # }
/// # Ok::<(), pynba_runtime::Error>(())
/// ```
#[must_use]
pub fn current() -> Current {
    Current::of(if ENABLED { local::with_current(|request| request.id()).flatten() } else { None })
}

/// A handle on an open request, from [`current`].
///
/// It stays with its request when another one is opened inside it, and does nothing once its request has
/// ended, nor on another thread than the one on which its request is open.
#[derive(Clone, Copy, Debug)]
pub struct Current {
    request: Option<RequestId>,
}

impl Current {
    pub(crate) fn of(request: Option<RequestId>) -> Self {
        Self { request }
    }

    pub(crate) fn act<R>(self, act: impl FnOnce(&mut Request) -> R) -> Option<R> {
        if !ENABLED {
            return None;
        }
        local::with_request(self.request?, act)
    }

    /// Whether there is a request, and it is still open on this thread.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.act(|_| ()).is_some()
    }

    /// With `false` nothing is sent for this request.
    pub fn set_enabled(&self, enabled: bool) {
        self.act(|request| request.set_enabled(enabled));
    }

    /// Sets the name under which the request is counted; a prefix stays before it.
    ///
    /// Servers keep 128 bytes of it.
    pub fn set_script_name(&self, name: impl Into<Cow<'static, str>>) {
        let name = name.into();
        self.act(|request| request.tell(|told| told.script_name = name));
    }

    /// Sets the host that runs the request, instead of this machine's name.
    ///
    /// `pinba_engine` keeps 32 bytes of it, its maintained fork 64.
    pub fn set_hostname(&self, name: impl Into<Cow<'static, str>>) {
        let name = name.into();
        self.act(|request| request.tell(|told| told.hostname = Some(name)));
    }

    /// Sets the server (virtual host) that answers the request, instead of this machine's name.
    ///
    /// `pinba_engine` keeps 32 bytes of it, its maintained fork 64.
    pub fn set_server_name(&self, name: impl Into<Cow<'static, str>>) {
        let name = name.into();
        self.act(|request| request.tell(|told| told.server_name = Some(name)));
    }

    /// Sets the schema, such as `https`.
    ///
    /// Servers keep 16 bytes of it.
    pub fn set_schema(&self, schema: impl Into<Cow<'static, str>>) {
        let schema = schema.into();
        self.act(|request| request.tell(|told| told.schema = Some(schema)));
    }

    /// Sets the status, as HTTP numbers them, instead of that of the returned value.
    ///
    /// A panic makes it 500 nevertheless, unless it is 500 or more already.
    pub fn set_status(&self, status: u32) {
        self.act(|request| request.tell(|told| told.status = Some(status)));
    }

    /// Sets the size of the answer in bytes. What does not fit in 32 bits is sent as their largest number.
    pub fn set_document_size(&self, bytes: u64) {
        self.act(|request| request.tell(|told| told.document_size = bytes));
    }

    /// Sets the memory used at most in bytes, instead of the process's peak resident set.
    pub fn set_memory_peak(&self, bytes: u64) {
        self.act(|request| request.tell(|told| told.memory_peak = Some(bytes)));
    }

    /// Sets the memory used in bytes; 0 unless set.
    pub fn set_memory_footprint(&self, bytes: u64) {
        self.act(|request| request.tell(|told| told.memory_footprint = bytes));
    }

    /// Sets the time that the request took, instead of the measured one.
    pub fn set_request_time(&self, time: Duration) {
        self.act(|request| request.tell(|told| told.request_time = Some(time)));
    }

    /// Sets the processor time that the request took in user mode and in the kernel, instead of the
    /// measured ones.
    pub fn set_rusage(&self, user: Duration, system: Duration) {
        self.act(|request| request.tell(|told| told.rusage = Some((user, system))));
    }

    /// Sets a request tag, instead of the values that it and the tags below it (`name.key`) had.
    #[expect(clippy::needless_pass_by_value, reason = "so that it may be written without `&`")]
    pub fn tag<K>(&self, name: impl Into<Cow<'static, str>>, value: impl TagValue<K>) {
        if !self.is_active() {
            return; // a closure is called only when something records
        }
        let name = name.into();
        local::with_scratch(|scratch| {
            fill(scratch, &[], |pairs| pairs.add_named(&name, &value));
            self.act(|request| request.set_tags(Some(&name), scratch.set(&[])));
        });
    }

    /// Sets the request tags of a call site, instead of the values that those of the same names had.
    pub(crate) fn set_tags(self, fixed: &'static StaticTags, dynamic: impl FnOnce(&mut Pairs<'_>)) {
        local::with_scratch(|scratch| {
            fill(scratch, fixed.pairs(), dynamic);
            self.act(|request| request.set_tags(None, scratch.set(fixed.pairs())));
        });
    }

    /// Removes a request tag with all its values, and the tags below it (`name.key`).
    pub fn remove_tag(&self, name: impl AsRef<str>) {
        let name = name.as_ref();
        self.act(|request| request.remove_tag(name));
    }

    /// The request tags, in order. Empty outside a request.
    #[must_use]
    pub fn tags(&self) -> Vec<(String, String)> {
        self.act(|request| request.tags()).unwrap_or_default()
    }

    /// The time since the request began.
    #[must_use]
    pub fn elapsed(&self) -> Option<Duration> {
        self.act(|request| request.elapsed()).flatten()
    }

    /// Everything so far, timers included.
    #[must_use]
    pub fn info(&self) -> Option<RequestInfo> {
        self.act(|request| {
            request.collect_mail();
            request.info(Moment::now())
        })?
    }

    /// Adds a timer that something else measured: `hit_count` hits that took `value` in all.
    pub fn add_timer(&self, tags: Tags, value: Duration, hit_count: u32) {
        self.act(|request| request.timers().add(&tags, value, hit_count));
        drop(tags);
    }

    /// The bytes that would be sent if the request ended well now.
    #[must_use]
    pub fn packet(&self) -> Option<Vec<u8>> {
        local::with_encoder(|encoder| {
            self.act(|request| {
                request.collect_mail();
                request.packet(Moment::now(), encoder)
            })?
        })
    }
}
