//! Processor time, which does not pass while others have the processor.
#![allow(unsafe_code)]

use std::thread;
use std::time::Duration;

use crate::table::quartiles;

/// What a request took, in nanoseconds.
pub(crate) struct Spent {
    /// Of its own thread.
    pub(crate) thread: f64,
    /// Of all threads of the process.
    pub(crate) process: f64,
}

const PARTS: u32 = 8;

/// Runs so many requests, in parts as other figures are taken, and waits until `is_done` with what is left of them.
pub(crate) fn spent(times: u32, request: impl Fn(), is_done: impl Fn() -> bool) -> Spent {
    let of_a_part = times.div_ceil(PARTS);
    let before = now(libc::CLOCK_PROCESS_CPUTIME_ID);
    let parts = (0..PARTS).map(|_| {
        thread::sleep(Duration::from_micros(50));
        let start = now(libc::CLOCK_THREAD_CPUTIME_ID);
        (0..of_a_part).for_each(|_| request());
        (now(libc::CLOCK_THREAD_CPUTIME_ID) - start) / f64::from(of_a_part)
    });
    let parts: Vec<_> = parts.collect();
    while !is_done() {
        thread::sleep(Duration::from_millis(1));
    }
    let process = now(libc::CLOCK_PROCESS_CPUTIME_ID) - before;
    Spent { thread: quartiles(&parts)[1], process: process / f64::from(calls(times)) }
}

/// How many requests that are.
pub(crate) fn calls(times: u32) -> u32 {
    PARTS * times.div_ceil(PARTS)
}

/// Nanoseconds of a clock of the system.
fn now(clock: libc::clockid_t) -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes a whole `timespec` to the pointer, which is valid for that.
    let done = unsafe { libc::clock_gettime(clock, &raw mut time) };
    assert_eq!(done, 0, "a clock of every Unix");
    let time = Duration::from_secs(time.tv_sec.unsigned_abs())
        + Duration::from_nanos(time.tv_nsec.unsigned_abs());
    time.as_secs_f64() * 1e9
}
