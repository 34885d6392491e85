//! `pynba`: see what Pinba clients send, and send from the shell.

mod clock;
mod complaints;
mod completions;
mod counted;
mod demo;
mod figures;
mod following;
mod harmless;
mod json;
mod listen;
mod output;
mod receiving;
mod report;
mod run;
mod send;
mod sending;
mod sparks;
mod tell;
mod top;
mod units;
mod until;
mod widths;

use std::error::Error;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

/// See what Pinba clients send, without a Pinba server; and send from the shell.
#[derive(Debug, Parser)]
#[command(name = "pynba", version, propagate_version = true)]
#[command(
    after_help = "To begin with: pynba top --demo\nAlso: pynba completions SHELL, pynba man [COMMAND]"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Top(top::Args),
    Listen(listen::Args),
    Report(report::Args),
    Run(run::Args),
    Send(send::Args),
    Demo(demo::Args),
    #[command(hide = true)]
    Completions(completions::Completions),
    #[command(hide = true)]
    Man(completions::Man),
}

/// As usual, but without an empty line before the usage: help is to fit a screen.
const HELP: &str = "{about-with-newline}{usage-heading} {usage}\n\n{all-args}{after-help}";

impl Cli {
    fn read() -> Self {
        let program = Self::command().mut_subcommands(|command| command.help_template(HELP));
        Self::from_arg_matches(&program.get_matches()).unwrap_or_else(|error| error.exit())
    }
}

type Outcome = Result<ExitCode, Box<dyn Error>>;

fn main() -> ExitCode {
    let outcome = match Cli::read().command {
        Command::Top(args) => top::run(args),
        Command::Listen(args) => listen::run(args),
        Command::Report(args) => report::run(args),
        Command::Run(args) => run::run(args),
        Command::Send(args) => send::run(args),
        Command::Demo(args) => demo::run(args),
        Command::Completions(args) => completions::completions(&args),
        Command::Man(args) => completions::man(&args),
    };
    outcome.unwrap_or_else(|error| {
        tell::tell(error);
        ExitCode::FAILURE
    })
}
