//! Workers at a queue that show themselves: `cargo run --example worker`
//!
//! Three threads take jobs from a channel, and each job is a request. What a Pinba server would receive is
//! summed up here, for each thread and kind of job.
//!
//! With `PINBA_SERVER=host:port` that server receives it, too.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{env, thread};

use pynba::testing::{Captured, Collector};
use pynba::{Reporter, Stats, monitor, timed, timer};

const WORKERS: usize = 3;
const JOBS: usize = 30;

struct Job {
    id: usize,
    kind: &'static str,
}

// One request for each job, sent when it is done. Without `status`, an `Err` is 500.
#[monitor(prefix = "jobs/", script_name = job.kind, tags(worker, queue = "default"))]
fn work(worker: usize, job: &Job) -> Result<(), &'static str> {
    let bytes = load(job.id);
    timer!(group = "cpu", op = job.kind => pretend_to_work(2 + bytes % 5));
    store(job.id, bytes).inspect_err(|error| pynba::current().tag("error", error))
}

#[timed(group = "db", op = "select")]
fn load(id: usize) -> u64 {
    pretend_to_work(1);
    id as u64 * 7
}

// The expressions of the attribute may use the arguments.
#[timed(group = "db", op = ["insert", "update"], shard = id % 2)]
fn store(id: usize, bytes: u64) -> Result<(), &'static str> {
    pretend_to_work(1 + bytes % 2);
    if id % 10 == 7 { Err("deadlock") } else { Ok(()) }
}

fn pretend_to_work(milliseconds: u64) {
    thread::sleep(Duration::from_millis(milliseconds));
}

fn run(worker: usize, queue: &Mutex<Receiver<Job>>) {
    while let Some(job) = next(queue) {
        if let Err(error) = work(worker, &job) {
            println!("worker {worker}, job {}: {error}", job.id);
        }
    }
}

// In a function of its own, so that the queue is unlocked before the job begins.
fn next(queue: &Mutex<Receiver<Job>>) -> Option<Job> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

fn main() -> Result<(), Box<dyn Error>> {
    let collector = Collector::bind()?;
    let mut reporter = Reporter::builder().server(collector.address().to_string());
    if let Ok(servers) = env::var("PINBA_SERVER") {
        reporter = reporter.servers(servers);
    }
    let reporter = reporter.build()?;
    pynba::set_reporter(reporter.clone());

    let (jobs, queue) = mpsc::sync_channel(WORKERS);
    let queue = Mutex::new(queue);
    thread::scope(|scope| {
        for worker in 1..=WORKERS {
            let queue = &queue;
            scope.spawn(move || run(worker, queue));
        }
        for (id, kind) in (0..JOBS).zip(["thumbnail", "mail", "report"].into_iter().cycle()) {
            jobs.send(Job { id, kind })?;
        }
        drop(jobs); // which ends the workers when the queue is empty
        Ok::<(), mpsc::SendError<Job>>(())
    })?;

    if reporter.stats() == Stats::default() {
        println!("nothing is recorded: no feature `enable`, or PINBA_ENABLED=0");
        return Ok(());
    }
    let requests: Vec<Captured> =
        (0..JOBS).map_while(|_| collector.recv(Duration::from_secs(5))).collect();
    println!("\n{} jobs by {WORKERS} workers, as Pinba receives them\n", requests.len());
    print_jobs(&requests);
    print_timers(&requests);
    println!("{}", reporter.stats());
    if requests.len() < JOBS { Err("not every job was received".into()) } else { Ok(()) }
}

fn print_jobs(requests: &[Captured]) {
    let mut rows: BTreeMap<_, (Vec<f32>, usize)> = BTreeMap::new();
    for request in requests {
        let tags = request.tags();
        let worker = tags.into_iter().find(|(name, _)| name == "worker");
        let key = (worker.map(|(_, value)| value), &request.script_name);
        let (times, failed) = rows.entry(key).or_default();
        times.push(request.request_time * 1000.0);
        *failed += usize::from(request.status != Some(200));
    }
    println!("┌────────┬──────────────────┬──────┬────────┬──────────┬──────────┐");
    println!("│ worker │ script           │ jobs │ failed │   p50 ms │   max ms │");
    println!("├────────┼──────────────────┼──────┼────────┼──────────┼──────────┤");
    for ((worker, script), (mut times, failed)) in rows {
        times.sort_by(f32::total_cmp);
        let (worker, jobs) = (worker.unwrap_or_default(), times.len());
        let (p50, max) = (times[(jobs - 1) / 2], times[jobs - 1]);
        println!(
            "│ {worker:>6} │ {script:<16} │ {jobs:>4} │ {failed:>6} │ {p50:>8.2} │ {max:>8.2} │"
        );
    }
    println!("└────────┴──────────────────┴──────┴────────┴──────────┴──────────┘\n");
}

fn print_timers(requests: &[Captured]) {
    let mut rows: BTreeMap<String, (f32, u32)> = BTreeMap::new();
    for timer in requests.iter().flat_map(Captured::timers) {
        let tags: Vec<_> =
            timer.tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (seconds, hits) = rows.entry(tags.join("  ")).or_default();
        *seconds += timer.value;
        *hits += timer.hit_count;
    }
    for (tags, (seconds, hits)) in rows {
        println!("{:>9.2} ms in {hits:>2}  {tags}", seconds * 1000.0);
    }
    println!();
}
