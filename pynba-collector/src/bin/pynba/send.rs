//! `pynba send`.

use std::process::ExitCode;

use crate::Outcome;

/// Send one request from a shell script
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(args: Args) -> Outcome {
    let Args {} = args;
    Ok(ExitCode::SUCCESS)
}
