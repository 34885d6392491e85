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
use crate::{alloc, local, packets};

/// `pinba_engine` takes a packet with this status for one without.
const NO_STATUS: u32 = u32::MAX;

/// The status of a request of which nothing else is known.
const OK: u32 = 200;

/// Stands for a name that is empty: `pinba_engine` keeps such a packet out of its timer reports.
const UNNAMED: &str = "unknown";

/// Its memory is used again by later requests of the thread.
#[derive(Debug)]
pub(crate) struct Request {
    /// None of a request while it is not open.
    id: RequestId,
    open: Option<Open>,
    script: Script,
    timers: Timers,
    clock: CpuClock,
    extra: Extra,
}

/// What each request has.
#[derive(Debug)]
struct Open {
    reporter: Reporter,
    started: Tick,
    rusage: Rusage,
    effort: Effort,
}

/// What there is to do for a request.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Effort {
    /// Its packet says nothing but names that are known beforehand, its time, and timers.
    Plain,
    /// [`Request::extra`] says more.
    More,
    /// There is also something to note whenever it becomes current on a thread, and when it is so no longer.
    Most,
}

/// The name of a request.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) name: Text,
    /// What a packet of that name begins with, see [`Packet::beginning`].
    pub(crate) beginning: Option<&'static [u8]>,
}

impl From<Cow<'static, str>> for Script {
    fn from(name: Cow<'static, str>) -> Self {
        Self { name: name.into(), beginning: None }
    }
}

/// What not every request has.
#[derive(Debug, Default)]
struct Extra {
    told: Told,
    /// Request tags, in order.
    tags: PairBuffer,
    capture: Option<Capture>,
    /// What it has of the heap while it is current nowhere.
    heap: Option<alloc::Share>,
    /// The status that the returned value stands for.
    outcome: Option<u32>,
    is_disabled: bool,
}

