//! An open request: what it has measured and been told so far.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use crate::encoder::{Encoder, Packet};
use crate::mailbox::{Mailbox, RequestId};
use crate::reporter::Reporter;
use crate::system::{self, Rusage, Usage};
use crate::tags::{PairBuffer, TagSet};
use crate::testing::Capture;
use crate::timers::{TimerView, Timers};

type Text = Cow<'static, str>;

/// `pinba_engine` takes a packet with this status for one without.
const NO_STATUS: u32 = u32::MAX;

/// Stands for a name that is empty: `pinba_engine` keeps such a packet out of its timer reports.
const UNNAMED: &str = "unknown";

/// Its memory is used again by later requests of the thread.
#[derive(Debug)]
pub(crate) struct Request {
    mailbox: &'static Mailbox,
    open: Option<Open>,
    /// Request tags, in order.
    tags: PairBuffer,
    timers: Timers,
}

/// What belongs to one request only.
#[derive(Debug)]
struct Open {
    id: RequestId,
    reporter: Reporter,
    capture: Option<Capture>,
    rusage: Rusage,
    started: Instant,
    usage_at_start: Usage,
    told: Told,
    /// The status that the returned value stands for.
    outcome: Option<u32>,
    enabled: bool,
}

/// What the program said about the request.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) prefix: Option<Text>,
    pub(crate) script_name: Text,
    pub(crate) hostname: Option<Text>,
    pub(crate) server_name: Option<Text>,
    pub(crate) schema: Option<Text>,
    pub(crate) status: Option<u32>,
    pub(crate) document_size: u64,
    pub(crate) memory_peak: Option<u64>,
    pub(crate) memory_footprint: u64,
    pub(crate) request_time: Option<Duration>,
    /// User, system.
    pub(crate) rusage: Option<(Duration, Duration)>,
}

/// The end of a request, or a moment to look at it as if it were that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Instant,
    pub(crate) panicking: bool,
}

impl Moment {
    pub(crate) fn now() -> Self {
        Self { now: Instant::now(), panicking: false }
    }
}

/// Everything a request has measured and been told so far, as [`Current::info`](crate::Current::info)
/// gives it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RequestInfo {
    /// The host that ran the request.
    pub hostname: String,
    /// The server (virtual host) that answered it.
    pub server_name: String,
    /// The name with its prefix.
    pub script_name: String,
    /// Such as `https`; empty unless set.
    pub schema: String,
    /// The status that would be sent if the request ended well now.
    pub status: u32,
    /// Bytes.
    pub document_size: u64,
    /// Bytes.
    pub memory_peak: u64,
    /// Bytes.
    pub memory_footprint: u64,
    /// Time since the start, or what was set instead.
    pub request_time: Duration,
    /// Processor time in user mode.
    pub ru_utime: Duration,
    /// Processor time in the kernel.
    pub ru_stime: Duration,
    /// The request's tags, in order.
    pub tags: Vec<(String, String)>,
    /// In the order in which they were made.
    pub timers: Vec<TimerInfo>,
}

/// A timer in a [`RequestInfo`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TimerInfo {
    /// Its tags, in order.
    pub tags: Vec<(String, String)>,
    /// Time from its start to its end, or until now.
    pub value: Duration,
    /// How many hits the value is the sum of.
    pub hit_count: u32,
    /// Whether it still runs.
    pub running: bool,
}

impl From<TimerView<'_>> for TimerInfo {
    fn from(timer: TimerView<'_>) -> Self {
        let TimerView { hit_count, value, running, tags } = timer;
        Self { tags: owned(tags.iter()), value, hit_count, running }
    }
}

impl Request {
    pub(crate) fn new() -> Self {
        Self {
            mailbox: Mailbox::obtain(),
            open: None,
            tags: PairBuffer::new(),
            timers: Timers::default(),
        }
    }

    /// Opens it. The clock is read last, so that none of this counts.
    pub(crate) fn begin(
        &mut self,
        reporter: Reporter,
        rusage: Option<Rusage>,
        script_name: Text,
        capture: Option<Capture>,
    ) -> RequestId {
        let id = self.mailbox.open();
        let rusage = rusage.unwrap_or(reporter.rusage());
        for (name, value) in reporter.tags().iter() {
            self.tags.push_copy(name, value);
        }
        let usage_at_start = rusage.now();
        self.open = Some(Open {
            id,
            reporter,
            capture,
            rusage,
            usage_at_start,
            told: Told { script_name, ..Told::default() },
            outcome: None,
            enabled: true,
            started: Instant::now(),
        });
        id
    }

    pub(crate) fn is(&self, id: RequestId) -> bool {
        self.open.as_ref().is_some_and(|open| open.id == id)
    }

    pub(crate) fn id(&self) -> Option<RequestId> {
        self.open.as_ref().map(|open| open.id)
    }

    pub(crate) fn timers(&mut self) -> &mut Timers {
        &mut self.timers
    }

    pub(crate) fn elapsed(&self) -> Option<Duration> {
        self.open.as_ref().map(|open| open.started.elapsed())
    }

    pub(crate) fn tell(&mut self, what: impl FnOnce(&mut Told)) {
        if let Some(open) = &mut self.open {
            what(&mut open.told);
        }
    }

    pub(crate) fn set_outcome(&mut self, status: u32) {
        if let Some(open) = &mut self.open {
            open.outcome = Some(status);
        }
    }

