//! What a request costs, against the floor and the bar of the project: `cargo bench --bench requests`.
//!
//! It prints rows between tabs, of which `benches/run` makes a table; `-- --quick` only shows that everything runs. It
//! never fails because of a time: what must not grow is counted by `benches/gates`.

mod floor;
mod processor;
mod receiver;
mod table;
mod workloads;

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::pin::{Pin, pin};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use pynba::{Background, Reporter, ReporterBuilder, Rusage, Transport};

use floor::Floor;
use processor::Spent;
use receiver::Receiver;
use table::{Contender, Row, Run, calls, each, each_at_once, interleave};

const HOSTNAME: &str = "web7.example.org";
const SERVER_NAME: &str = "www.example.org";

/// Takes the packets and does nothing.
struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, packet: &[u8]) -> io::Result<()> {
        black_box(packet);
        Ok(())
    }
}

/// Packets that went to the receiver.
static SENT: AtomicU64 = AtomicU64::new(0);

/// Requests in one measurement: a millisecond or less.
const TIMES: u32 = 400;

fn main() {
    receiver::receive_if_asked();
    let run = Run::from_arguments();
    let receiver = Receiver::start();
    let bench = Bench { run, server: receiver.address };
    bench.warm_up();

    let mut rows = Vec::new();
    bench.workloads(&mut rows);
    bench.alone(&mut rows);
    bench.polls(&mut rows);
    bench.trouble(&mut rows);
    bench.background(&mut rows);
    let mut scaling = Vec::new();
    bench.lines(&mut scaling);
    bench.idle_threads(&mut scaling);
    bench.threads(&mut scaling);

    // The others found its buffer full.
    let (sent, taken) = (SENT.load(Ordering::Relaxed), receiver.stop());
    let share = u32::try_from(taken * 100 / sent).expect("a share");
    rows.push(Row::count("packets that the receiver took, of those sent to it", "%", share));
    table::print("requests", &rows);
    table::print("scaling", &scaling);
}

struct Bench {
    run: Run,
    server: SocketAddr,
}

impl Bench {
    /// Every workload, by hand and by us; what it is a ratio to stands next to it.
    fn workloads(&self, rows: &mut Vec<Row>) {
        let floors = [by_hand(self.server), by_hand(None)];
        let reporters = [
            self.reporter(Rusage::Off),
            nowhere(),
            self.reporter(Rusage::Thread),
            self.reporter(Rusage::Process),
        ];
        let (mut contenders, mut names) = (Vec::new(), Vec::new());
        for name in workloads::NAMES {
            let times = if name == "w100" { TIMES / 4 } else { TIMES };
            let [floor, floor_nowhere] = &floors;
            let by_hand = floor::named(name).expect("a workload");
            contenders.push(self.drained(times, move || by_hand(floor)));
            contenders.push(self.undelivered(times, move || by_hand(floor_nowhere)));
            let run = workloads::named(name).expect("a workload");
            let [off, nowhere, thread, process] = &reporters;
            contenders.push(self.drained(times, move || run(off)));
            contenders.push(self.undelivered(times, move || run(nowhere)));
            contenders.push(self.drained(times, move || run(thread)));
            contenders.push(self.drained(times, move || run(process)));
            names.push(name.to_uppercase());
        }
        let all = self.interleave(contenders);
        for (name, rounds) in names.iter().zip(all.chunks_exact(6)) {
            let row = |at: usize, what: &str| {
                Row::ratio(format!("{name}{what}"), &rounds[at], &rounds[0])
            };
            let bar =
                |row: Row, bars: &[(&str, f64, f64)]| match bars.iter().find(|(of, ..)| of == name)
                {
                    Some((_, gate, aim)) => row.bar(*gate, *aim),
                    None => row,
                };
            rows.push(row(0, ", F"));
            rows.push(row(1, ", F without `send`"));
            rows.push(bar(row(2, ""), &[("W10", 1.2, 0.85), ("W100", 0.9, 0.65)]));
            rows.push(row(3, " without `send`"));
            rows.push(bar(row(4, " with thread rusage"), &[("W10", 1.2, 1.0)]));
            rows.push(row(5, " with process rusage"));
        }
        // Contenders of W10 and W100, six to a workload.
        let one_more = |of: usize| {
            let pairs = all[2 * 6 + of].iter().zip(&all[3 * 6 + of]);
            pairs.map(|(ten, hundred)| (hundred - ten) / 90.0).collect::<Vec<_>>()
        };
        rows.push(Row::nanoseconds("one more timer, F", one_more(0)));
        rows.push(Row::nanoseconds("one more timer", one_more(2)).bar(55.0, 35.0));
    }

