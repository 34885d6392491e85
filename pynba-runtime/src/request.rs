//! An open request: what it has measured and been told so far.

use std::borrow::Cow;
use std::mem;
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::Error;
use crate::clock::{Tick, nanos};
use crate::encoder::{Encoder, Packet};
use crate::flush::FlushOptions;
use crate::handle::Handle;
use crate::info::RequestInfo;
use crate::losses::Losses;
use crate::mailbox::{Mail, Mailbox, RequestId, Shared};
use crate::reporter::Reporter;
use crate::system::{Cpu, Rusage, Usage};
use crate::tags::{MAX_WORD, PairBuffer, TagSet};
use crate::testing::Capture;
use crate::text::Text;
use crate::timers::{Late, Timers};
use crate::told::Told;
use crate::{alloc, foreign, local, packets};

/// `pinba_engine` takes a packet with this status for one without.
const NO_STATUS: u32 = u32::MAX;

/// Stands for a name that is empty: `pinba_engine` keeps such a packet out of its timer reports.
const UNNAMED: &str = "unknown";

/// Its memory is used again by later requests of the thread.
#[derive(Debug)]
pub(crate) struct Request {
    mailbox: &'static Mailbox,
    open: Option<Open>,
    told: Told,
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
    started: Tick,
    /// Where the processor time is counted from, and for [`Rusage::Thread`] on which thread.
    usage_at_start: Usage,
    thread: Option<ThreadId>,
    /// Whether the thread's time is counted by somebody else for this request.
    is_counted: bool,
    /// What was used before that, and by handles.
    used: Cpu,
    /// What it has of the heap while it is current nowhere.
    heap: Option<alloc::Share>,
    /// Whether the program said anything about it but its name.
    is_told: bool,
    /// The status that the returned value stands for.
    outcome: Option<u32>,
    enabled: bool,
}

/// How a request comes to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    Returned,
    Panicked,
    /// Dropped before its work was done.
    GivenUp,
    /// Dropped before it began: there is nothing to tell.
    Unborn,
}

/// The end of a request, or a moment to look at it as if it were that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Tick,
    pub(crate) end: End,
}

impl Moment {
    pub(crate) fn now() -> Self {
        Self { now: Tick::now(), end: End::Returned }
    }
}

impl Request {
    pub(crate) fn new() -> Self {
        Self {
            mailbox: Mailbox::obtain(),
            open: None,
            told: Told::default(),
            tags: PairBuffer::new(),
            timers: Timers::from(0),
        }
    }

    /// Opens it. The clock does not run yet.
    pub(crate) fn prepare(
        &mut self,
        reporter: Reporter,
        rusage: Option<Rusage>,
        script_name: Text,
    ) -> RequestId {
        let id = self.mailbox.open();
        let rusage = rusage.unwrap_or(reporter.rusage());
        if reporter.tags().len() > 0 {
            self.take_tags_of(&reporter);
        }
        self.timers.measure(if reporter.timer_rusage() { rusage } else { Rusage::Off });
        self.told.script_name = script_name;
        self.open = Some(Open {
            id,
            reporter,
            capture: None,
            rusage,
            usage_at_start: Usage::default(),
            thread: None,
            is_counted: false,
            used: Cpu::default(),
            heap: None,
            is_told: false,
            outcome: None,
            enabled: true,
            started: Tick::at(0),
        });
        id
    }

    /// Keeps its packets there instead of sending them.
    pub(crate) fn capture(&mut self, capture: Option<Capture>) {
        if let Some(open) = &mut self.open {
            open.capture = capture;
        }
    }

    /// Begins to measure, from nothing. The clock is read last, so that none of this counts.
    pub(crate) fn begin(&mut self) {
        if let Some(open) = &mut self.open {
            open.used = Cpu::default();
            open.heap = Some(alloc::Share::default());
            if open.rusage == Rusage::Process {
                open.usage_at_start = open.rusage.now();
            }
            open.started = Tick::first();
        }
    }