/// Counts the processor time.
#[derive(Debug, Default)]
struct CpuClock {
    /// Where it is counted from, and for [`Rusage::Thread`] on which thread.
    at_start: Usage,
    thread: Option<ThreadId>,
    /// Whether the thread's time is counted by somebody else for this request.
    is_counted: bool,
    /// What was used before that, and by handles.
    used: Cpu,
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
            id: Mailbox::obtain().closed(),
            open: None,
            script: Script::default(),
            timers: Timers::from(0),
            clock: CpuClock::default(),
            extra: Extra::default(),
        }
    }

    /// Opens it. The clock does not run yet.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "of two callers, one is to be fast")]
    pub(crate) fn prepare(
        &mut self,
        reporter: Reporter,
        rusage: Option<Rusage>,
        script: Script,
    ) -> RequestId {
        self.id.open();
        let rusage = rusage.unwrap_or(reporter.rusage());
        // An empty name is to be replaced.
        let is_plain = reporter.is_plain() && rusage == Rusage::Off && !script.name.is_empty();
        self.script = script;
        let effort = Effort::Plain;
        self.open = Some(Open { reporter, started: Tick::at(0), rusage, effort });
        if !is_plain {
            self.prepare_more();
        }
        self.id
    }

    #[inline(never)]
    fn prepare_more(&mut self) {
        let Some(open) = &mut self.open else { return };
        self.extra.take_tags_of(&open.reporter);
        if open.reporter.timer_rusage() {
            self.timers.measure(open.rusage);
        }
        let by_thread = open.rusage == Rusage::Thread;
        open.at_least(if by_thread { Effort::Most } else { Effort::More });
    }

    /// To change it: most requests need not look at it in the end.
    fn extra(&mut self) -> Option<&mut Extra> {
        self.open.as_mut()?.at_least(Effort::More);
        Some(&mut self.extra)
    }

    /// Keeps its packets there instead of sending them.
    pub(crate) fn capture(&mut self, capture: Option<Capture>) {
        // To most requests it is nothing new that there is none.
        let is_news = capture.is_some() || self.extra.capture.is_some();
        if is_news && let Some(extra) = self.extra() {
            extra.capture = capture;
        }
    }

    /// Begins to measure a plain request on this thread. `false` where there is more to do than to note the time.
    #[inline]
    pub(crate) fn begin_plain(&mut self) -> bool {
        match &mut self.open {
            Some(open) if open.effort == Effort::Plain && alloc::Share::first().is_none() => {
                open.started = Tick::first();
                true
            }
            _ => false,
        }
    }

    /// Begins to measure, from nothing. The clock is read last, so that none of this counts.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "of two callers, one is to be fast")]
    pub(crate) fn begin(&mut self) {
        if let Some(heap) = alloc::Share::first() {
            self.keep_heap(heap);
        }
        let Some(open) = &mut self.open else { return };
        if open.rusage != Rusage::Off {
            self.clock.begin(open.rusage);
        }
        open.started = Tick::first();
    }

    /// It becomes current on this thread, whose processor time is its own unless that is counted already.
    #[inline]
    pub(crate) fn resume(&mut self, is_counted: bool) {
        let Some(open) = &self.open else { return };
        if open.rusage == Rusage::Thread {
            self.clock.resume(is_counted);
        }
        if open.effort == Effort::Most
            && let Some(heap) = self.extra.heap.take()
        {
            alloc::resume(self.id, heap);
        }
    }

    /// Whether there is nothing to note when it becomes current on a thread, nor when it is so no longer.
    #[inline]
    pub(crate) fn is_light(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.effort != Effort::Most)
    }

    /// It is current nowhere for a while.
    #[inline]
    pub(crate) fn suspend(&mut self) {
        let Some(open) = &mut self.open else { return };
        if open.rusage == Rusage::Thread {
            self.clock.suspend();
        }
        if let Some(heap) = alloc::suspend(self.id) {
            self.keep_heap(heap);
        }
    }

    fn keep_heap(&mut self, heap: alloc::Share) {
        if let Some(open) = &mut self.open {
            open.at_least(Effort::Most);
            self.extra.heap = Some(heap);
        }
    }

    #[inline]
    pub(crate) fn is(&self, id: RequestId) -> bool {
        self.id == id
    }

    /// That of one which is open.
    #[inline]
    pub(crate) fn open_id(&self) -> RequestId {
        debug_assert!(self.open.is_some());
        self.id
    }

    #[inline]
    pub(crate) fn id(&self) -> Option<RequestId> {
        self.open.as_ref().map(|_| self.id)
    }

    #[inline]
    pub(crate) fn timers(&mut self) -> &mut Timers {
        &mut self.timers
    }

    pub(crate) fn elapsed(&self) -> Option<Duration> {
        self.open.as_ref().map(|open| open.started.elapsed())
    }

    /// The time that was set.
    pub(crate) fn told_time(&self) -> Option<Duration> {
        self.open.as_ref().and(self.extra.told.request_time)
    }

    /// Stops the clocks: what comes until the end does not count.
    pub(crate) fn stop(&mut self) {
        self.stop_timers(Tick::now());
        let Some(packet) = self.summary(Moment::now()) else { return };
        let [time, user, system] =
            [packet.request_time, packet.user, packet.system].map(Duration::from_nanos);
        self.tell(|told| {
            told.request_time = Some(time);
            told.rusage = Some((user, system));
        });
    }

    pub(crate) fn tell(&mut self, what: impl FnOnce(&mut Told)) {
        if let Some(extra) = self.extra() {
            what(&mut extra.told);
        }
    }

    pub(crate) fn set_script_name(&mut self, name: Cow<'static, str>) {
        self.script = name.into();
        self.extra();
    }

    pub(crate) fn set_outcome(&mut self, status: u32) {
        if let Some(extra) = self.extra() {
            extra.outcome = Some(status);
        }
    }

    pub(crate) fn set_enabled(&mut self, enabled: bool) {
        if let Some(extra) = self.extra() {
            extra.is_disabled = !enabled;
        }
    }

    /// Sets these tags, instead of the values that the tags of the same names had, and `name`.
    pub(crate) fn set_tags(&mut self, name: Option<&str>, tags: TagSet<'_>) {
        if let Some(extra) = self.extra() {
            extra.tags.replace(name, tags);
        }
    }

    pub(crate) fn remove_tag(&mut self, name: &str) {
        self.extra.tags.remove(name);
    }

    pub(crate) fn tags(&self) -> Vec<(String, String)> {
        self.extra.tags.set(None).to_vec()
    }

    /// Carries it to other threads.
    pub(crate) fn handle(&self) -> Option<Handle> {
        let Open { reporter, rusage, .. } = self.open.as_ref()?;
        Some(Handle::new(self.id, reporter.clone(), *rusage))
    }

    /// On which thread it counts the processor time at present, if it counts that of threads.
    pub(crate) fn thread(&self) -> Option<ThreadId> {
        self.open.as_ref().filter(|open| open.rusage == Rusage::Thread).and(self.clock.thread)
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
        if refused > 0 {
            self.timers.lose().changes += refused;
        }
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
        self.clock.used += mem::take(&mut shared.cpu);
    }

    /// Stops every timer that runs, wherever it was made.
    pub(crate) fn stop_timers(&mut self, now: Tick) {
        self.collect_mail();
        self.timers.stop(now);
        if let Some(id) = self.id() {
            id.joined(|shared| shared.timers.stop(now));
        }
    }

    /// Ends the request: sends it [quietly](local::Quiet) and forgets everything.
    #[inline]
    pub(crate) fn end(&mut self, id: RequestId, end: End, encoder: &mut Encoder) {
        let now = Tick::now();
        id.close(|shared| self.take_last(shared));
        match &self.open {
            Some(open) if open.effort == Effort::Plain && end == End::Returned => {
                open.send_plain(&self.script, &mut self.timers, now, encoder);
                encoder.trim();
            }
            _ => self.send_last(id, Moment { now, end }, encoder),
        }
        self.timers.clear();
        self.open = None;
        self.id.forget();
    }

    #[inline(never)]
    fn send_last(&mut self, id: RequestId, moment: Moment, encoder: &mut Encoder) {
        if moment.end == End::Unborn {
            self.timers.take_losses();
        } else {
            self.send(None, moment, encoder);
        }
        encoder.trim();
        alloc::end(id);
        self.timers.measure(Rusage::Off);
        self.extra.forget();
    }

    /// [`end`](Self::end) where it need not be fast.
    #[inline(never)]
    pub(crate) fn end_in_any_case(&mut self, end: End, encoder: &mut Encoder) {
        if let Some(id) = self.id() {
            self.end(id, end, encoder);
        }
    }

    /// What has come from elsewhere; what runs there still is lost.
    #[cold]
    fn take_last(&mut self, shared: &mut Shared) {
        self.read(shared);
        self.timers.absorb(&mut shared.timers, Late::IsLost);
        self.take_cpu_of(shared);
    }

    /// Sends the request as it is now, and begins it anew.
    pub(crate) fn flush(&mut self, options: &FlushOptions, encoder: &mut Encoder) -> Option<Error> {
        let moment = Moment::now();
        if !options.only_stopped {
            self.stop_timers(moment.now);
        }
        self.collect();
        self.timers.put_aside();
        let script = options.script_name.clone().map(Script::from);
        if script.is_some() {
            self.extra();
        }
        let sent = self.send(script.as_ref(), moment, encoder);
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

    fn restart(&mut self, reset: bool) {
        if reset && let Some(reporter) = self.open.as_ref().map(|open| open.reporter.clone()) {
            self.extra.take_tags_of(&reporter);
        }
        let told = &mut self.extra.told;
        told.request_time = None;
        told.rusage = None;
        if reset {
            told.document_size = 0;
            told.memory_peak = None;
            told.memory_footprint = 0;
        }
        let is_counted = self.clock.is_counted;
        self.begin();
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
        let head = self.summary(moment)?;
        let mut timers = self.all_timers().into_owned();
        timers.stop(moment.now);
        let mut first = None;
        packets::each(encoder, &head, &mut timers, moment.now, open.reporter.limits(), |packet| {
            if let Ok(packet) = packet {
                first.get_or_insert_with(|| packet.to_vec());
            }
        });
        first
    }

    pub(crate) fn info(&self, moment: Moment) -> Option<RequestInfo> {
        let summary = self.summary(moment)?;
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

    /// Sends the packets of the request, if it is enabled and in the sample, and counts what it lost. Gives the last
    /// failure.
    fn send(
        &mut self,
        script: Option<&Script>,
        moment: Moment,
        encoder: &mut Encoder,
    ) -> Option<Error> {
        let Self { open: Some(open), timers, clock, extra, .. } = self else { return None };
        let script = script.unwrap_or(&self.script);
        let mut head = open.summary(script, clock, moment);
        extra.say(&mut head, self.id, moment.end);
        let capture = extra.capture.as_ref();
        // A test wants to see each of its requests.
        let is_sent = !extra.is_disabled
            && (capture.is_some() || open.reporter.samples(head.status, head.request_time));
        let failed =
            if is_sent { open.give(&head, timers, moment.now, encoder, capture) } else { None };
        timers.lose().tags += extra.tags.take_lost();
        open.count_losses(timers);
        failed
    }

    fn summary(&self, moment: Moment) -> Option<Packet<'_>> {
        let open = self.open.as_ref()?;
        let mut summary = open.summary(&self.script, &self.clock, moment);
        self.extra.say(&mut summary, self.id, moment.end);
        Some(summary)
    }
}

