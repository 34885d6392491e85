//! `pynba completions` and `pynba man`: for packagers, and for one's own shell.

use std::process::ExitCode;

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use crate::output::print;
use crate::{Cli, Outcome};

/// Print completions for a shell
#[derive(Debug, clap::Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
Where the shells look for them:
  pynba completions bash > ~/.local/share/bash-completion/completions/pynba
  pynba completions fish > ~/.config/fish/completions/pynba.fish
  pynba completions zsh > \"${fpath[1]}/_pynba\""
)]
pub(crate) struct Completions {
    /// Which shell
    shell: Shell,
}

/// Print the manual page
#[derive(Debug, clap::Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
To read it, and to install that of a command:
  pynba man | man -l -
  pynba man send > pynba-send.1"
)]
pub(crate) struct Man {
    /// Of this command instead of the whole program
    command: Option<String>,
}

pub(crate) fn completions(args: &Completions) -> Outcome {
    let (mut script, mut program) = (Vec::new(), Cli::command());
    clap_complete::generate(args.shell, &mut program, "pynba", &mut script);
    if args.shell == Shell::Bash {
        script.extend(commands_for_bash(&program).into_bytes());
    }
    print(&script)?;
    Ok(ExitCode::SUCCESS)
}

/// What is generated takes a command that is to be run, and its arguments, for options of ours.
fn commands_for_bash(program: &Command) -> String {
    let run = program.find_subcommand("run").into_iter().flat_map(Command::get_opts);
    let names = run.flat_map(|option| {
        let short = option.get_short().map(|short| format!("-{short}"));
        short.into_iter().chain(option.get_long().map(|long| format!("--{long}")))
    });
    include_str!("completions/run.bash").replace("OPTIONS", &names.collect::<Vec<_>>().join("|"))
}

pub(crate) fn man(args: &Man) -> Outcome {
    let mut program = Cli::command()
        .disable_help_subcommand(true)
        // Of those that the help has no room for, the page has.
        .mut_subcommands(|command| command.hide(false));
    // Gives the commands their full names: `pynba send`, and `pynba-send` for a title.
    program.build();
    let command = match &args.command {
        None => program,
        Some(name) => command(&program, name)?,
    };
    let mut page = Vec::new();
    let source = concat!("pynba ", env!("CARGO_PKG_VERSION"));
    clap_mangen::Man::new(command).source(source).render(&mut page)?;
    print(with_lines_kept(&String::from_utf8(page)?).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// What stands below the options is examples and lists: their lines are not to flow into one another.
fn with_lines_kept(page: &str) -> String {
    let Some((before, after)) = page.split_once(".SH EXTRA\n") else { return page.to_owned() };
    let (extra, rest) = after.split_at(after.find(".SH ").unwrap_or(after.len()));
    format!("{before}.SH EXTRA\n.nf\n{extra}.fi\n{rest}")
}

fn command(program: &Command, name: &str) -> Result<Command, String> {
    let found = program.find_subcommand(name).cloned();
    found.ok_or_else(|| {
        let names: Vec<_> = program.get_subcommands().map(Command::get_name).collect();
        format!("there is no command `{name}`; write one of {}", names.join(", "))
    })
}
