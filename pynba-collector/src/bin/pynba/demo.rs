//! `pynba demo`.

use std::process::ExitCode;

use crate::Outcome;

/// Send the believable traffic of a small shop
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(args: Args) -> Outcome {
    let Args {} = args;
    Ok(ExitCode::SUCCESS)
}
