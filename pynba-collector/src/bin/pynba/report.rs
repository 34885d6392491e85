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
use std::time::{Duration, Instant, SystemTime};

use pynba_collector::{Collector, Counts, Filter, Keys, Query, Report, Snapshot};

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
    #[arg(short, long, value_name = "KEYS", value_parser = table::keys)]
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
    ended: SystemTime,
    /// What rates are taken over. What came in it may have been taken in a little later.
    span: Duration,
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
    let (end, is_complete) = collect(&mut collector, &until, args.requests, &filtered(&args.only));
    let (snapshot, counts) = (collector.snapshot(), collector.counts());
    let collected = Collected::new(began, &end, snapshot, &counts, args.by, args.only);
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

/// When the end was decided: stopping takes a while, in which nothing counts any more.
struct End {
    at: Instant,
    time: SystemTime,
}

impl End {
    fn now(collector: &mut Collector) -> Self {
        let end = Self { at: Instant::now(), time: SystemTime::now() };
        collector.stop();
        end
    }
}

/// Waits until the end, or until so many requests have come that fit. When that was, and whether they have.
fn collect(
    collector: &mut Collector,
    until: &Until,
    requests: Option<u64>,
    query: &Query,
) -> (End, bool) {
    let (mut following, mut complaints) = (Following::default(), Complaints::default());
    let mut left = requests;
    loop {
        let mut end = until.is_over().then(|| End::now(collector));
        if let Some(left) = &mut left {
            let snapshot = collector.snapshot();
            let came = following.news(&snapshot).filter(|request| query.fits(request)).count();
            *left = left.saturating_sub(came as u64);
        }
        if left == Some(0) {
            end.get_or_insert_with(|| End::now(collector));
        }
        if end.is_some() || complaints.are_due() {
            complaints.tell(&collector.counts(), 0);
        }
        if let Some(end) = end {
            return (end, left.is_none_or(|left| left == 0));
        }
        until.pause();
    }
}

impl Collected {
    /// Of a snapshot that was taken just now.
    fn new(
        began: SystemTime,
        end: &End,
        snapshot: Snapshot,
        counts: &Counts,
        by: Vec<Keys>,
        filters: Vec<Filter>,
    ) -> Self {
        let span = snapshot.span().saturating_sub(end.at.elapsed());
        // The clock may have been set back meanwhile.
        let ended = end.time.max(began);
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
        Self { began, ended, span, snapshot, counts: *counts, filters, reports }
    }

    fn is_empty(&self) -> bool {
        self.reports.iter().all(|report| report.total().requests() == 0)
    }
}

#[cfg(test)]
mod tests {
    use pynba_collector::packet::Decoder;
    use pynba_collector::{Limits, Store};
    use pynba_runtime::proto::{Message as _, Request};

    use super::column::{COLUMNS, Figure};
    use super::table::{Order, Table};
    use super::*;

    #[test]
    fn rates_are_taken_over_the_time_until_the_end_was_decided() {
        let mut store = Store::new(Limits::default().window(Duration::MAX), SystemTime::UNIX_EPOCH);
        let packet = Request::default().encode_to_vec();
        let mut decoder = Decoder::new();
        let packets = decoder.decode(&packet).unwrap();
        store.push(Duration::ZERO, &packets.iter().next().unwrap());
        let snapshot = store.snapshot(Duration::from_secs(40));

        let (began, before) = (SystemTime::now(), Duration::from_secs(20));
        let end = End { at: Instant::now().checked_sub(before).unwrap(), time: began - before };
        let by = vec![Keys(vec![])];
        let collected = Collected::new(began, &end, snapshot, &Counts::default(), by, vec![]);
        let seconds = collected.span.as_secs_f64();
        assert!(seconds > 0.0 && seconds <= 20.0, "{seconds}");
        assert_eq!(collected.ended, began);
        let table = Table::new(&collected.reports[0], collected.span, Order::Key, None);
        let total = table.report.total();
        let shown = |column: usize| table.figure(&COLUMNS[column], &total);
        assert!(matches!(shown(0), Figure::Count(1)));
        let Figure::Rate(rate) = shown(1) else { panic!("{:?}", shown(1)) };
        assert!((rate - 1.0 / seconds).abs() < 1e-9, "{rate}");
    }
}