impl Open {
    fn at_least(&mut self, effort: Effort) {
        self.effort = self.effort.max(effort);
    }

    /// Everything but the timers, as the reporter says it or as it was measured.
    fn summary<'a>(&'a self, script: &'a Script, clock: &CpuClock, moment: Moment) -> Packet<'a> {
        let (cpu, memory_peak) = clock.read(self.rusage);
        Packet {
            memory_peak,
            user: nanos(cpu.user),
            system: nanos(cpu.system),
            status: status(None, None, moment.end),
            schema: &self.reporter.names().schema,
            timer_rusage: self.reporter.timer_rusage(),
            ..self.plain(script, moment.now)
        }
    }

    /// All that a plain request says, but its timers.
    #[inline]
    fn plain<'a>(&'a self, script: &'a Script, now: Tick) -> Packet<'a> {
        Packet {
            names: self.reporter.names(),
            told: None,
            script_name: &script.name,
            beginning: script.beginning,
            request_count: 1,
            document_size: 0,
            memory_peak: 0,
            request_time: now.nanos_since(self.started),
            user: 0,
            system: 0,
            status: OK,
            memory_footprint: 0,
            schema: "",
            tags: TagSet::EMPTY,
            timer_rusage: false,
            max_word: MAX_WORD,
        }
    }

