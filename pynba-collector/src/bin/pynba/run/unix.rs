//! A child process on Unix: passes signals on, stops when it stops, tells what it used.
//!
//! One thread does it all, woken by signals: none is passed on to a process that has been reaped, whose number may
//! belong to another one.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::resource::{Usage as SysUsage, UsageWho, getrusage};
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::time::TimeVal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use signal_hook::consts::{SIGCHLD, SIGINT};
use signal_hook::iterator::Signals;

use super::Usage;
use super::end::End;
use super::signals;

pub(super) fn run(command: &mut Command) -> End {
    // Before the child is there, so that nothing is missed.
    let signals = Signals::new(signals::to_handle());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return End::NotStarted(error),
    };
    let ended = match signals {
        Ok(signals) => attend(&mut child, signals),
        Err(_) => child.wait().map(|status| end_of(status, false)),
    };
    // It cannot be waited for only if somebody else has done so.
    ended.unwrap_or(End::Exited(i32::from(u8::MAX)))
}

fn attend(child: &mut Child, mut signals: Signals) -> io::Result<End> {
    let pid = Pid::from_raw(child.id().cast_signed());
    let mut interrupted = false;
    loop {
        for signal in signals.wait() {
            if signal == SIGCHLD {
                continue;
            }
            if signals::reached_the_child(signal) {
                interrupted |= signal == SIGINT;
            } else if let Ok(signal) = Signal::try_from(signal) {
                // It may have ended meanwhile.
                let _ = kill(pid, signal);
            }
        }
        // Looked at after every signal: a flood of others may be given in front of `SIGCHLD`.
        if let Some(status) = child.try_wait()? {
            return Ok(end_of(status, interrupted));
        }
        if let Some(end) = look_for_a_stop(pid, interrupted)? {
            return Ok(end);
        }
    }
}

fn end_of(status: ExitStatus, interrupted: bool) -> End {
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Exited(code),
        (None, signal) => killed(signal.unwrap_or_default(), interrupted),
    }
}

fn killed(signal: i32, interrupted: bool) -> End {
    End::Killed { signal, interrupted: interrupted && signal == SIGINT }
}

/// Stops with the child when a terminal, or who stands in for it, has stopped it: the shell waits for us. Gives the
/// end, should it come just now.
fn look_for_a_stop(pid: Pid, interrupted: bool) -> io::Result<Option<End>> {
    let status = match waitpid(pid, Some(WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED)) {
        // A signal that `nix` has no name for.
        Err(Errno::EINVAL) => return Ok(Some(killed(0, false))),
        status => status?,
    };
    match status {
        WaitStatus::Exited(_, code) => return Ok(Some(End::Exited(code))),
        WaitStatus::Signaled(_, signal, _) => return Ok(Some(killed(signal as i32, interrupted))),
        // Whoever sends `SIGSTOP` means the child alone, and would not wake us.
        WaitStatus::Stopped(_, Signal::SIGTSTP | Signal::SIGTTIN | Signal::SIGTTOU) => {
            raise(Signal::SIGSTOP)?;
        }
        _ => {}
    }
    Ok(None)
}

/// Of the one child that there was, and of those that it has waited for.
pub(super) fn usage() -> Usage {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) else { return Usage::default() };
    Usage {
        user: duration(usage.user_time()),
        system: duration(usage.system_time()),
        memory_peak: peak(&usage),
    }
}

/// Of this process. What Linux tells of a child's memory begins with it: the child has ours until it is the command.
pub(super) fn our_peak() -> u64 {
    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| peak(&usage))
}

fn peak(usage: &SysUsage) -> u64 {
    // Kilobytes everywhere but on Apple's systems, where it is bytes (getrusage(2) of each).
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    u64::try_from(usage.max_rss()).unwrap_or(0) * unit
}

fn duration(time: TimeVal) -> Duration {
    let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec()).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}