    /// It becomes current on this thread, whose processor time is its own unless that is counted already.
    pub(crate) fn resume(&mut self, is_counted: bool) {
        if let Some(open) = &mut self.open {
            open.is_counted = is_counted;
            if open.rusage == Rusage::Thread && !is_counted {
                open.thread = Some(thread::current().id());
                open.usage_at_start = open.rusage.now();
            }
            if let Some(heap) = open.heap.take() {
                alloc::resume(open.id, heap);
            }
        }
    }

    /// It is current nowhere for a while.
    pub(crate) fn suspend(&mut self) {
        if let Some(open) = &mut self.open {
            if open.rusage == Rusage::Thread {
                open.used = open.cpu(open.rusage.now());
                open.thread = None;
            }
            open.heap = alloc::suspend(open.id);
        }
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

    /// The time that was set.
    pub(crate) fn told_time(&self) -> Option<Duration> {
        self.open.as_ref().and(self.told.request_time)
    }

    /// Stops the clocks: what comes until the end does not count.
    pub(crate) fn stop(&mut self) {
        self.stop_timers(Tick::now());
        let Some(packet) = self.summary(None, Moment::now()) else { return };
        let [time, user, system] =
            [packet.request_time, packet.user, packet.system].map(Duration::from_nanos);
        self.tell(|told| {
            told.request_time = Some(time);
            told.rusage = Some((user, system));
        });
    }

    pub(crate) fn tell(&mut self, what: impl FnOnce(&mut Told)) {
        if let Some(open) = &mut self.open {
            open.is_told = true;
            what(&mut self.told);
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
        self.tags.replace(name, tags);
    }

    pub(crate) fn remove_tag(&mut self, name: &str) {
        self.tags.remove(name);
    }

    pub(crate) fn tags(&self) -> Vec<(String, String)> {
        self.tags.set(None).to_vec()
    }

    /// Carries it to other threads.
    pub(crate) fn handle(&self) -> Option<Handle> {
        let Open { id, reporter, rusage, .. } = self.open.as_ref()?;
        Some(Handle::new(*id, reporter.clone(), *rusage))
    }

    /// On which thread it counts the processor time at present, if it counts that of threads.
    pub(crate) fn thread(&self) -> Option<ThreadId> {
        self.open.as_ref()?.thread
    }

    /// Whether something was said or measured elsewhere since it was last sent. That a timer ended which was sent
    /// already is no news.
    pub(crate) fn has_news(&mut self) -> bool {
        let Some(id) = self.id() else { return false };
        let mut news = false;
        id.collect(|shared| news = self.read(shared));
        id.joined(|shared| news |= shared.timers.has_measured() || shared.cpu != Cpu::default());
        news
    }

    /// What was said elsewhere.
    #[inline]
    pub(crate) fn collect_mail(&mut self) {
        if let Some(id) = self.id() {
            id.collect(|shared| _ = self.read(shared));
        }
    }

    /// Whether that changed anything.
    fn read(&mut self, shared: &mut Shared) -> bool {
        let (mail, refused) = shared.take_mail();
        let mut changed = refused > 0;
        for mail in mail {
            changed |= match mail {
                Mail::Timer { number, change } => self.timers.change_from_elsewhere(number, change),
                Mail::Told(_, told) => {
                    told(self);
                    true
                }
            };
        }
        self.timers.losses().changes += refused;
        changed
    }

    /// What was said and measured elsewhere, as far as it has stopped.
    pub(crate) fn collect(&mut self) {
        self.collect_mail();
        if let Some(id) = self.id() {
            id.joined(|shared| {
                shared.timers.put_aside();
                self.timers.absorb(&mut shared.timers, Late::Runs);
                shared.timers.take_back();
                self.take_cpu_of(shared);
            });
        }
    }

    fn take_cpu_of(&mut self, shared: &mut Shared) {
        if let Some(open) = &mut self.open {
            open.used += mem::take(&mut shared.cpu);
        }
    }

    /// Stops every timer that runs, wherever it was made.
    pub(crate) fn stop_timers(&mut self, now: Tick) {
        self.collect_mail();
        self.timers.stop(now);
        if let Some(id) = self.id() {
            id.joined(|shared| shared.timers.stop(now));
        }
    }

    /// Ends the request: sends it and forgets everything.
    pub(crate) fn end(&mut self, end: End, encoder: &mut Encoder) {
        let now = Tick::now();
        let Some(id) = self.id() else { return };
        id.close(|shared| {
            self.read(shared);
            self.timers.absorb(&mut shared.timers, Late::IsLost);
            self.take_cpu_of(shared);
        });
        if end != End::Unborn {
            let _ = self.send(None, Moment { now, end }, encoder);
            encoder.trim();
        }
        alloc::end(id);
        self.tags.clear();
        self.timers.clear();
        let open = self.open.take();
        if open.as_ref().is_some_and(|open| open.is_told) {
            self.told = Told::default();
        }
        // With the last clone of a reporter goes its transport, which is foreign code.
        foreign::run(|| drop(open));
    }

    /// Sends the request as it is now, and begins it anew.
    pub(crate) fn flush(
        &mut self,
        options: &FlushOptions,
        encoder: &mut Encoder,
    ) -> Result<(), Error> {
        let moment = Moment::now();
        if !options.only_stopped {
            self.stop_timers(moment.now);
        }
        self.collect();
        self.timers.put_aside();
        let name = options.script_name.clone().map(Text::from);
        let sent = self.send(name.as_ref(), moment, encoder);
        self.timers.take_back();
        encoder.trim();
        self.restart(options.reset);
        sent
    }

    /// Forgets everything measured so far.
    pub(crate) fn reset(&mut self) {
        self.stop_timers(Tick::now());
        self.collect();
        self.timers.put_aside();
        self.timers.take_back();
        self.timers.take_losses();
        self.restart(true);
    }

    fn take_tags_of(&mut self, reporter: &Reporter) {
        self.tags.clear();
        for (name, value) in reporter.tags().iter() {
            self.tags.push_copy(name, value);
        }
    }

    fn restart(&mut self, reset: bool) {
        if reset && let Some(reporter) = self.open.as_ref().map(|open| open.reporter.clone()) {
            self.take_tags_of(&reporter);
        }
        self.told.request_time = None;
        self.told.rusage = None;
        if reset {
            self.told.document_size = 0;
            self.told.memory_peak = None;
            self.told.memory_footprint = 0;
        }
        self.begin();
        let is_counted = self.open.as_ref().is_some_and(|open| open.is_counted);
        self.resume(is_counted);
    }

    /// Whether the processor time of each thread counts.
    pub(crate) fn counts_threads(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.rusage == Rusage::Thread)
    }

    /// The bytes that would be sent if the request ended at that moment: the first packet, if it takes
    /// several.
    pub(crate) fn packet(&self, moment: Moment, encoder: &mut Encoder) -> Option<Vec<u8>> {
        let open = self.open.as_ref()?;
        let head = self.summary(None, moment)?;
        let mut timers = self.all_timers().into_owned();
        timers.stop(moment.now);
        let mut first = None;
        let keep = |packet: Result<&[u8], usize>| {
            if let Ok(packet) = packet {
                first.get_or_insert_with(|| packet.to_vec());
            }
        };
        packets::each(encoder, &head, &mut timers, moment.now, open.reporter.limits(), keep);
        first
    }

    pub(crate) fn info(&self, moment: Moment) -> Option<RequestInfo> {
        let summary = self.summary(None, moment)?;
        let timers = self.all_timers();
        Some(RequestInfo::new(&summary, timers.view(0..timers.len(), moment.now)))
    }

    /// Its timers with those of its handles, which stay where they are.
    fn all_timers(&self) -> Cow<'_, Timers> {
        let mut timers = Cow::Borrowed(&self.timers);
        if let Some(id) = self.id() {
            id.joined(|shared| {
                timers.to_mut().absorb(&mut shared.timers.clone(), Late::Runs);
            });
        }
        timers
    }

