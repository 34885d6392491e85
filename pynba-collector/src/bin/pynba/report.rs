//! `pynba report`.

use std::process::ExitCode;

use crate::Outcome;
use crate::receiving::Receiving;

/// Receive for a while, print a report, and exit
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    receiving: Receiving,
}

pub(crate) fn run(args: Args) -> Outcome {
    let collector = args.receiving.start()?;
    drop(collector);
    Ok(ExitCode::SUCCESS)
}
