//! The monotonic clock, as cheaply as it can be read.
//!
//! A timer is two readings of the clock and little else, and the system's clock costs as much as all the rest.
//! Where the kernel itself keeps time by the processor's time-stamp counter, so do we: an eighth of the
//! instructions. What one tick is worth is found out on the way: the first request notes both clocks, and one that
//! comes at least [`WINDOW`] later does the division. Until then, and wherever the kernel trusts another clock
//! (virtual machines, old processors, other systems), the system's clock is read. A moment tells which it was, and
//! ticks become nanoseconds only where two of them are compared.
//!
//! A machine that was suspended may begin to count anew. So the clocks are compared again every minute or so, and
//! when the counter has gone backwards: where they disagree, the system's clock is read until the counter has been
//! measured anew. A timer that runs meanwhile may show a wrong time, as it would have been wrong anyway.
//!
//! The counter is as exact as the two notes: each is taken within some hundred nanoseconds, of 50 ms, which is a
//! few millionths. The system's clock is slewed to follow the network's time, by 500 millionths at most
//! (`adjtimex(2)`), which the counter does not follow: a timer of one second may differ by half a millisecond.
//!
//! `PINBA_CLOCK=system` never reads the counter; `PINBA_CLOCK=counter` reads it even where the kernel does not.

#![allow(unsafe_code)]

use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::time::Duration;

/// How long both clocks are watched before the counter is read alone. Nanoseconds.
const WINDOW: u64 = 50_000_000;

/// A minute. Nanoseconds.
const BETWEEN_CHECKS: u64 = 60_000_000_000;

/// A moment: a reading of the counter, if it has [`COUNTED`], else nanoseconds of the system's clock. What lies
/// between two of them is converted once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Tick(u64);

/// Counters count from the start of the machine, for which the other bits last some sixty years.
const COUNTED: u64 = 1 << 63;

/// What the counter is worth.
#[derive(Clone, Copy, Debug)]
struct Scale {
    /// A reading of both clocks.
    nanos: u64,
    counter: u64,
    /// Nanoseconds for each tick, times 2^32.
    factor: u64,
    ticks_between_checks: u64,
}

/// Null while the system's clock is read. What it points to is never freed: a scale is made once in the life of most
/// processes.
static SCALE: AtomicPtr<Scale> = AtomicPtr::new(ptr::null_mut());

/// The one that was made last, in use or not: for readings that were taken with it.
static LAST: AtomicPtr<Scale> = AtomicPtr::new(ptr::null_mut());

#[inline]
fn scale() -> Option<&'static Scale> {
    get(&SCALE)
}

#[inline]
fn get(pointer: &AtomicPtr<Scale>) -> Option<&'static Scale> {
    // SAFETY: null, or from `Box::leak` and never written again; published with `Release`.
    unsafe { pointer.load(Ordering::Acquire).as_ref() }
}

impl Tick {
    #[inline]
    pub(crate) fn now() -> Self {
        Self::counted().unwrap_or_else(|| Self(system::nanos()))
    }

    /// [`now`](Self::now), where that is only to read the counter.
    #[inline]
    pub(crate) fn counted() -> Option<Self> {
        scale().map(|_| Self(counter::read() | COUNTED))
    }

    /// The moment at which a request begins: also brings the counter into use as soon as that can be done, and
    /// looks after it. The first time it asks the kernel, which takes some microseconds.
    #[inline]
    pub(crate) fn first() -> Self {
        if let Some(scale) = scale() {
            let counter = counter::read();
            // Wraps when the counter went backwards: then it is more than any number of ticks.
            if counter.wrapping_sub(CHECKED.load(Ordering::Relaxed)) <= scale.ticks_between_checks {
                return Self(counter | COUNTED);
            }
        }
        if IS_HOPEFUL.load(Ordering::Relaxed) {
            look_after();
        }
        Self::now()
    }

    /// Nanoseconds between two moments; 0 when they are in the wrong order.
    #[inline]
    pub(crate) fn nanos_since(self, earlier: Self) -> u64 {
        let between = self.0.saturating_sub(earlier.0);
        if self.0 & earlier.0 & COUNTED != 0 {
            scaled(between, get(&LAST).map_or(0, |scale| scale.factor))
        } else if (self.0 | earlier.0) & COUNTED == 0 {
            between
        } else {
            self.nanos().saturating_sub(earlier.nanos())
        }
    }

    /// Of the system's clock.
    #[cold]
    fn nanos(self) -> u64 {
        if self.0 & COUNTED == 0 {
            return self.0;
        }
        get(&LAST).map_or(0, |scale| scale.nanos_at(self.0 & !COUNTED))
    }

    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos_since(earlier))
    }

    pub(crate) fn elapsed(self) -> Duration {
        Self::now().since(self)
    }

    /// For an atomic.
    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    #[inline]
    pub(crate) const fn at(nanos: u64) -> Self {
        Self(nanos)
    }
}

impl Scale {
    #[inline]
    fn nanos_at(self, counter: u64) -> u64 {
        // Before the reading, on a processor that lags a little behind: at the reading.
        let ticks = counter.saturating_sub(self.counter);
        self.nanos + scaled(ticks, self.factor)
    }

