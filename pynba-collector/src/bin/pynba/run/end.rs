//! How a command ended, and what becomes of it: status, tags, and our own exit code.

use std::io::{self, ErrorKind};
use std::process::{self, ExitCode};

#[derive(Debug)]
pub(super) enum End {
    Exited(i32),
    /// Killed by the signal of that number.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no signals"))]
    Killed {
        signal: i32,
        /// Ctrl-C was pressed, and our shell has to know: one that runs a loop goes on after whatever ends
        /// otherwise.
        interrupted: bool,
    },
    NotStarted(io::Error),
}

impl End {
    /// As shells number them, so that `$?` is what it would have been without us.
    pub(super) fn code(&self) -> i32 {
        match self {
            Self::Exited(code) => *code,
            Self::Killed { signal, .. } => 128 + signal,
            Self::NotStarted(error) if error.kind() == ErrorKind::NotFound => 127,
            Self::NotStarted(_) => 126,
        }
    }

    pub(super) fn status(&self) -> u32 {
        if self.code() == 0 { 200 } else { 500 }
    }

    /// `TERM`; the number of one that has no name.
    pub(super) fn signal_name(&self) -> Option<String> {
        match self {
            Self::Killed { signal, .. } => Some(signal_name(*signal)),
            Self::Exited(_) | Self::NotStarted(_) => None,
        }
    }

    pub(super) fn pass_on(&self) -> ExitCode {
        #[cfg(unix)]
        if let Self::Killed { signal, interrupted: true } = self {
            // Does not come back, and if it does the code says the same.
            let _ = signal_hook::low_level::emulate_default_handler(*signal);
        }
        // Windows has codes of 32 bits.
        u8::try_from(self.code()).map_or_else(|_| process::exit(self.code()), ExitCode::from)
    }
}

#[cfg(unix)]
fn signal_name(signal: i32) -> String {
    match nix::sys::signal::Signal::try_from(signal) {
        Ok(signal) => signal.as_str().trim_start_matches("SIG").to_owned(),
        Err(_) => signal.to_string(),
    }
}

#[cfg(not(unix))]
fn signal_name(signal: i32) -> String {
    signal.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(end: &End) -> (i32, u32, Option<String>) {
        (end.code(), end.status(), end.signal_name())
    }

    #[test]
    fn codes_are_those_of_shells() {
        assert_eq!(told(&End::Exited(0)), (0, 200, None));
        assert_eq!(told(&End::Exited(3)), (3, 500, None));
        let not_started = |kind: ErrorKind| told(&End::NotStarted(kind.into()));
        assert_eq!(not_started(ErrorKind::NotFound), (127, 500, None));
        assert_eq!(not_started(ErrorKind::PermissionDenied), (126, 500, None));
    }

    #[test]
    #[cfg(unix)]
    fn signals_have_names() {
        let killed = |signal| told(&End::Killed { signal, interrupted: false });
        assert_eq!(killed(15), (143, 500, Some("TERM".to_owned())));
        assert_eq!(killed(9), (137, 500, Some("KILL".to_owned())));
        assert_eq!(killed(40), (168, 500, Some("40".to_owned())));
    }
}
