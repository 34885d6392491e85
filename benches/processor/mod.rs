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

/// Whose time it is.
#[derive(Clone, Copy)]
enum Of {
    Thread,
    Process,
}

/// Runs so many requests, in parts as other figures are taken, and waits until `is_done` with what is left of them.
pub(crate) fn spent(times: u32, request: impl Fn(), is_done: impl Fn() -> bool) -> Spent {
    let of_a_part = times.div_ceil(PARTS);
    let before = now(Of::Process);
    let parts = (0..PARTS).map(|_| {
        thread::sleep(Duration::from_micros(50));
        let start = now(Of::Thread);
        (0..of_a_part).for_each(|_| request());
        (now(Of::Thread) - start) / f64::from(of_a_part)
    });
    let parts: Vec<_> = parts.collect();
    while !is_done() {
        thread::sleep(Duration::from_millis(1));
    }
    let process = now(Of::Process) - before;
    Spent { thread: quartiles(&parts)[1], process: process / f64::from(calls(times)) }
}

/// How many requests that are.
pub(crate) fn calls(times: u32) -> u32 {
    PARTS * times.div_ceil(PARTS)
}

/// Nanoseconds.
#[cfg(unix)]
fn now(of: Of) -> f64 {
    let clock = match of {
        Of::Thread => libc::CLOCK_THREAD_CPUTIME_ID,
        Of::Process => libc::CLOCK_PROCESS_CPUTIME_ID,
    };
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes a whole `timespec` to the pointer, which is valid for that.
    let done = unsafe { libc::clock_gettime(clock, &raw mut time) };
    assert_eq!(done, 0, "a clock of every Unix");
    let seconds = Duration::from_secs(time.tv_sec.unsigned_abs());
    (seconds + Duration::from_nanos(time.tv_nsec.unsigned_abs())).as_secs_f64() * 1e9
}

/// Nobody looks at it elsewhere.
#[cfg(not(unix))]
fn now(_of: Of) -> f64 {
    0.0
}