    /// Whether the counter says what the system's clock says of the time between two readings, but for a
    /// thousandth and a microsecond: twice what the system's clock may be slewed, and the readings' own width.
    fn agrees(self, before: Reading, now: Reading) -> bool {
        let system = now.nanos.saturating_sub(before.nanos);
        let counted = now.counter.checked_sub(before.counter).map(|it| scaled(it, self.factor));
        counted.is_some_and(|counted| counted.abs_diff(system) <= system / 1000 + 1000)
    }

    /// From two readings; `None` when nothing can be told from them.
    fn between(first: Reading, second: Reading) -> Option<Self> {
        let nanos = second.nanos.checked_sub(first.nanos)?;
        let ticks = second.counter.checked_sub(first.counter).filter(|ticks| *ticks > 0)?;
        let factor = u64::try_from((u128::from(nanos) << 32) / u128::from(ticks)).ok()?;
        // Counters run at 1 MHz to 10 GHz or so.
        let plausible = (1 << 32) / 10..(1 << 32) * 1000;
        let minute = u128::from(ticks) * u128::from(BETWEEN_CHECKS) / u128::from(nanos.max(1));
        plausible.contains(&factor).then_some(Self {
            nanos: second.nanos,
            counter: second.counter,
            factor,
            ticks_between_checks: u64::try_from(minute).unwrap_or(u64::MAX),
        })
    }
}

/// Up to 584 years.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "it fits for three hundred years")]
fn scaled(ticks: u64, factor: u64) -> u64 {
    ((u128::from(ticks) * u128::from(factor)) >> 32) as u64
}

/// Both clocks at the same moment.
#[derive(Clone, Copy, Debug)]
struct Reading {
    nanos: u64,
    counter: u64,
}

impl Reading {
    /// Of some tries the one that took the shortest, so that the processor was not taken away in between.
    fn take() -> Self {
        let once = || {
            let before = counter::read();
            let nanos = system::nanos();
            let width = counter::read().wrapping_sub(before);
            (width, Self { nanos, counter: before.wrapping_add(width / 2) })
        };
        let tries = [once(), once(), once(), once()];
        tries
            .into_iter()
            .min_by_key(|(width, _)| *width)
            .map_or(Self { nanos: 0, counter: 0 }, |it| it.1)
    }
}

/// The counter when the clocks were last compared.
static CHECKED: AtomicU64 = AtomicU64::new(0);

/// Whether the counter may still be brought into use. It is not once the kernel has refused it.
static IS_HOPEFUL: AtomicBool = AtomicBool::new(true);

/// What is known of the counter.
enum Trust {
    /// Nobody has asked the kernel yet.
    Unknown,
    /// As of the last comparison, or the beginning.
    Since(Reading),
}