    /// A timer where no request is open, in a call of its own, which is part of what is said.
    fn alone(&self, rows: &mut Vec<Row>) {
        let all = self.interleave(vec![self.undelivered(20_000, workloads::one_timer)]);
        let what = "timer with no request open, in a function's call";
        rows.push(Row::nanoseconds(what, all[0].clone()).bar(2.0, 1.0));
    }

    fn polls(&self, rows: &mut Vec<Row>) {
        let (floor, reporter) = (by_hand(self.server), self.reporter(Rusage::Off));
        let all = self.interleave(vec![
            self.drained(TIMES, || floor::w10(&floor)),
            self.drained(TIMES, || poll(workloads::w10_async(&reporter))),
        ]);
        rows.push(Row::ratio("W10 in an `async fn` polled 11 times", &all[1], &all[0]));

        // By themselves, and without a pause: what is subtracted has to have been measured just before.
        let polls = if self.run.quick { 2 } else { 20_000 };
        let nowhere = nowhere();
        let all = self.interleave(vec![
            self.at_once(5, || poll(workloads::polled_bare(polls))),
            self.at_once(5, || poll(nowhere.monitor("polls", workloads::polled_bare(polls)))),
            self.at_once(5, || poll(workloads::polled(&nowhere, polls))),
        ]);
        let added = |with: usize| {
            let all = less(&all[with], &all[0]);
            all.iter().map(|all| all / f64::from(polls)).collect()
        };
        let future = Row::nanoseconds("added for each poll of a monitored future", added(1));
        rows.push(future.bar(3.0, 2.0));
        // The function's body is an `async` block in another one.
        rows.push(Row::nanoseconds("added for each poll of a monitored `async fn`", added(2)));
    }

    /// The cost of each timer does not grow with their number.
    fn lines(&self, rows: &mut Vec<Row>) {
        let numbers = [10, 100, 1000, 10_000];
        let reporter = nowhere();
        let contenders = numbers.map(|timers| {
            let reporter = &reporter;
            self.undelivered((20_000 / timers).max(2), move || {
                workloads::many(reporter, timers / 5);
            })
        });
        let all = self.interleave(contenders.into());
        for (timers, rounds) in numbers.into_iter().zip(&all) {
            let each = rounds.iter().map(|all| all / f64::from(timers)).collect();
            let mut what =
                format!("each of {timers} timers, their request included, without `send`");
            if timers == 10_000 {
                what += " (do not fit, and are merged)";
            }
            rows.push(Row::nanoseconds(what, each));
        }
    }

