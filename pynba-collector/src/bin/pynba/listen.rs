//! `pynba listen`.

mod json;
mod paint;
mod text;

use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};
use std::process::ExitCode;
use std::time::Duration;

use pynba_collector::{Collector, Filter, Query, Request};

use crate::Outcome;
use crate::complaints::{Complaints, Summary};
use crate::following::Following;
use crate::output;
use crate::receiving::{self, Sockets};
use crate::tell::tell;
use crate::units;
use crate::until::Until;

/// Print each request as it comes
#[derive(Debug, clap::Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
FILTER: script~/api/*, host!=web1, status>=500, time>200ms, memory>10MB,
  +tag=value of requests, @tag=value of timers
JSON: times are seconds, sizes bytes, tags pairs [name, value]

  pynba listen --only 'status>=500'
  pynba listen --json | jq 'select(.request_time > 1) | .script_name'"
)]
pub(crate) struct Args {
    /// Only what fits; of several filters, all
    #[arg(short, long, value_name = "FILTER")]
    only: Vec<Filter>,

    /// Print one JSON object a line
    #[arg(short, long)]
    json: bool,

    /// End after so many requests; exit with 1 if fewer came
    #[arg(short = 'n', long, value_name = "N", value_parser = units::some::<u64>)]
    count: Option<u64>,

    /// End after this time
    #[arg(long = "for", value_name = "TIME", value_parser = units::some_time)]
    time: Option<Duration>,

    #[command(flatten)]
    sockets: Sockets,
}

pub(crate) fn run(args: Args) -> Outcome {
    let until = Until::over(args.time)?;
    // Nothing leaves before it is printed, unless memory is full.
    let mut collector = args.sockets.start(Duration::MAX)?;
    receiving::tell_where(&collector);
    let mut listening = Listening {
        query: args.only.into_iter().fold(Query::new(), Query::only_filter),
        left: args.count,
        print: if args.json { Box::new(json::print) } else { text::printer() },
        out: BufWriter::new(io::stdout().lock()),
        following: Following::default(),
        complaints: Complaints::default(),
    };
    match listening.run(&mut collector, &until) {
        // Whoever read it has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
        printed => printed?,
    }
    collector.stop();
    let counts = collector.counts();
    listening.complaints.tell(&counts, listening.following.missed());
    tell(Summary(&counts));
    let is_short = listening.left.is_some_and(|left| left > 0);
    Ok(if is_short { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

type Print = Box<dyn Fn(&mut dyn Write, &Request<'_>) -> io::Result<()>>;

struct Listening {
    query: Query,
    /// So many more are to be printed.
    left: Option<u64>,
    print: Print,
    out: BufWriter<StdoutLock<'static>>,
    following: Following,
    complaints: Complaints,
}

impl Listening {
    fn run(&mut self, collector: &mut Collector, until: &Until) -> io::Result<()> {
        loop {
            let is_over = until.is_over();
            if is_over {
                // What came by now is still printed, and what comes from now on is not waited for.
                collector.stop();
            }
            self.print_news(collector)?;
            if is_over || self.left == Some(0) {
                return Ok(());
            }
            if output::is_gone() {
                // As if it had been written to.
                return Err(ErrorKind::BrokenPipe.into());
            }
            if self.complaints.are_due() {
                self.complaints.tell(&collector.counts(), self.following.missed());
            }
            until.pause();
        }
    }

    fn print_news(&mut self, collector: &Collector) -> io::Result<()> {
        let snapshot = collector.snapshot();
        for request in self.following.news(&snapshot) {
            if self.left == Some(0) {
                break;
            }
            if self.query.fits(&request) {
                (self.print)(&mut self.out, &request)?;
                self.left = self.left.map(|left| left - 1);
            }
        }
        self.out.flush()?;
        // Memory is for those that wait for whoever reads the output.
        collector.forget_before(self.following.next());
        Ok(())
    }
}