    /// Sends the packets of the request, if it is enabled and in the sample, and counts what it lost.
    fn send(
        &mut self,
        script_name: Option<&Text>,
        moment: Moment,
        encoder: &mut Encoder,
    ) -> Result<(), Error> {
        let Self { open: Some(open), told, tags, timers, .. } = self else { return Ok(()) };
        let head = open.summary(told, tags, script_name, moment);
        let (reporter, capture) = (&open.reporter, open.capture.as_ref());
        let mut failed = None;
        let give = |packet: Result<&[u8], usize>| {
            let sent = match packet {
                Ok(packet) => reporter.deliver(packet, capture),
                Err(size) => Err(reporter.lose_too_large(size)),
            };
            if let Err(error) = sent {
                failed = Some(error);
            }
        };
        // A test wants to see each of its requests.
        if open.enabled && (capture.is_some() || reporter.samples(&head)) {
            let limits = reporter.limits();
            local::quietly(|| {
                packets::each(encoder, &head, timers, moment.now, limits, give);
            });
        }
        let mut losses = timers.take_losses();
        losses.tags += tags.take_lost();
        if losses != Losses::NONE {
            reporter.counters().left_out(losses);
        }
        failed.map_or(Ok(()), Err)
    }

    fn summary<'a>(&'a self, script_name: Option<&'a Text>, moment: Moment) -> Option<Packet<'a>> {
        let open = self.open.as_ref()?;
        Some(open.summary(&self.told, &self.tags, script_name, moment))
    }
}