#[cold]
fn look_after() {
    static TRUST: Mutex<Trust> = Mutex::new(Trust::Unknown);
    // One thread does it, and the others go on meanwhile.
    let Ok(mut trust) = TRUST.try_lock() else { return };
    match *trust {
        Trust::Unknown => {
            if counter::is_trusted() {
                *trust = Trust::Since(Reading::take());
            } else {
                IS_HOPEFUL.store(false, Ordering::Relaxed);
            }
        }
        Trust::Since(before) => {
            let now = Reading::take();
            let Some(scale) = scale() else {
                if now.nanos.saturating_sub(before.nanos) >= WINDOW {
                    *trust = Trust::Since(now);
                    if let Some(scale) = Scale::between(before, now) {
                        CHECKED.store(now.counter, Ordering::Relaxed);
                        let scale: *mut _ = Box::leak(Box::new(scale));
                        LAST.store(scale, Ordering::Release);
                        SCALE.store(scale, Ordering::Release);
                    }
                }
                return;
            };
            CHECKED.store(now.counter, Ordering::Relaxed);
            *trust = Trust::Since(now);
            if !scale.agrees(before, now) {
                SCALE.store(ptr::null_mut(), Ordering::Release);
                // The kernel may have found out the same.
                IS_HOPEFUL.store(counter::is_trusted(), Ordering::Relaxed);
            }
        }
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64", not(pynba_portable)))]
mod counter {
    use std::{env, fs};

    #[inline]
    pub(super) fn read() -> u64 {
        // SAFETY: every x86-64 processor has the instruction. The kernel can forbid it to a process
        // (`PR_SET_TSC`), which then has asked for it to be killed here.
        unsafe { std::arch::x86_64::_rdtsc() }
    }

    /// The kernel has tested that the counters of all processors agree, and never stop or change their pace.
    pub(super) fn is_trusted() -> bool {
        match env::var("PINBA_CLOCK").as_deref() {
            Ok("system") => false,
            Ok("counter") => true,
            _ => {
                let path = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
                fs::read_to_string(path).is_ok_and(|source| source.trim() == "tsc")
            }
        }
    }
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64", not(pynba_portable))))]
mod counter {
    pub(super) fn read() -> u64 {
        0
    }

    pub(super) fn is_trusted() -> bool {
        false
    }
}

#[cfg(all(unix, not(pynba_portable)))]
mod system {
    /// `CLOCK_MONOTONIC`, as the standard library's `Instant`, but in one number.
    #[inline]
    pub(super) fn nanos() -> u64 {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` is valid for writing. The call fails for clocks that do not exist; this one does.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
        let [seconds, nanos] = [time.tv_sec, time.tv_nsec].map(|it| u64::try_from(it).unwrap_or(0));
        seconds * 1_000_000_000 + nanos
    }
}

#[cfg(not(all(unix, not(pynba_portable))))]
mod system {
    use std::time::Instant;

    use once_cell::sync::OnceCell;

    pub(super) fn nanos() -> u64 {
        static START: OnceCell<Instant> = OnceCell::new();
        u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// What both clocks say of the same stretch of time.
    #[cfg(all(target_os = "linux", target_arch = "x86_64", not(pynba_portable)))]
    #[test]
    fn the_counter_agrees_with_the_system() {
        if !counter::is_trusted() {
            println!("SKIPPED: the kernel does not keep time by the counter");
            return;
        }
        let first = Reading::take();
        thread::sleep(Duration::from_nanos(WINDOW));
        let scale = Scale::between(first, Reading::take()).expect("a scale");
        for _ in 0..20 {
            let from = Reading::take();
            thread::sleep(Duration::from_millis(10));
            let to = Reading::take();
            let (system, ours) =
                (to.nanos - from.nanos, scale.nanos_at(to.counter) - scale.nanos_at(from.counter));
            // A thousandth: 500 millionths of slew, and the readings' own width.
            assert!(ours.abs_diff(system) < system / 1000 + 1000, "{ours} ns for {system} ns");
            assert!(
                scale.nanos_at(to.counter).abs_diff(to.nanos) < 1_000_000,
                "from the same moment"
            );
        }
    }

    #[test]
    fn a_moment_of_either_clock_comes_before_one_of_the_other() {
        let before = Tick(system::nanos());
        while scale().is_none() && IS_HOPEFUL.load(Ordering::Relaxed) {
            Tick::first();
            thread::sleep(Duration::from_millis(1));
        }
        let Some(now) = Tick::counted() else {
            println!("SKIPPED: the kernel does not keep time by the counter");
            return;
        };
        thread::sleep(Duration::from_millis(10));
        let after = Tick(system::nanos());
        let [whole, parts] = [after.since(before), now.since(before) + after.since(now)];
        assert!(after.since(now) >= Duration::from_millis(9), "{:?}", after.since(now));
        assert!(whole.abs_diff(parts) < Duration::from_millis(1), "{whole:?}, {parts:?}");
        assert_eq!(before.since(now), Duration::ZERO);
    }

    #[test]
    fn nonsense_is_no_scale() {
        let at = |nanos, counter| Reading { nanos, counter };
        assert!(Scale::between(at(0, 0), at(WINDOW, 0)).is_none(), "it stands still");
        assert!(Scale::between(at(0, 10), at(WINDOW, 5)).is_none(), "it runs backwards");
        assert!(Scale::between(at(10, 0), at(5, 10)).is_none());
        assert!(Scale::between(at(0, 0), at(WINDOW, 1)).is_none(), "it hardly moves");
        assert!(Scale::between(at(0, 0), at(1, u64::MAX)).is_none());
        let scale = Scale::between(at(0, 0), at(1_000_000_000, 2_600_000_000)).expect("2.6 GHz");
        assert_eq!(scale.nanos_at(2_600_000_000 * 3), 2_999_999_999);
        assert_eq!(scale.nanos_at(0), 1_000_000_000, "never before the note");
        assert_eq!(scale.ticks_between_checks, 60 * 2_600_000_000);
    }

    #[test]
    fn a_counter_that_began_anew_is_found_out() {
        let at = |nanos, counter| Reading { nanos, counter };
        let second = |n: u64| at(n * 1_000_000_000, n * 2_600_000_000);
        let scale = Scale::between(second(0), second(1)).expect("2.6 GHz");
        assert!(scale.agrees(second(1), second(61)));
        let slewed = at(61 * 1_000_000_000, 61 * 2_600_000_000 + 60 * 1_300_000);
        assert!(scale.agrees(second(1), slewed), "500 millionths");
        for (nanos, counter) in
            [(61, 1), (61, 0), (61, 30 * 2_600_000_000), (61, 62 * 2_600_000_000)]
        {
            assert!(!scale.agrees(second(1), at(nanos * 1_000_000_000, counter)), "{counter}");
        }
    }

    #[test]
    fn time_goes_on() {
        let mut before = Tick::first();
        for round in 0..20 {
            thread::sleep(Duration::from_millis(5));
            let now = Tick::first();
            let passed = now.since(before);
            assert!(passed >= Duration::from_micros(4_990), "{passed:?} in round {round}");
            assert!(passed < Duration::from_secs(5), "{passed:?} in round {round}");
            before = now;
        }
        assert_eq!(Tick::at(5).nanos_since(Tick::at(7)), 0);
        assert_eq!(
            scale().is_some(),
            counter::is_trusted(),
            "100 ms are enough to know the counter"
        );
    }
}
