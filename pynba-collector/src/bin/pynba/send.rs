//! `pynba send`: a request from a shell script.

mod measured;
mod show;
mod timer;

use std::process::ExitCode;
use std::time::Duration;

use crate::output::print;
use crate::tell::tell;
use crate::{Outcome, sending};

use self::measured::Measured;

/// Longer than resolvers take to try each of their servers once.
const LOOKUP_PATIENCE: Duration = Duration::from_secs(6);

/// Send one request from a shell script
#[derive(Debug, clap::Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
TAGS: NAME=VALUE[,NAME=VALUE...], with `\\,` for a comma; TIME[/HITS] of all hits
  pynba send -n import --time 1.5 -t plan=free --timer group=db,op=select:0.25/3"
)]
pub(crate) struct Args {
    /// What was asked for: a path, a script, a job
    #[arg(short, long, value_parser = sending::name)]
    name: String,
    #[command(flatten)]
    measured: Measured,
    #[command(flatten)]
    about: sending::About,
    /// Show the request instead of sending it
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(args: Args) -> Outcome {
    let Args { name, measured, about, dry_run } = args;
    if dry_run {
        for request in about.capture(name, |request| measured.say(request))? {
            print(show::Shown(&request).to_string().as_bytes())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let problems = about.begin().finish(LOOKUP_PATIENCE, name, |request| measured.say(request));
    for problem in &problems {
        tell(problem);
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
