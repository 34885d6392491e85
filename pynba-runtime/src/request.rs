//! An open request: what it has measured and been told so far.

mod cpu_clock;
mod extra;
mod open;

use std::borrow::Cow;
use std::mem;
use std::thread::ThreadId;
use std::time::Duration;

use self::cpu_clock::CpuClock;
use self::extra::Extra;
use self::open::{Effort, Open};
use crate::Error;
use crate::clock::Tick;
use crate::encoder::{Encoder, Packet};
use crate::flush::FlushOptions;
use crate::handle::Handle;
use crate::info::RequestInfo;
use crate::mailbox::{Mail, Mailbox, RequestId, Shared};
use crate::reporter::Reporter;
use crate::system::{Cpu, Rusage};
use crate::tags::TagSet;
use crate::testing::Capture;
use crate::text::Text;
use crate::timers::{Late, Timers};
use crate::told::Told;
use crate::{alloc, packets};

/// The status of a request of which nothing else is known.
const OK: u32 = 200;

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

    /// Ends the request: sends it [quietly](crate::local::Quiet) and forgets everything.
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

impl Drop for Request {
    fn drop(&mut self) {
        if self.open.is_some() {
            self.id.close(|_| ());
            alloc::end(self.id);
        }
        self.id.release();
    }
}
