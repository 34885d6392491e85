//! Which signals are passed on to a command.

use std::fs::{self, File};

use nix::unistd::{getpgrp, tcgetpgrp};
use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2,
    SIGWINCH,
};

const PASSED_ON: [i32; 10] =
    [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGTSTP, SIGCONT];

/// Sent by a terminal to every process in its foreground.
const OF_TERMINALS: [i32; 4] = [SIGINT, SIGQUIT, SIGTSTP, SIGWINCH];

/// The signals to handle. One that we were told to ignore (by `nohup`, or by a shell that runs us with `&`) the
/// command is to ignore as well, which it does if it is left alone.
pub(super) fn to_handle() -> Vec<i32> {
    let ignored = ignored();
    let passed_on = PASSED_ON.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
    // Without it we would not wake up when the command ends.
    passed_on.chain([SIGCHLD]).collect()
}

/// One bit for each signal. Only Linux tells without `unsafe`.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    parse_ignored(&status).unwrap_or(0)
}

fn parse_ignored(status: &str) -> Option<u64> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

/// Whether the terminal has sent it, and hence to the command as well: once more would be once too often for
/// programs that take the second Ctrl-C for impatience. What another process sends to us alone while we are in the
/// foreground looks the same, and is not passed on: who sends it, the standard library's kind of handler cannot tell.
pub(super) fn reached_the_child(signal: i32) -> bool {
    OF_TERMINALS.contains(&signal) && in_foreground()
}

fn in_foreground() -> bool {
    let terminal = File::open("/dev/tty");
    terminal.is_ok_and(|terminal| tcgetpgrp(terminal).is_ok_and(|group| group == getpgrp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_mask_of_ignored_signals() {
        let status = "Name:\tpynba\nSigBlk:\t0000000000000002\nSigIgn:\t0000000000001001\n";
        assert_eq!(parse_ignored(status), Some(1 << (SIGHUP - 1) | 1 << 12));
        assert_eq!(parse_ignored("Name:\tpynba\n"), None);
    }
}
