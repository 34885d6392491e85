//! Systems without Unix's calls: what a command used is unknown.

use std::process::Command;
use std::sync::Arc;

use super::Usage;
use super::end::End;

pub(super) fn run(command: &mut Command) -> End {
    // The console tells Ctrl-C to the command as well, and we wait for what it makes of it.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::default());
    match command.status() {
        // Without a code it was killed, which no status but this one tells there.
        Ok(status) => End::Exited(status.code().unwrap_or(1)),
        Err(error) => End::NotStarted(error),
    }
}

pub(super) fn usage() -> Usage {
    Usage::default()
}

pub(super) fn our_peak() -> u64 {
    0
}
