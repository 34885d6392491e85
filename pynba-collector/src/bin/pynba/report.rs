//! `pynba report`.

mod column;
mod csv;
mod fit;
mod json;
mod showing;
mod table;
mod text;

use std::io::ErrorKind;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use pynba_collector::{Collector, Counts, Filter, Keys, Query, Report, Snapshot};

pub(crate) use self::table::keys;

use self::showing::Showing;

use crate::Outcome;
use crate::complaints::{Complaints, Summary};
use crate::counted::counted;
use crate::following::Following;
use crate::receiving::{self, Sockets};
use crate::tell::tell;
use crate::units;
use crate::until::Until;

/// How long is waited, unless the number of requests is given.
const TIME: Duration = Duration::from_secs(10);

/// Receive for a while, print a report, and exit
#[derive(Debug, clap::Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
KEYS: script, server, host, schema, status, +tag of requests, @tag of timers
FILTER: script~/api/*, host!=web1, status>=500, time>200ms, memory>10MB, +tag=x
  pynba report --for 1m --by script,host --by @group,@op --only 'status>=500'"
)]
pub(crate) struct Args {
    /// For how long [default: 10s, with -n as it takes]
    #[arg(long = "for", value_name = "TIME", value_parser = units::some_time)]
    time: Option<Duration>,

    /// End after so many at least; exit with 1 if fewer came
    #[arg(short = 'n', long, value_name = "N", value_parser = units::some::<u64>)]
    requests: Option<u64>,

    /// A table by these; repeatable [default: what there is]
    #[arg(short, long, value_name = "KEYS", value_parser = keys)]
    by: Vec<Keys>,

    /// Only what fits; of several filters, all
    #[arg(short, long, value_name = "FILTER")]
    only: Vec<Filter>,

    #[command(flatten)]
    showing: Showing,

    /// Exit with 1 if there was nothing to report
    #[arg(long)]
    fail_if_empty: bool,

    #[command(flatten)]
    sockets: Sockets,
}

/// What was collected.
struct Collected {
    began: SystemTime,
    snapshot: Snapshot,
    counts: Counts,
    filters: Vec<Filter>,
    reports: Vec<Report>,
}

pub(crate) fn run(args: Args) -> Outcome {
    let time = args.time.or_else(|| args.requests.is_none().then_some(TIME));
    let until = Until::over(time)?;
    // Nothing leaves before the end, unless memory is full.
    let mut collector = args.sockets.start(Duration::MAX)?;
    let began = SystemTime::now();
    receiving::tell_where(&collector);
    let is_complete = collect(&mut collector, &until, args.requests, &filtered(&args.only));
    let collected = Collected::new(began, &collector, args.by, args.only);
    match args.showing.print(&collected) {
        // Whoever read it has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        printed => printed?,
    }
    tell(Summary(&collected.counts));
    let fails = !is_complete || (args.fail_if_empty && collected.is_empty());
    Ok(if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn filtered(filters: &[Filter]) -> Query {
    filters.iter().cloned().fold(Query::new(), Query::only_filter)
}

/// Waits until the end, or until so many requests have come that fit. Whether they have.
fn collect(collector: &mut Collector, until: &Until, requests: Option<u64>, query: &Query) -> bool {
    let (mut following, mut complaints) = (Following::default(), Complaints::default());
    let mut left = requests;
    loop {
        let is_over = until.is_over();
        if is_over {
            collector.stop();
        }
        if let Some(left) = &mut left {
            let snapshot = collector.snapshot();
            let came = following.news(&snapshot).filter(|request| query.fits(request)).count();
            *left = left.saturating_sub(came as u64);
        }
        let is_complete = left == Some(0);
        if is_complete {
            collector.stop();
        }
        if is_over || is_complete || complaints.are_due() {
            complaints.tell(&collector.counts(), 0);
        }
        if is_over || is_complete {
            return left.is_none_or(|left| left == 0);
        }
        until.pause();
    }
}

impl Collected {
    fn new(began: SystemTime, collector: &Collector, by: Vec<Keys>, filters: Vec<Filter>) -> Self {
        let (snapshot, counts) = (collector.snapshot(), collector.counts());
        let pushed_out = snapshot.kept().pushed_out;
        if pushed_out > 0 {
            tell(format_args!(
                "the report is without the first {}, for want of room; raise `--memory`",
                counted(pushed_out, "request")
            ));
        }
        let by = if by.is_empty() { table::usual(&snapshot) } else { by };
        let report = |by| Report::over(filtered(&filters).by(by), &snapshot);
        let reports = by.into_iter().map(report).collect();
        Self { began, snapshot, counts, filters, reports }
    }

    fn is_empty(&self) -> bool {
        self.reports.iter().all(|report| report.total().requests() == 0)
    }
}
