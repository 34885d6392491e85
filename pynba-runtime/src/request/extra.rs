//! What not every request has: what the program said about it, and what is kept for it.

use std::mem;

use super::{End, OK};
use crate::alloc;
use crate::clock::nanos;
use crate::encoder::Packet;
use crate::mailbox::RequestId;
use crate::reporter::Reporter;
use crate::tags::PairBuffer;
use crate::testing::Capture;
use crate::told::Told;

/// `pinba_engine` takes a packet with this status for one without.
const NO_STATUS: u32 = u32::MAX;

/// Stands for a name that is empty: `pinba_engine` keeps such a packet out of its timer reports.
const UNNAMED: &str = "unknown";

/// What not every request has.
#[derive(Debug, Default)]
pub(super) struct Extra {
    pub(super) told: Told,
    /// Request tags, in order.
    pub(super) tags: PairBuffer,
    pub(super) capture: Option<Capture>,
    /// What it has of the heap while it is current nowhere.
    pub(super) heap: Option<alloc::Share>,
    /// The status that the returned value stands for.
    pub(super) outcome: Option<u32>,
    pub(super) is_disabled: bool,
}

impl Extra {
    /// Says it instead of what was measured.
    pub(super) fn say<'a>(&'a self, packet: &mut Packet<'a>, id: RequestId, end: End) {
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

    pub(super) fn take_tags_of(&mut self, reporter: &Reporter) {
        self.tags.clear();
        for (name, value) in reporter.tags().iter() {
            self.tags.push_copy(name, value);
        }
    }

    /// Keeps the memory of the tags.
    #[inline(never)]
    pub(super) fn forget(&mut self) {
        self.tags.clear();
        let tags = mem::take(&mut self.tags);
        *self = Self { tags, ..Self::default() };
    }
}

/// A status set by hand goes before that of the returned value. A panic is a failure whatever was set
/// before it, unless that was a failure of the server (5xx) already; to be given up is one, unless that was
/// a failure (4xx, 5xx) already.
pub(super) fn status(told: Option<u32>, outcome: Option<u32>, end: End) -> u32 {
    match end {
        End::Panicked => told.filter(|status| *status >= 500).unwrap_or(500),
        End::GivenUp => told.filter(|status| *status >= 400).unwrap_or(499),
        End::Returned | End::Unborn => told.or(outcome).unwrap_or(OK),
    }
}