impl Open {
    /// Everything but the timers: what was told, else what the reporter says, else what was measured.
    fn summary<'a>(
        &'a self,
        told: &'a Told,
        tags: &'a PairBuffer,
        script_name: Option<&'a Text>,
        moment: Moment,
    ) -> Packet<'a> {
        let reporter = &self.reporter;
        let [mut user, mut system, mut memory_peak] = [0; 3];
        if self.rusage != Rusage::Off {
            let usage = self.rusage.now();
            let cpu = self.cpu(usage);
            (user, system) = (nanos(cpu.user), nanos(cpu.system));
            memory_peak = usage.memory_peak;
        } else if self.used != Cpu::default() {
            (user, system) = (nanos(self.used.user), nanos(self.used.system));
        }
        let of_heap = self.heap.map_or_else(|| alloc::peak(self.id), alloc::Share::peak);
        let name = script_name.unwrap_or(&told.script_name);
        let mut packet = Packet {
            hostname: reporter.hostname(),
            server_name: reporter.server_name(),
            hosts: Some(reporter.hosts()),
            script_name: [reporter.prefix(), name],
            request_count: 1,
            schema: reporter.schema(),
            status: self.status(told.status, moment.end).min(NO_STATUS - 1),
            document_size: 0,
            memory_peak: of_heap.unwrap_or(memory_peak),
            memory_footprint: 0,
            request_time: moment.now.nanos_since(self.started),
            user,
            system,
            tags: tags.set(None),
            timer_rusage: reporter.timer_rusage(),
            max_word: MAX_WORD,
        };
        if self.is_told {
            told.say(&mut packet);
        }
        if packet.script_name == ["", ""] {
            packet.script_name = [UNNAMED, ""];
        }
        packet
    }

    /// What it has used, when `usage` is that of this moment.
    fn cpu(&self, usage: Usage) -> Cpu {
        // One thread's clock tells nothing about another: a `ScriptMonitor` may have moved.
        let here = match self.rusage {
            Rusage::Thread => self.thread == Some(thread::current().id()),
            Rusage::Process => true,
            Rusage::Off => false,
        };
        if here { self.used.plus(usage.since(self.usage_at_start)) } else { self.used }
    }

    /// A status set by hand goes before that of the returned value. A panic is a failure whatever was set
    /// before it, unless that was a failure of the server (5xx) already; to be given up is one, unless that was
    /// a failure (4xx, 5xx) already.
    fn status(&self, told: Option<u32>, end: End) -> u32 {
        match end {
            End::Panicked => told.filter(|status| *status >= 500).unwrap_or(500),
            End::GivenUp => told.filter(|status| *status >= 400).unwrap_or(499),
            End::Returned | End::Unborn => told.or(self.outcome).unwrap_or(200),
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if let Some(open) = &self.open {
            open.id.close(|_| ());
            alloc::end(open.id);
        }
        self.mailbox.release();
    }
}
