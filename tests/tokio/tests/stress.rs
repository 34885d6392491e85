//! Ten thousand requests on a few threads, hundreds at a time, doing everything that asynchronous code does: each
//! packet arrives, and each timer is in the right one.
//!
//! `PYNBA_STRESS_ROUNDS=100 cargo test --release -p pynba-tests-tokio --test stress` does it a hundred times.

use std::collections::HashMap;
use std::env;
use std::future::pending;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use pynba::testing::Captured;
use pynba::{Tags, Timer, current, monitor, task, timer};
use pynba_tests_tokio::{ROOM, Server};
use tokio::runtime::Builder;
use tokio::sync::{Barrier, oneshot};
use tokio::task::{JoinSet, yield_now};
use tokio::time::{sleep, timeout};
use tokio::{join, select};

const REQUESTS: u32 = 10_000;

/// So many are open at once at least: each waits for the others of its group.
const AT_ONCE: u32 = 250;

/// The request itself and those inside it.
const PACKETS: u32 = 4;

/// Enough for `AT_ONCE`, and some more.
const LANES: usize = (AT_ONCE * PACKETS) as usize / ROOM + 7;

/// Nothing takes so long, unless something was lost.
const WAIT: Duration = Duration::from_secs(120);

/// How a request ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    Returns,
    /// With an error, of which only `#[monitor]` knows.
    Fails,
    /// After a blocking task has set the status.
    NotFound,
    Panics,
    /// Its future is dropped.
    Dropped,
    /// Its task is aborted.
    Aborted,
}

/// What there is to know about a request, from its number.
#[derive(Clone, Copy, Debug)]
struct Plan {
    number: u32,
    end: End,
    /// Whether it is `#[monitor]` that monitors, or `Reporter::monitor`.
    by_macro: bool,
    /// Whether it leaves a task behind that measures on.
    leaves: bool,
}

impl Plan {
    fn of(number: u32) -> Self {
        let end = match number % 11 {
            0..=4 => End::Returns,
            5 => End::Fails,
            6..=7 => End::NotFound,
            8 => End::Panics,
            9 => End::Dropped,
            _ => End::Aborted,
        };
        Self { number, end, by_macro: number.is_multiple_of(2), leaves: number.is_multiple_of(3) }
    }

    fn status(self) -> u32 {
        match self.end {
            End::Fails if self.by_macro => 500,
            End::Returns | End::Fails => 200,
            End::NotFound => 404,
            End::Panics => 500,
            End::Dropped | End::Aborted => 499,
        }
    }

