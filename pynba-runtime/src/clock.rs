//! The monotonic clock, as cheaply as it can be read.
//!
//! A timer is two readings of the clock and little else, and the system's clock costs as much as all the rest.
//! Where the kernel itself keeps time by the processor's time-stamp counter, so do we: an eighth of the
//! instructions. What one tick is worth is found out on the way: the first request notes both clocks, and one that
//! comes at least [`WINDOW`] later does the division. Until then, and wherever the kernel trusts another clock
//! (virtual machines, old processors, other systems), the system's clock is read. Both count nanoseconds from
//! the same moment, so that nobody needs to know which it was.
//!
//! The counter is as exact as the two notes: each is taken within some hundred nanoseconds, of 50 ms, which is a
//! few millionths. The system's clock is slewed to follow the network's time, by 500 millionths at most
//! (`adjtimex(2)`), which the counter does not follow: a timer of one second may differ by half a millisecond.
//!
//! `PINBA_CLOCK=system` never reads the counter; `PINBA_CLOCK=counter` reads it even where the kernel does not.

#![allow(unsafe_code)]

use std::time::Duration;

use once_cell::sync::OnceCell;

/// How long both clocks are watched before the counter is read alone. Nanoseconds.
const WINDOW: u64 = 50_000_000;

/// A moment: nanoseconds of the monotonic clock.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Tick(u64);

/// What the counter is worth.
#[derive(Clone, Copy, Debug)]
struct Scale {
    /// A reading of both clocks.
    nanos: u64,
    counter: u64,
    /// Nanoseconds for each tick, times 2^32.
    factor: u64,
}

static SCALE: OnceCell<Scale> = OnceCell::new();

impl Tick {
    #[inline]
    pub(crate) fn now() -> Self {
        match SCALE.get() {
            Some(scale) => Self(scale.nanos_at(counter::read())),
            None => Self(system::nanos()),
        }
    }

    /// Nanoseconds between two moments; 0 when they are in the wrong order.
    #[inline]
    pub(crate) fn nanos_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos_since(earlier))
    }

    pub(crate) fn elapsed(self) -> Duration {
        Self::now().since(self)
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

    /// From two readings; `None` when nothing can be told from them.
    fn between(first: Reading, second: Reading) -> Option<Self> {
        let nanos = second.nanos.checked_sub(first.nanos)?;
        let ticks = second.counter.checked_sub(first.counter).filter(|ticks| *ticks > 0)?;
        let factor = u64::try_from((u128::from(nanos) << 32) / u128::from(ticks)).ok()?;
        // Counters run at 1 MHz to 10 GHz or so.
        let plausible = (1 << 32) / 10..(1 << 32) * 1000;
        plausible.contains(&factor).then_some(Self {
            nanos: second.nanos,
            counter: second.counter,
            factor,
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

/// Brings the counter into use as soon as that can be done. Called when a request begins: the first time it asks
/// the kernel, which takes some microseconds.
#[inline]
pub(crate) fn prepare() {
    if SCALE.get().is_none() {
        calibrate();
    }
}

#[cold]
fn calibrate() {
    static FIRST: OnceCell<Option<Reading>> = OnceCell::new();
    let first = FIRST.get_or_init(|| counter::is_trusted().then(Reading::take));
    if let Some(first) = first
        && system::nanos().saturating_sub(first.nanos) >= WINDOW
        && let Some(scale) = Scale::between(*first, Reading::take())
    {
        let _ = SCALE.set(scale);
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
    }

    #[test]
    fn time_goes_on() {
        prepare();
        let mut before = Tick::now();
        for round in 0..20 {
            thread::sleep(Duration::from_millis(5));
            prepare();
            let now = Tick::now();
            let passed = now.since(before);
            assert!(passed >= Duration::from_micros(4_990), "{passed:?} in round {round}");
            assert!(passed < Duration::from_secs(5), "{passed:?} in round {round}");
            before = now;
        }
        assert_eq!(Tick::at(5).nanos_since(Tick::at(7)), 0);
    }
}
