//! `pynba demo`: the traffic of a shop that does not exist.

mod calendar;
mod catalogue;
mod running;
mod sender;
mod shop;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pynba_runtime::{Reporter, ReporterBuilder, Rusage};

use crate::counted::Sent;
use crate::output::print;
use crate::tell::tell;
use crate::until::Until;
use crate::{Outcome, sending, units};

pub(crate) use self::running::Running;

use self::sender::run_until;
use self::shop::{Plan, Shop};

/// Send the believable traffic of a small shop
#[derive(Debug, clap::Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
Three sites on seven hosts, one of them slow; quiet nights, a rush hour in the
evening, a release at 14:00 that makes the search slow until it is taken back
at 18:00, payments that fail from 20:00 to 21:00. It begins at 10:00. All times
are made up. PINBA_SERVER does not count: made-up data goes only where you say.

  pynba demo --for 1m --rate 50      and in another terminal: pynba top
  pynba top --demo                   both in one"
)]
pub(crate) struct Args {
    /// Repeatable
    #[arg(short, long, value_name = "HOST:PORT", value_delimiter = ',')]
    #[arg(value_parser = sending::server, default_value = sending::DEFAULT_SERVER)]
    server: Vec<String>,
    /// How long
    #[arg(long = "for", value_name = "TIME", value_parser = units::time, default_value = "5m")]
    duration: Duration,
    /// Requests a second at noon
    #[arg(long, value_name = "NUMBER", value_parser = rate, default_value_t = Plan::default().rate)]
    rate: f64,
    /// How long a day of the shop takes [default: 1m]
    #[arg(long, value_name = "TIME", value_parser = day)]
    day: Option<Duration>,
    /// End after so many requests
    #[arg(long, value_name = "NUMBER", value_parser = units::count::<u64>)]
    #[arg(default_value_t = 1_000_000)]
    count: u64,
    /// The same seed gives the same requests
    #[arg(long, value_name = "NUMBER", value_parser = units::count::<u64>)]
    #[arg(default_value_t = Plan::default().seed)]
    seed: u64,
}

fn rate(text: &str) -> Result<f64, &'static str> {
    let rate = text.parse().ok().filter(|rate| (0.1..=10_000.0).contains(rate));
    rate.ok_or("write a number from 0.1 to 10000")
}

fn day(text: &str) -> Result<Duration, String> {
    let day = units::time(text)?;
    if day < Duration::from_secs(1) {
        return Err("a day takes a second at least".to_owned());
    }
    Ok(day)
}

pub(crate) fn run(args: Args) -> Outcome {
    let Args { server, duration, rate, day, count, seed } = args;
    let plan = Plan { seed, rate, day: day.unwrap_or(Plan::default().day) };
    if !sending::is_enabled() {
        tell("nothing is sent, PINBA_ENABLED says so");
        return Ok(ExitCode::SUCCESS);
    }
    let reporter = reporter(&server)?;
    let until = Until::over(None)?;

    let begin = format!(
        "A small shop sends some {rate} requests/s to {} for {}; see them with `pynba top`.\n",
        server.join(", "),
        humantime::format_duration(duration),
    );
    print(begin.as_bytes())?;
    let shop = Shop::new(plan);
    let visits = shop.take_while(|visit| visit.at < duration);
    let visits = visits.take(usize::try_from(count).unwrap_or(usize::MAX));
    run_until(|| until.is_over(), &reporter, visits);
    let stats = reporter.stats();
    print(format!("Sent {}.\n", Sent(stats)).as_bytes())?;
    Ok(if stats.packets > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One that says once what goes wrong.
fn reporter(servers: &[String]) -> Result<Reporter, pynba_runtime::Error> {
    let builder = servers.iter().cloned().fold(Reporter::builder(), ReporterBuilder::server);
    let complained = AtomicBool::new(false);
    let builder = builder.rusage(Rusage::Off).on_error(move |error| {
        if !complained.swap(true, Ordering::Relaxed) {
            tell(error);
        }
    });
    builder.build()
}