    /// What its packets say: names, statuses, and the timers in order.
    fn packets(self) -> [(String, u32, Vec<&'static str>); PACKETS as usize] {
        let inner = |name| format!("/{}/{name}", self.number);
        let mut timers = vec![
            "abandoned",
            "across",
            "added",
            "await",
            "blocking",
            "by hand",
            "deeper",
            "end",
            "given",
            "joined",
            "joined",
            "loser",
            "moved",
            "spawned",
            "spawned",
            "thrown",
            "winner",
        ];
        timers.sort_unstable();
        [
            (format!("/{}", self.number), self.status(), timers),
            (inner("joined"), 200, vec!["inner", "inner spawned"]),
            (inner("spawned"), 200, vec!["inner", "inner spawned"]),
            (inner("blocking"), 200, vec!["sync"]),
        ]
    }
}

/// What a request tells the one who makes it, and the other way round.
struct Signals {
    /// It has done everything, and waits to be dropped.
    ready: oneshot::Sender<()>,
    /// It is over; what it has left behind goes on.
    over: oneshot::Receiver<()>,
    /// What it has left behind is at its end.
    done: oneshot::Sender<()>,
}

/// Lets others run, differently for each.
async fn pause(number: u32) {
    for _ in 0..number % 4 {
        yield_now().await;
    }
    if number.is_multiple_of(29) {
        sleep(Duration::from_millis(1)).await;
    }
}

async fn step(number: u32, at: &'static str) {
    let _timer = timer!(request = number, at);
    pause(number).await;
}

/// A request inside another one.
async fn inner(server: Arc<Server>, number: u32, name: &'static str) {
    #[monitor(server.reporter(number), script_name = format!("/{number}/{name}"), tags(request = number))]
    async fn by_macro(server: &Server, number: u32, name: &str) {
        inner_work(number).await;
    }
    if number.is_multiple_of(2) {
        by_macro(&server, number, name).await;
    } else {
        let work = async {
            current().tag("request", number);
            inner_work(number).await;
        };
        server.reporter(number).monitor(format!("/{number}/{name}"), work).await;
    }
}

async fn inner_work(number: u32) {
    let timer = timer!(request = number, at = "inner");
    pause(number + 1).await;
    task::spawn(step(number, "inner spawned")).await.unwrap();
    drop(timer);
}

#[monitor(server.reporter(number), script_name = format!("/{number}/blocking"), tags(request = number))]
fn inner_blocking(server: &Server, number: u32) {
    timer!(request = number, at = "sync" => std::hint::black_box(number));
}

/// Everything a request does.
async fn work(
    server: Arc<Server>,
    gate: Arc<Barrier>,
    plan: Plan,
    signals: Signals,
) -> Result<(), ()> {
    let Plan { number, .. } = plan;
    let across = timer!(request = number, at = "across");
    join!(step(number, "joined"), inner(server.clone(), number, "joined"), step(number, "joined"),);
    gate.wait().await;
    spawned(&server, number).await;
    blocking(&server, plan).await;
    given_away(number).await;
    select! {
        () = async {
            let _timer = timer!(request = number, at = "winner");
            // The other one is polled meanwhile.
            yield_now().await;
            yield_now().await;
        } => {}
        () = async {
            let _timer = timer!(request = number, at = "loser");
            pending::<()>().await;
        } => {}
    }
    timer!(request = number, at = "await" => pause(number + 2).await);
    drop(across);
    end(plan, signals).await
}

async fn spawned(server: &Arc<Server>, number: u32) {
    let deep = async move {
        let _timer = timer!(request = number, at = "spawned");
        let deeper = task::spawn(step(number, "deeper"));
        pause(number + 3).await;
        deeper.await.unwrap();
    };
    let other = {
        let server = server.clone();
        async move {
            let _timer = timer!(request = number, at = "spawned");
            inner(server, number, "spawned").await;
            current().add_timer(timer_tags(number, "added"), Duration::from_millis(1), 1);
        }
    };
    let (deep, other) = (task::spawn(deep), task::spawn(other));
    let (deep, other) = join!(deep, other);
    deep.and(other).unwrap();
}

async fn blocking(server: &Arc<Server>, plan: Plan) {
    let (server, number) = (server.clone(), plan.number);
    let work = move || {
        let _timer = timer!(request = number, at = "blocking");
        inner_blocking(&server, number);
        if plan.end == End::NotFound {
            current().set_status(404);
        }
    };
    task::spawn_blocking(work).await.unwrap();
}

/// Timers that end elsewhere: in tasks that know of the request, or do not, or are not waited for.
async fn given_away(number: u32) {
    let moved = timer!(request = number, at = "moved");
    let thrown = timer!(request = number, at = "thrown");
    let abandoned = timer!(request = number, at = "abandoned");
    let by_hand = Timer::new(timer_tags(number, "by hand"));
    by_hand.start().unwrap();
    tokio::spawn(async move {
        pause(number).await;
        drop(abandoned);
    });
    let given = task::spawn(async move { timer!(request = number, at = "given") });
    let (moved, thrown, given) = join!(
        task::spawn_blocking(move || {
            moved.set_hit_count(2);
            drop(moved);
        }),
        tokio::spawn(async move {
            yield_now().await;
            by_hand.stop().unwrap();
            thrown.set_hit_count(2);
            drop(thrown);
        }),
        given
    );
    moved.and(thrown).unwrap();
    given.unwrap().stop();
}

fn timer_tags(number: u32, at: &'static str) -> Tags {
    Tags::new().with("request", number).with("at", at)
}

async fn end(plan: Plan, signals: Signals) -> Result<(), ()> {
    let Signals { ready, over, done } = signals;
    let number = plan.number;
    if plan.leaves {
        let (begun, has_begun) = oneshot::channel();
        task::spawn(async move {
            let timer = timer!(request = number, at = "late");
            begun.send(()).unwrap();
            over.await.unwrap();
            timer.tag("still", "open");
            drop(timer);
            current().set_status(999);
            drop(timer!(request = number, at = "too late"));
            done.send(()).unwrap();
        });
        has_begun.await.unwrap();
    }
    let _runs_to_the_end = timer!(request = number, at = "end");
    match plan.end {
        End::Returns | End::NotFound => Ok(()),
        End::Fails => Err(()),
        End::Panics => resume_unwind(Box::new("on purpose")),
        End::Dropped | End::Aborted => {
            ready.send(()).unwrap();
            pending().await
        }
    }
}

async fn request(server: Arc<Server>, gate: Arc<Barrier>, plan: Plan, signals: Signals) {
    #[monitor(
        server.reporter(plan.number),
        script_name = format!("/{}", plan.number),
        tags(request = plan.number)
    )]
    async fn by_macro(
        server: Arc<Server>,
        gate: Arc<Barrier>,
        plan: Plan,
        signals: Signals,
    ) -> Result<(), ()> {
        work(server, gate, plan, signals).await
    }
    let number = plan.number;
    let _ = if plan.by_macro {
        by_macro(server, gate, plan, signals).await
    } else {
        let reporter = server.reporter(number).clone();
        let work = async move {
            current().tag("request", number);
            work(server, gate, plan, signals).await
        };
        reporter.monitor(format!("/{number}"), work).await
    };
}

