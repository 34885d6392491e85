//! What a span keeps of each layer, in its extensions.
//!
//! Those belong to the span, not to a layer: two layers in one subscriber find each other's there, and a layer
//! that was put in another one's place (by `reload`) finds what that one has left.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

use pynba_runtime::{Current, TimerGuard};

use crate::request::SpanRequest;
use crate::timer::Measured;

/// What a span is to a layer.
#[derive(Debug)]
pub(crate) enum State {
    /// A timer that runs from the span's beginning to its end. The request stops it if that ends first.
    Running(TimerGuard, Current),
    /// A timer that the request knows only when the span has ended.
    Measured(Measured),
    Request(Box<SpanRequest>),
}

/// A span's states, most often one.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    first: Option<Slot>,
    more: Vec<Slot>,
}

#[derive(Debug)]
struct Slot {
    layer: u64,
    state: State,
}

impl State {
    pub(crate) fn request(&self) -> Current {
        match self {
            Self::Running(_, request) => *request,
            Self::Measured(timer) => timer.request(),
            Self::Request(request) => request.current(),
        }
    }

    /// Sets a tag of a timer, instead of the values that it had.
    pub(crate) fn tag(&mut self, name: &'static str, value: &str) {
        match self {
            Self::Running(guard, _) => guard.tag(name, value),
            Self::Measured(timer) => timer.tag(name, value),
            Self::Request(_) => {}
        }
    }

    /// A request was told its status.
    pub(crate) fn has_status(&mut self) {
        if let Self::Request(request) = self {
            request.set_status_due(false);
        }
    }

    pub(crate) fn enter(&mut self) {
        match self {
            Self::Running(..) => {}
            Self::Measured(timer) => timer.enter(),
            Self::Request(request) => request.enter(),
        }
    }

    pub(crate) fn exit(&mut self) {
        match self {
            Self::Running(..) => {}
            Self::Measured(timer) => timer.exit(),
            Self::Request(request) => request.exit(),
        }
    }
}

impl Slots {
    pub(crate) fn put(&mut self, layer: &LayerId, state: State) {
        let slot = Slot { layer: layer.0, state };
        match self.first {
            None => self.first = Some(slot),
            Some(_) => self.more.push(slot),
        }
    }

    /// Those of the layer, and those of layers that are gone, which become its own.
    pub(crate) fn of(&mut self, layer: &LayerId) -> impl Iterator<Item = &mut State> {
        let all = self.first.iter_mut().chain(&mut self.more);
        all.filter_map(|slot| slot.becomes(layer).then_some(&mut slot.state))
    }

    /// Takes them away.
    pub(crate) fn take(&mut self, layer: &LayerId) -> (Option<State>, Vec<State>) {
        let first = self.first.take_if(|slot| slot.becomes(layer)).map(|slot| slot.state);
        let more = self.more.extract_if(.., |slot| slot.becomes(layer)).map(|slot| slot.state);
        (first, more.collect())
    }

    /// The request that the span belongs to, or is: as this layer sees it, or else another one.
    pub(crate) fn request(&self, layer: &LayerId) -> Option<Current> {
        let all = || self.first.iter().chain(&self.more);
        let slot = all().find(|slot| slot.layer == layer.0).or_else(|| all().next())?;
        Some(slot.state.request()).filter(Current::is_active)
    }
}

impl Slot {
    fn becomes(&mut self, layer: &LayerId) -> bool {
        if self.layer != layer.0 && !is_alive(self.layer) {
            self.layer = layer.0;
        }
        self.layer == layer.0
    }
}

/// Tells a layer from the others for as long as it lives.
#[derive(Debug)]
pub(crate) struct LayerId(u64);

static ALIVE: RwLock<Vec<u64>> = RwLock::new(Vec::new());

/// Whether there is, or was, a layer that wants to know where spans are entered. Without one, to enter a span
/// costs nothing here.
static FOLLOWS: AtomicBool = AtomicBool::new(false);

impl LayerId {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        alive().push(id);
        Self(id)
    }
}

impl Drop for LayerId {
    fn drop(&mut self) {
        alive().retain(|id| *id != self.0);
    }
}

fn alive() -> RwLockWriteGuard<'static, Vec<u64>> {
    ALIVE.write().unwrap_or_else(PoisonError::into_inner)
}

fn is_alive(layer: u64) -> bool {
    ALIVE.read().unwrap_or_else(PoisonError::into_inner).contains(&layer)
}

pub(crate) fn follow() {
    FOLLOWS.store(true, Ordering::Relaxed);
}

#[inline]
pub(crate) fn is_any_followed() -> bool {
    FOLLOWS.load(Ordering::Relaxed)
}