    /// The kernel adds up what all threads used when it is asked for the process.
    fn idle_threads(&self, rows: &mut Vec<Row>) {
        let (end, ended) = (Barrier::new(65), Barrier::new(65));
        thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| {
                    ended.wait();
                    end.wait();
                });
            }
            ended.wait();
            let floor = by_hand(self.server);
            let reporters =
                [Rusage::Off, Rusage::Thread, Rusage::Process].map(|it| self.reporter(it));
            let [off, thread, process] = &reporters;
            let all = self.interleave(vec![
                self.drained(TIMES, || floor::w10(&floor)),
                self.drained(TIMES, || workloads::w10(off)),
                self.drained(TIMES, || workloads::w10(thread)),
                self.drained(TIMES, || workloads::w10(process)),
            ]);
            let what = ["", " with thread rusage", " with process rusage"];
            for (what, rounds) in what.into_iter().zip(&all[1..]) {
                rows.push(Row::ratio(format!("W10{what}, 64 idle threads"), rounds, &all[0]));
            }
            end.wait();
        });
    }

    /// Nobody listens, or nobody takes what comes: not dearer than a server that does.
    fn trouble(&self, rows: &mut Vec<Row>) {
        // A port that was somebody's a moment ago is nobody's for a while.
        let absent = UdpSocket::bind(("127.0.0.1", 0)).and_then(|socket| socket.local_addr());
        let full = UdpSocket::bind(("127.0.0.1", 0)).expect("a socket");
        let drained = self.reporter(Rusage::Off);
        let absent = to(absent.expect("an address"), Rusage::Off);
        let to_full = to(full.local_addr().expect("an address"), Rusage::Off);
        for _ in 0..if self.run.quick { 0 } else { 2000 } {
            workloads::w10(&to_full);
        }
        let all = self.interleave(vec![
            self.drained(TIMES, || workloads::w10(&drained)),
            self.undelivered(TIMES, || workloads::w10(&absent)),
            self.undelivered(TIMES, || workloads::w10(&to_full)),
        ]);
        for (what, rounds) in
            ["W10, server absent", "W10, its buffer full"].into_iter().zip(&all[1..])
        {
            let row = Row::new(what, "of drained", table::ratios(rounds, &all[0]));
            rows.push(row.bar(1.0, None));
        }
    }

    fn threads(&self, rows: &mut Vec<Row>) {
        let (floor, floor_nowhere) = (by_hand(self.server), by_hand(None));
        let (reporter, nowhere) = (self.reporter(Rusage::Off), nowhere());
        let works: [(bool, &(dyn Fn() + Sync)); 4] = [
            (true, &|| floor::w10(&floor)),
            (true, &|| workloads::w10(&reporter)),
            (false, &|| floor::w10(&floor_nowhere)),
            (false, &|| workloads::w10(&nowhere)),
        ];
        let mut contenders = Vec::new();
        for (delivered, work) in works {
            for threads in [1, 2] {
                let times = self.run.times(1000);
                contenders.push(Contender::new(move || {
                    let measured = on_threads(threads, times, work);
                    if delivered {
                        SENT.fetch_add(u64::from(threads) * (1 + calls(times)), Ordering::Relaxed);
                    }
                    measured
                }));
            }
        }
        let all = self.interleave(contenders);
        rows.push(Row::ratio("W10 on 2 threads at once", &all[3], &all[1]));
        rows.push(Row::ratio("W10 on 2 threads at once without `send`", &all[7], &all[5]));
        for (what, at) in [(", F", 0), ("", 2), (" without `send`, F", 4), (" without `send`", 6)] {
            let what = format!("throughput of W10, 2 threads against 1{what}");
            let one = all[at].iter().map(|one| 2.0 * one).collect::<Vec<_>>();
            rows.push(Row::new(what, "×", table::ratios(&one, &all[at + 1])));
        }
    }

    /// What a request costs when another thread sends: processor time, because with the receiver there are three
    /// threads at work, and few processors.
    fn background(&self, rows: &mut Vec<Row>) {
        let floor = by_hand(self.server);
        let reporter = ours(Rusage::Off).server(self.server.to_string());
        let reporter = reporter.background(Background::new()).build().expect("a reporter");
        let times = self.run.times(TIMES);
        let queued = Cell::new(0);
        let by_background = || {
            queued.set(queued.get() + 1);
            workloads::w10(&reporter);
        };
        let is_sent = || {
            let stats = reporter.stats();
            stats.packets + stats.buffer_full + stats.queue_full == queued.get()
        };
        let processes = [const { RefCell::new(Vec::new()) }; 2];
        let contender = |spent: &dyn Fn() -> Spent, process: &RefCell<Vec<f64>>| {
            SENT.fetch_add(u64::from(processor::calls(times)), Ordering::Relaxed);
            let spent = spent();
            process.borrow_mut().push(spent.process);
            spent.thread
        };
        let spent_by_hand = || processor::spent(times, || floor::w10(&floor), || true);
        let spent = || processor::spent(times, by_background, is_sent);
        let threads = self.interleave(vec![
            Contender::new(|| contender(&spent_by_hand, &processes[0])),
            Contender::new(|| contender(&spent, &processes[1])),
        ]);
        let [floor, ours] = processes.map(RefCell::into_inner);
        let what = "W10 with a background sender, processor time of the";
        let row = Row::ratio(format!("{what} request's thread"), &threads[1], &threads[0]);
        rows.push(row.bar(0.5, 0.35));
        let row = Row::ratio(format!("{what} whole process"), &ours, &floor);
        rows.push(row.bar(0.9, 0.7));
    }

    /// Until the clock has found out what the counter is worth, which takes 50 ms and one more request.
    fn warm_up(&self) {
        let reporter = nowhere();
        let until = Instant::now() + Duration::from_millis(if self.run.quick { 0 } else { 300 });
        while Instant::now() < until {
            workloads::w10(&reporter);
        }
    }

    /// The rounds of each, in their order.
    fn interleave(&self, mut contenders: Vec<Contender<'_>>) -> Vec<Vec<f64>> {
        interleave(self.run.rounds(), &mut contenders);
        contenders.into_iter().map(|contender| contender.rounds).collect()
    }

    /// One whose packets go to the receiver.
    fn drained<'a>(&self, times: u32, request: impl Fn() + 'a) -> Contender<'a> {
        let times = self.run.times(times);
        Contender::new(move || {
            SENT.fetch_add(calls(times), Ordering::Relaxed);
            each(times, &request)
        })
    }

    fn undelivered<'a>(&self, times: u32, request: impl Fn() + 'a) -> Contender<'a> {
        let times = self.run.times(times);
        Contender::new(move || each(times, &request))
    }

    /// [`undelivered`](Self::undelivered), without pauses.
    fn at_once<'a>(&self, times: u32, request: impl Fn() + 'a) -> Contender<'a> {
        let times = self.run.times(times);
        Contender::new(move || each_at_once(times, &request))
    }

    fn reporter(&self, rusage: Rusage) -> Reporter {
        to(self.server, rusage)
    }
}