/// Makes a request, and brings it to its end.
async fn make(server: Arc<Server>, gate: Arc<Barrier>, plan: Plan) {
    let (ready, is_ready) = oneshot::channel();
    let (is_over, over) = oneshot::channel();
    let (done, is_done) = oneshot::channel();
    let request = request(server, gate, plan, Signals { ready, over, done });
    match plan.end {
        End::Returns | End::Fails | End::NotFound => request.await,
        End::Panics => assert!(tokio::spawn(request).await.unwrap_err().is_panic()),
        End::Dropped => select! {
            () = request => unreachable!("it waits"),
            ready = is_ready => ready.unwrap(),
        },
        End::Aborted => {
            let request = tokio::spawn(request);
            is_ready.await.unwrap();
            request.abort();
            assert!(request.await.unwrap_err().is_cancelled());
        }
    }
    if plan.leaves {
        is_over.send(()).unwrap();
        is_done.await.unwrap();
    }
}

async fn run(server: &Arc<Server>) {
    // One for each group: if the first who come passed, a lane might be full of those who wait.
    let mut gate = Arc::new(Barrier::new(AT_ONCE as usize));
    let mut requests = JoinSet::new();
    for number in 0..REQUESTS {
        if number.is_multiple_of(AT_ONCE) {
            gate = Arc::new(Barrier::new(AT_ONCE as usize));
        }
        let room = timeout(WAIT, server.room(number, PACKETS)).await;
        room.unwrap_or_else(|_| {
            panic!("packets are missing before {number}: {:?}", server.stats())
        });
        requests.spawn(make(server.clone(), gate.clone(), Plan::of(number)));
        while let Some(request) = requests.try_join_next() {
            request.unwrap();
        }
    }
    let rest = async {
        while let Some(request) = requests.join_next().await {
            request.unwrap();
        }
    };
    timeout(WAIT, rest).await.expect("all requests come to their ends");
}

fn check(packets: &[Captured]) {
    let plans = (0..REQUESTS).map(Plan::of);
    let mut expected: HashMap<_, _> = plans
        .flat_map(|plan| {
            plan.packets().map(|(name, status, timers)| (name, (plan, status, timers)))
        })
        .collect();
    for packet in packets {
        let name = &packet.script_name;
        let (plan, status, timers) =
            expected.remove(name).unwrap_or_else(|| panic!("{name} is unknown, or there twice"));
        let number = plan.number.to_string();
        assert_eq!((packet.status, packet.request_count), (Some(status), 1), "{plan:?} {packet:?}");
        assert_eq!(packet.tags(), [("request".to_owned(), number.clone())], "{plan:?} {packet:?}");
        let measured = packet.timers();
        let mut at: Vec<_> = measured.iter().map(|timer| timer.tags[0].1.as_str()).collect();
        at.sort_unstable();
        assert_eq!(at, timers, "{plan:?} {packet:?}");
        let is_own = |(name, value): &(String, String)| name == "request" && *value == number;
        for timer in &measured {
            assert!(timer.tags.len() == 2 && is_own(&timer.tags[1]), "{plan:?} {packet:?}");
            // Said elsewhere, of timers that were made here.
            let hits = if ["moved", "thrown"].contains(&&*timer.tags[0].1) { 2 } else { 1 };
            assert_eq!(timer.hit_count, hits, "{plan:?} {packet:?}");
            assert!(timer.value <= packet.request_time, "{plan:?} {packet:?}");
        }
    }
    assert!(expected.is_empty(), "{} packets are missing", expected.len());
}

fn stress(server: Server, workers: usize) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers)
        .max_blocking_threads(8)
        .enable_time()
        .build()
        .unwrap();
    let server = Arc::new(server);
    runtime.block_on(run(&server));
    drop(runtime); // ends the tasks that nobody has waited for
    let server = Arc::try_unwrap(server).expect("all tasks have ended");

    let stats = server.stats();
    let sum = |of: fn(&pynba::Stats) -> u64| stats.iter().map(of).sum::<u64>();
    let packets = server.into_packets();
    check(&packets);
    assert_eq!(sum(|stats| stats.packets), packets.len() as u64);
    let left = (0..REQUESTS).filter(|number| Plan::of(*number).leaves).count() as u64;
    assert_eq!(sum(|stats| stats.late_timers), 2 * left);
    let lost = |stats: &pynba::Stats| {
        stats.dropped_changes + stats.dropped_tags + stats.dropped_timers + stats.merged_timers
    };
    assert_eq!(sum(lost), 0);
}

fn rounds() -> usize {
    env::var("PYNBA_STRESS_ROUNDS").map_or(1, |rounds| rounds.parse().expect("a number"))
}

#[test]
fn every_packet_arrives_with_its_own_timers() {
    for round in 0..rounds() {
        stress(Server::udp(LANES).unwrap(), 2 + round % 3);
    }
}

#[test]
fn every_packet_is_given_to_a_transport_with_its_own_timers() {
    for round in 0..rounds() {
        stress(Server::transport(2 * (AT_ONCE * PACKETS) as usize).unwrap(), 4 - round % 3);
    }
}
