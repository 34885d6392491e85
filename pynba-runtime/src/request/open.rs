//! What each open request has, and how it is sent.

use super::cpu_clock::CpuClock;
use super::extra::status;
use super::{Moment, OK, Script};
use crate::Error;
use crate::clock::{Tick, nanos};
use crate::encoder::{Encoder, Packet};
use crate::losses::Losses;
use crate::reporter::Reporter;
use crate::system::Rusage;
use crate::tags::{MAX_WORD, TagSet};
use crate::testing::Capture;
use crate::timers::Timers;
use crate::{local, packets};

/// What each request has.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) reporter: Reporter,
    pub(super) started: Tick,
    pub(super) rusage: Rusage,
    pub(super) effort: Effort,
}

/// What there is to do for a request.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Effort {
    /// Its packet says nothing but names that are known beforehand, its time, and timers.
    Plain,
    /// [`Extra`](super::Extra) says more.
    More,
    /// There is also something to note whenever it becomes current on a thread, and when it is so no longer.
    Most,
}

impl Open {
    pub(super) fn at_least(&mut self, effort: Effort) {
        self.effort = self.effort.max(effort);
    }

    /// Everything but the timers, as the reporter says it or as it was measured.
    pub(super) fn summary<'a>(
        &'a self,
        script: &'a Script,
        clock: &CpuClock,
        moment: Moment,
    ) -> Packet<'a> {
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
    pub(super) fn send_plain(
        &self,
        script: &Script,
        timers: &mut Timers,
        now: Tick,
        encoder: &mut Encoder,
    ) {
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
    pub(super) fn count_losses(&self, timers: &mut Timers) {
        let losses = timers.take_losses();
        if losses != Losses::NONE {
            self.reporter.counters().left_out(losses);
        }
    }

    /// Delivers as many packets as it takes. Gives the last failure.
    #[inline(never)]
    pub(super) fn give(
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
