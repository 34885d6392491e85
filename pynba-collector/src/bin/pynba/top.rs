//! `pynba top`: what comes in, live.

mod app;
mod columns;
mod cursor;
mod detail;
mod flow;
mod footer;
mod header;
mod health;
mod help;
mod keys;
mod name;
mod panel;
mod period;
mod picker;
mod prompt;
mod screen;
mod scroll;
mod signals;
mod table;
mod tail;
mod terminal;
mod theme;
mod title;
mod trail;
mod wrapping;

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use jiff::tz::TimeZone;
use pynba_collector::{Collector, Filter, Keys};

use self::app::{App, Setup};
use self::theme::Theme;

use crate::demo::Running;
use crate::receiving::{self, Receiving};
use crate::report::keys;
use crate::{Outcome, units};

/// Watch live in the terminal, where ? shows the keys
#[derive(Debug, clap::Args)]
#[command(
    disable_version_flag = true,
    after_help = "  pynba top --listen :30002 --by host             what all machines send
  pynba top --only 'script~/api/*' --slow 200ms   what is slow in one part"
)]
pub(crate) struct Args {
    /// A row for each, as in `pynba report`
    #[arg(short, long, value_name = "KEYS", default_value = "script", value_parser = keys)]
    by: Keys,

    /// Only what fits, as in `pynba report`; of several, all
    #[arg(short, long, value_name = "FILTER")]
    only: Vec<Filter>,

    /// Figures are over this time
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = receiving::window)]
    last: Duration,

    /// Slow from here on, and in the tail
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = units::time)]
    slow: Duration,

    /// How often figures change
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = refresh)]
    refresh: Duration,

    /// Show a shop that does not exist, at a port of its own
    #[arg(long)]
    demo: bool,

    /// As `NO_COLOR` in the environment
    #[arg(long)]
    no_color: bool,

    #[command(flatten)]
    receiving: Receiving,
}

/// A shorter time between figures is of no use to anybody.
fn refresh(text: &str) -> Result<Duration, String> {
    let refresh = units::time(text)?;
    if refresh < Duration::from_millis(10) {
        return Err("too fast to be seen; write `10ms` at least".into());
    }
    Ok(refresh)
}

pub(crate) fn run(mut args: Args) -> Outcome {
    if !io::stdout().is_terminal() {
        return Err("standard output is no terminal; `pynba report` and `pynba listen` write to files and pipes".into());
    }
    if args.demo {
        args.receiving = args.receiving.apart();
    }
    let collector = args.receiving.start()?;
    let _shop = args.demo.then(|| Running::begin(collector.addresses()[0])).transpose()?;
    watch(args, &collector)
}

/// Shows what the collector receives until the user has seen enough.
fn watch(args: Args, collector: &Collector) -> Outcome {
    let mut app = App::new(Setup {
        addresses: collector.addresses().to_vec(),
        warnings: collector.warnings().iter().map(ToString::to_string).collect(),
        limits: args.receiving.limits(),
        keys: args.by.0,
        filters: args.only,
        last: args.last,
        slow: args.slow,
        theme: Theme::new(args.no_color),
        zone: TimeZone::system(),
    });
    terminal::watch(&mut app, collector, args.refresh)
        .map_err(|error| format!("the terminal failed: {error}"))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests;