    /// Sends it if one packet is enough for a plain request, which is the way that most requests take. The
    /// compiler knows what is not in that packet, as long as nobody gets a reference to it.
    #[inline]
    fn send_plain(&self, script: &Script, timers: &mut Timers, now: Tick, encoder: &mut Encoder) {
        let count = timers.len();
        let timers_now = (count > 0).then(|| timers.view(0..count, now));
        let packet = encoder.encode(&self.plain(script, now), timers_now);
        if packet.len() <= self.reporter.limits().max_datagram {
            self.reporter.deliver(packet, None, |_| ());
        } else {
            self.give_plain(script, timers, now, encoder);
        }
        if timers.may_have_lost() {
            self.count_losses(timers);
        }
    }

    #[cold]
    #[inline(never)]
    fn give_plain(&self, script: &Script, timers: &mut Timers, now: Tick, encoder: &mut Encoder) {
        self.give(&self.plain(script, now), timers, now, encoder, None);
    }

    #[cold]
    #[inline(never)]
    fn count_losses(&self, timers: &mut Timers) {
        let losses = timers.take_losses();
        if losses != Losses::NONE {
            self.reporter.counters().left_out(losses);
        }
    }

    /// Delivers as many packets as it takes. Gives the last failure.
    #[inline(never)]
    fn give(
        &self,
        head: &Packet<'_>,
        timers: &mut Timers,
        now: Tick,
        encoder: &mut Encoder,
        capture: Option<&Capture>,
    ) -> Option<Error> {
        let (reporter, mut failed) = (&self.reporter, None);
        let _quiet = local::Quiet::begin();
        packets::each(encoder, head, timers, now, reporter.limits(), |packet| match packet {
            Ok(packet) => reporter.deliver(packet, capture, |error| failed = Some(error)),
            Err(size) => failed = Some(reporter.lose_too_large(size)),
        });
        failed
    }
}

