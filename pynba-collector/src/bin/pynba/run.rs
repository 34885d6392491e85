//! `pynba run`: a command as a request.

#[cfg(not(unix))]
mod anywhere;
mod end;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod unix;

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use clap::ValueHint;

use crate::tell::tell;
use crate::{Outcome, sending};

#[cfg(not(unix))]
use self::anywhere as system;
use self::end::End;
#[cfg(unix)]
use self::unix as system;

/// Begun when the command was, so that only what is shorter than a look-up ever waits for it.
const LOOKUP_PATIENCE: Duration = Duration::from_millis(250);

/// Run a command and send it as one request
#[derive(Debug, clap::Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
The request has the command's wall time, its processor time and peak memory,
status 200 if it exits with 0, else 500, and the tags exit=CODE, as $? has it,
and signal=NAME if one killed it. The exit code is the command's: 128+n for
signal n, 127 if it is not found, 126 if it cannot be executed. Signals are
passed on to it. Failures to send are warnings. PINBA_ENABLED=0: nothing sent.

  pynba run -- ./backup.sh --full     counted as backup.sh, without arguments
  pynba run -n cron/import -t source=ftp -s pinba:30002 -- php import.php"
)]
pub(crate) struct Args {
    /// What it counts as [default: the command's file name]
    #[arg(short, long, value_parser = sending::name)]
    name: Option<String>,
    #[command(flatten)]
    about: sending::About,
    /// What to run, with its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    #[arg(value_hint = ValueHint::CommandWithArguments)]
    command: Vec<OsString>,
}

/// What the system says that a command used; 0 where it does not.
#[derive(Clone, Copy, Debug, Default)]
struct Usage {
    user: Duration,
    system: Duration,
    memory_peak: u64,
}

impl Usage {
    /// Without what was used before, and what the system takes for the command's, though it is ours.
    fn since(self, before: Self, our_peak: u64) -> Self {
        let at_least = before.memory_peak.max(our_peak);
        Self {
            user: self.user.saturating_sub(before.user),
            system: self.system.saturating_sub(before.system),
            // Kernels do not count every page at once.
            memory_peak: Some(self.memory_peak)
                .filter(|peak| *peak > at_least / 8 * 9)
                .unwrap_or(0),
        }
    }
}

pub(crate) fn run(args: Args) -> Outcome {
    let Args { name, about, command } = args;
    let (program, arguments) = command.split_first().ok_or("there is no command to run")?;
    let name = name.unwrap_or_else(|| file_name(program));
    let sending = about.begin();

    // Not zero for whoever had children before it became us, by `exec`.
    let before = system::usage();
    let began = Instant::now();
    let end = system::run(Command::new(program).args(arguments));
    let time = began.elapsed();
    let mut usage = system::usage().since(before, system::our_peak());

    if let End::NotStarted(error) = &end {
        tell(format_args!("cannot run `{}`: {error}", program.display()));
        usage = Usage::default();
    }
    let problems = sending.finish(LOOKUP_PATIENCE, name, |request| {
        request.set_request_time(time);
        request.set_rusage(usage.user, usage.system);
        request.set_memory_peak(usage.memory_peak);
        request.set_status(end.status());
        request.tag("exit", end.code());
        request.tag("signal", end.signal_name());
    });
    for problem in problems {
        tell(format_args!("warning: {problem}"));
    }
    Ok(end.pass_on())
}

/// Never with arguments, which may contain secrets.
fn file_name(program: &OsString) -> String {
    let path = Path::new(program);
    path.file_name().unwrap_or(program).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_may_be_ours_or_older_is_not_the_commands() {
        let of = |memory_peak| Usage { memory_peak, ..Usage::default() };
        let peak = |after, before, ours| of(after).since(of(before), ours).memory_peak;
        assert_eq!(peak(4_000_000, 0, 4_000_000), 0);
        assert_eq!(peak(4_100_000, 0, 4_000_000), 0);
        assert_eq!(peak(9_000_000, 9_000_000, 4_000_000), 0);
        assert_eq!(peak(9_000_000, 6_000_000, 4_000_000), 9_000_000);
    }

    #[test]
    fn a_command_is_counted_by_its_file_name() {
        for (program, name) in
            [("/usr/bin/php", "php"), ("make", "make"), ("./a b.sh", "a b.sh"), ("..", "..")]
        {
            assert_eq!(file_name(&program.into()), name);
        }
    }
}