fn to(server: SocketAddr, rusage: Rusage) -> Reporter {
    ours(rusage).server(server.to_string()).build().expect("a reporter")
}

fn nowhere() -> Reporter {
    ours(Rusage::Off).transport(Nowhere).build().expect("a reporter")
}

fn ours(rusage: Rusage) -> ReporterBuilder {
    Reporter::builder().hostname(HOSTNAME).server_name(SERVER_NAME).rusage(rusage)
}

fn by_hand(server: impl Into<Option<SocketAddr>>) -> Floor {
    Floor::new(HOSTNAME, SERVER_NAME, server.into())
}

/// To its end, as executors do it: they know nothing of what they poll.
fn poll(future: impl Future<Output = ()>) {
    let mut future: Pin<&mut dyn Future<Output = ()>> = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    while black_box(&mut future).as_mut().poll(&mut context).is_pending() {}
}

fn less(measured: &[f64], other: &[f64]) -> Vec<f64> {
    measured.iter().zip(other).map(|(one, other)| one - other).collect()
}

/// Nanoseconds of a request when each of so many threads does as many as it can.
fn on_threads(threads: u32, times: u32, work: &(dyn Fn() + Sync)) -> f64 {
    let together = Barrier::new(threads as usize);
    let one = || {
        // What a thread needs it has before the others are kept waiting.
        work();
        together.wait();
        each_at_once(times, work)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        let all = threads.into_iter().map(|thread| thread.join().expect("a thread that ends"));
        let all: Vec<_> = all.collect();
        all.iter().sum::<f64>() / f64::from(u32::try_from(all.len()).unwrap_or(1))
    })
}
