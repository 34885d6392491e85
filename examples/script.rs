//! A batch job that shows itself: `cargo run --example script`
//!
//! It runs four jobs, each of which is a request, receives the datagrams that a Pinba server would receive,
//! and prints what was measured. One job fails, and says so by its status.
//!
//! With `PINBA_SERVER=host:port` it sends to that server instead.

use std::error::Error;
use std::time::Duration;
use std::{env, thread};

use pynba::testing::{Captured, Collector};
use pynba::{ScriptMonitor, Stats, tags};

/// Gives how many bytes it made.
type Job = fn(&ScriptMonitor) -> Result<u64, &'static str>;

const JOBS: [(&str, Job); 4] =
    [("import", import), ("invoices", invoices), ("mails", mails), ("clean-up", clean_up)];

fn run(monitor: &ScriptMonitor) -> Result<(), pynba::Error> {
    for (name, job) in JOBS {
        let done = job(monitor);
        monitor.set_script_name(name);
        monitor.set_status(if done.is_ok() { 200 } else { 500 });
        monitor.set_document_size(done.unwrap_or(0));
        // Tags stay for the next job; `None` takes one away.
        monitor.tag("error", done.err());
        monitor.send()?; // one request; the next one begins
    }
    Ok(())
}

fn import(monitor: &ScriptMonitor) -> Result<u64, &'static str> {
    connect(monitor, "ftp")?;
    let mut bytes = 0;
    for file in ["customers.csv", "orders.csv"] {
        {
            let _timer = monitor.timer(tags!(group = "ftp", op = "get", file));
            pretend_to_work(3);
            bytes += 48_000;
        }
        // A guard ends where it is dropped, or where it is told to.
        let insert = monitor.timer(tags!(group = "db", op = ["insert", "batch"], file));
        pretend_to_work(5);
        insert.set_hit_count(100); // a hundred rows in one go
        insert.stop();
    }
    Ok(bytes)
}

fn invoices(monitor: &ScriptMonitor) -> Result<u64, &'static str> {
    connect(monitor, "db")?;
    let bytes = (0..3).map(|_| {
        let _timer = monitor.timer(tags!(group = "render", template = { name = "invoice" }));
        pretend_to_work(4);
        20_000
    });
    Ok(bytes.sum())
}

fn mails(monitor: &ScriptMonitor) -> Result<u64, &'static str> {
    connect(monitor, "smtp")?;
    Ok(1_000)
}

fn clean_up(monitor: &ScriptMonitor) -> Result<u64, &'static str> {
    connect(monitor, "db")?;
    pretend_to_work(2);
    // What something else has measured already.
    monitor.add_timer(tags!(group = "disk", op = "unlink"), Duration::from_micros(1500), 12);
    Ok(0)
}

fn connect(monitor: &ScriptMonitor, host: &str) -> Result<(), &'static str> {
    let _timer = monitor.timer(tags!(op = "connect", host));
    pretend_to_work(1);
    if host == "smtp" { Err("connection refused") } else { Ok(()) }
}

fn pretend_to_work(milliseconds: u64) {
    thread::sleep(Duration::from_millis(milliseconds));
}

fn main() -> Result<(), Box<dyn Error>> {
    let collector = Collector::bind()?;
    let elsewhere = env::var("PINBA_SERVER").ok();
    let servers = elsewhere.clone().unwrap_or_else(|| collector.address().to_string());

    let monitor = monitor(&servers)?;
    run(&monitor)?;
    let stats = monitor.reporter().stats();
    if stats == Stats::default() {
        println!("nothing is recorded: no feature `enable`, or PINBA_ENABLED=0");
        return Ok(());
    }
    if elsewhere.is_none() {
        println!("{} jobs, as Pinba receives them\n", JOBS.len());
        for (name, _) in JOBS {
            let request = collector.recv(Duration::from_secs(5));
            print_request(&request.ok_or_else(|| format!("{name} was not received"))?);
        }
    }
    println!("to {servers}: {stats}");
    if stats.refused > 0 { Err("nobody listens there".into()) } else { Ok(()) }
}

// Without `raise_on_fail`, `send` would count failures and go on.
fn monitor(servers: &str) -> Result<ScriptMonitor, pynba::Error> {
    ScriptMonitor::builder()
        .reporter(|reporter| reporter.servers(servers).prefix("nightly/").tag("run", "example"))
        .raise_on_fail(true)
        .build()
}

fn print_request(request: &Captured) {
    let status = request.status.unwrap_or_default();
    let seconds = request.request_time;
    println!("┌ {:<28} {status}  {:>7.2} ms", request.script_name, seconds * 1000.0);
    println!("│ {}", pairs(&request.tags()));
    for timer in request.timers() {
        // A twentieth of the request for each block, one at least.
        let share = timer.value / seconds * 20.0;
        let blocks = (1..=20_u8).filter(|&block| f32::from(block) <= share).count();
        let bar = "█".repeat(blocks.max(1));
        let (value, hits) = (timer.value * 1000.0, timer.hit_count);
        println!("├ {value:>7.2} ms ×{hits:<3}  {bar:<20}  {}", pairs(&timer.tags));
    }
    println!("└ {} bytes made, on {}\n", request.document_size, request.hostname);
}

fn pairs(tags: &[(String, String)]) -> String {
    let pairs: Vec<String> = tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("  ")
}