    pub(crate) fn set_enabled(&mut self, enabled: bool) {
        if let Some(open) = &mut self.open {
            open.enabled = enabled;
        }
    }

    /// Sets these tags, instead of the values that the tags of the same names had, and `name`.
    pub(crate) fn set_tags(&mut self, name: Option<&str>, tags: TagSet<'_>) {
        for name in name.into_iter().chain(tags.iter().map(|(name, _)| name)) {
            self.tags.remove(name);
        }
        for (name, value) in tags.iter() {
            self.tags.push_copy(name, value);
        }
        self.tags.normalize(&[]);
    }

    pub(crate) fn remove_tag(&mut self, name: &str) {
        self.tags.remove(name);
    }

    pub(crate) fn tags(&self) -> Vec<(String, String)> {
        owned(self.tags.set(&[]).iter())
    }

    /// What came from guards that ended on other threads.
    pub(crate) fn collect_mail(&mut self) {
        if let Some(open) = &self.open {
            open.id.collect(|mail| self.timers.change(mail.timer, mail.change));
        }
    }

    /// Ends the request: encodes and sends it, and forgets everything.
    pub(crate) fn end(&mut self, moment: Moment, encoder: &mut Encoder) {
        let Some(open) = self.open.take() else { return };
        open.id.close(|mail| self.timers.change(mail.timer, mail.change));
        if open.enabled {
            let usage = open.rusage.now();
            let head = head(&open, &self.tags, moment, usage);
            let packet = encoder.encode(&head, self.timers.at(moment.now).map(Into::into));
            match &open.capture {
                Some(capture) => capture.keep(packet),
                None => open.reporter.deliver(packet),
            }
            open.reporter.count_timers(self.timers.dropped(), self.timers.untagged());
        }
        encoder.trim();
        self.tags.clear();
        self.timers.clear();
    }

    /// The bytes that would be sent if the request ended at that moment.
    pub(crate) fn packet(&self, moment: Moment, encoder: &mut Encoder) -> Option<Vec<u8>> {
        let open = self.open.as_ref()?;
        let head = head(open, &self.tags, moment, open.rusage.now());
        Some(encoder.encode(&head, self.timers.at(moment.now).map(Into::into)).to_vec())
    }

    pub(crate) fn info(&self, moment: Moment) -> Option<RequestInfo> {
        let open = self.open.as_ref()?;
        let head = head(open, &self.tags, moment, open.rusage.now());
        let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
        Some(RequestInfo {
            hostname: head.hostname.to_owned(),
            server_name: head.server_name.to_owned(),
            script_name: head.script_name.concat(),
            schema: head.schema.to_owned(),
            status: head.status,
            document_size: head.document_size,
            memory_peak: head.memory_peak,
            memory_footprint: head.memory_footprint,
            request_time: seconds(head.request_time),
            ru_utime: seconds(head.user),
            ru_stime: seconds(head.system),
            tags: owned(head.tags.iter()),
            timers: self.timers.at(moment.now).map(TimerInfo::from).collect(),
        })
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if let Some(open) = &self.open {
            open.id.close(drop);
        }
        self.mailbox.release();
    }
}

/// Everything but the timers: what was told, else what the reporter says, else what was measured.
fn head<'a>(open: &'a Open, tags: &'a PairBuffer, moment: Moment, usage: Usage) -> Packet<'a> {
    let (told, reporter) = (&open.told, &open.reporter);
    let text = |own: &'a Option<Text>, general: Option<&'a str>| own.as_deref().or(general);
    let host = || system::hostname();
    let not_empty = |text: &&str| !text.is_empty();
    let request_time = told.request_time.unwrap_or(moment.now - open.started);
    let (user, system) = told.rusage.unwrap_or_else(|| {
        let start = open.usage_at_start;
        (usage.user.saturating_sub(start.user), usage.system.saturating_sub(start.system))
    });
    Packet {
        hostname: text(&told.hostname, reporter.hostname()).filter(not_empty).unwrap_or_else(host),
        server_name: text(&told.server_name, reporter.server_name())
            .filter(not_empty)
            .unwrap_or_else(host),
        script_name: script_name(
            text(&told.prefix, reporter.prefix()).unwrap_or_default(),
            &told.script_name,
        ),
        request_count: 1,
        document_size: told.document_size,
        memory_peak: told.memory_peak.unwrap_or(usage.memory_peak),
        request_time: request_time.as_secs_f64(),
        user: user.as_secs_f64(),
        system: system.as_secs_f64(),
        status: status(open, moment.panicking).min(NO_STATUS - 1),
        memory_footprint: told.memory_footprint,
        schema: text(&told.schema, reporter.schema()).unwrap_or_default(),
        tags: tags.set(&[]),
    }
}

fn script_name<'a>(prefix: &'a str, name: &'a str) -> [&'a str; 2] {
    if prefix.is_empty() && name.is_empty() { [UNNAMED, ""] } else { [prefix, name] }
}

/// A status set by hand goes before that of the returned value. A panic is a failure whatever was set
/// before it, unless that was a failure of the server (5xx) already.
fn status(open: &Open, panicking: bool) -> u32 {
    let told = open.told.status;
    if panicking {
        told.filter(|status| *status >= 500).unwrap_or(500)
    } else {
        told.or(open.outcome).unwrap_or(200)
    }
}

fn owned<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