impl Extra {
    /// Says it instead of what was measured.
    fn say<'a>(&'a self, packet: &mut Packet<'a>, id: RequestId, end: End) {
        let Self { told, heap, outcome, .. } = self;
        let of_heap = heap.map_or_else(|| alloc::peak(id), alloc::Share::peak);
        packet.told = Some(told);
        packet.schema = told.schema.as_deref().unwrap_or(packet.schema);
        packet.tags = self.tags.set(None);
        packet.status = status(told.status, *outcome, end).min(NO_STATUS - 1);
        packet.document_size = told.document_size;
        packet.memory_peak = told.memory_peak.or(of_heap).unwrap_or(packet.memory_peak);
        packet.memory_footprint = told.memory_footprint;
        packet.request_time = told.request_time.map_or(packet.request_time, nanos);
        if let Some((user, system)) = told.rusage {
            (packet.user, packet.system) = (nanos(user), nanos(system));
        }
        if packet.script_name() == ["", ""] {
            packet.script_name = UNNAMED;
        }
    }

    fn take_tags_of(&mut self, reporter: &Reporter) {
        self.tags.clear();
        for (name, value) in reporter.tags().iter() {
            self.tags.push_copy(name, value);
        }
    }

    /// Keeps the memory of the tags.
    #[inline(never)]
    fn forget(&mut self) {
        self.tags.clear();
        let tags = mem::take(&mut self.tags);
        *self = Self { tags, ..Self::default() };
    }
}

/// A status set by hand goes before that of the returned value. A panic is a failure whatever was set
/// before it, unless that was a failure of the server (5xx) already; to be given up is one, unless that was
/// a failure (4xx, 5xx) already.
#[inline]
fn status(told: Option<u32>, outcome: Option<u32>, end: End) -> u32 {
    match end {
        End::Panicked => told.filter(|status| *status >= 500).unwrap_or(500),
        End::GivenUp => told.filter(|status| *status >= 400).unwrap_or(499),
        End::Returned | End::Unborn => told.or(outcome).unwrap_or(OK),
    }
}

impl CpuClock {
    fn begin(&mut self, rusage: Rusage) {
        *self = Self::default();
        if rusage == Rusage::Process {
            self.at_start = rusage.now();
        }
    }

    /// From now on this thread's time counts, unless it does already.
    fn resume(&mut self, is_counted: bool) {
        self.is_counted = is_counted;
        if !is_counted {
            self.thread = Some(thread::current().id());
            self.at_start = Rusage::Thread.now();
        }
    }

    fn suspend(&mut self) {
        self.used = self.read(Rusage::Thread).0;
        self.thread = None;
    }

    /// What was used until now, and the process's largest resident set.
    #[inline(never)]
    fn read(&self, rusage: Rusage) -> (Cpu, u64) {
        if rusage == Rusage::Off {
            return (Cpu::default(), 0);
        }
        // One thread's clock tells nothing about another: a `ScriptMonitor` may have moved.
        let is_here = rusage == Rusage::Process || self.thread == Some(thread::current().id());
        let now = rusage.now();
        let used = if is_here { self.used.plus(now.since(self.at_start)) } else { self.used };
        (used, now.memory_peak)
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if self.open.is_some() {
            self.id.close(|_| ());
            alloc::end(self.id);
        }
        self.id.release();
    }
}
