//! `pynba run`.

use std::process::ExitCode;

use crate::Outcome;

/// Run a command and send it as one request
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(args: Args) -> Outcome {
    let Args {} = args;
    Ok(ExitCode::SUCCESS)
}
