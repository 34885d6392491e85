//! `pynba listen`.

use std::process::ExitCode;

use crate::Outcome;
use crate::receiving::Receiving;

/// Print each request as it comes
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
