//! After the first few requests, recording and sending allocate nothing.
#![cfg(feature = "enable")]

use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use allocation_counter::measure;
use pynba::testing::Collector;
use pynba::{Reporter, current, monitor, timed, timer};

#[path = "../benches/workloads/mod.rs"]
mod workloads;

/// Allocations of a later run, with real sends to a real socket.
fn allocations(run: impl Fn(&Reporter)) -> u64 {
    allocations_with(1, run)
}

/// The same with so many servers.
fn allocations_with(servers: usize, run: impl Fn(&Reporter)) -> u64 {
    let collectors: Vec<_> = (0..servers).map(|_| Collector::bind().unwrap()).collect();
    let addresses = collectors.iter().map(|collector| collector.address().to_string());
    let reporter = addresses.fold(Reporter::builder(), pynba::ReporterBuilder::server);
    let reporter = reporter.build().unwrap();
    let count = || {
        let count = measure(|| run(&reporter)).count_total;
        for collector in &collectors {
            assert!(collector.recv(Duration::from_secs(10)).is_some(), "it must really send");
        }
        count
    };
    (0..3).for_each(|_| _ = count());
    count()
}

#[test]
fn the_counter_counts() {
    assert_eq!(measure(|| drop(std::hint::black_box(Box::new(1)))).count_total, 1);
}

#[test]
fn a_timer_of_literals_allocates_nothing() {
    #[monitor(reporter)]
    fn handler(reporter: &Reporter) {
        for _ in 0..10 {
            let _timer = timer!(foo = "bar", baz = ["seq1", "seq2"], qux = { map1 = "val1" });
            timer!(n = -1, f = 1.5, b = true => ());
        }
    }
    assert_eq!(allocations(handler), 0);
}

#[test]
fn tags_made_at_run_time_use_the_requests_memory() {
    #[timed(group = "mail", to)]
    fn send_mail(to: &str) {}

    #[monitor(reporter)]
    fn handler(reporter: &Reporter) -> Result<u32, std::fmt::Error> {
        for n in 0..10_u32 {
            let _timer =
                timer!(group = "db", n, half = f64::from(n) / 2.0, text = %n, lazy = || [n, 1]);
            timer!(list = ["a", n], map = { fixed = "x", n } => send_mail("someone"));
        }
        current().tag("n", 5);
        Ok(1)
    }
    assert_eq!(allocations(|reporter| _ = handler(reporter)), 0);
}

#[test]
fn request_tags_and_names_allocate_nothing() {
    #[monitor(
        reporter,
        tags(kind = "test", n),
        script_name = "/n",
        schema = "https",
        prefix = "p:"
    )]
    fn handler(reporter: &Reporter, n: u32) {
        current().tag("n", n + 1);
        current().set_hostname("web1");
    }
    assert_eq!(allocations(|reporter| handler(reporter, 5)), 0);
}

/// `benches/run` makes rows of its table of what this prints.
#[test]
fn what_the_table_shows_allocates_nothing() {
    let rows = [
        ("W10", allocations(workloads::w10)),
        ("W100", allocations(workloads::w100)),
        ("D10", allocations(workloads::d10)),
        ("two W10 inside a request", allocations(nested)),
        ("W10, three servers", allocations_with(3, workloads::w10)),
        ("W10 in an `async fn`", allocations(asynchronous)),
        ("W10 through a `Handle`", allocations(through_a_handle)),
        ("W10 through a `Handle` on another thread", through_a_handle_elsewhere()),
    ];
    for (what, count) in rows {
        println!("allocations\t{what}, allocations\t\t{count}\t{count}\t{count}\t\t0\t0");
    }
    assert!(rows.iter().all(|(_, count)| *count == 0), "{rows:?}");
}

#[monitor(reporter)]
fn nested(reporter: &Reporter) {
    let _timer = timer!(group = "outer");
    workloads::w10(reporter);
    workloads::w10(reporter);
}

fn asynchronous(reporter: &Reporter) {
    let mut future = pin!(workloads::w10_async(reporter));
    while future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {}
}

fn through_a_handle(reporter: &Reporter) {
    let _request = reporter.open("/w10");
    current().handle().unwrap().run(ten_timers);
}

/// Of the thread that makes the timers, and of the one that sends them.
fn through_a_handle_elsewhere() -> u64 {
    let collector = Collector::bind().unwrap();
    let reporter = Reporter::builder().server(collector.address().to_string()).build().unwrap();
    let count = || {
        let request = reporter.open("/w10");
        let handle = current().handle().unwrap();
        let there = thread::scope(|scope| {
            let there = scope.spawn(|| {
                handle.run(ten_timers); // the thread's own memory
                measure(|| handle.run(ten_timers)).count_total
            });
            there.join().unwrap()
        });
        let here = measure(|| drop((request, handle))).count_total;
        let sent = collector.recv(Duration::from_secs(10)).expect("it must really send");
        assert_eq!(sent.timers().len(), 20);
        here + there
    };
    (0..3).for_each(|_| _ = count());
    count()
}

fn ten_timers() {
    workloads::five_timers();
    workloads::five_timers();
}

#[test]
fn a_dead_server_allocates_nothing() {
    // The socket keeps the port from anybody else, and is not read from; the port of a socket that is
    // connected elsewhere refuses what others send to it.
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    taken.connect("127.0.0.1:9").unwrap();
    let dead = taken.local_addr().unwrap();
    let reporter = Reporter::builder().server(dead.to_string()).build().unwrap();
    let run = || drop(reporter.open("test"));
    (0..5).for_each(|_| run());
    assert_eq!(measure(run).count_total, 0);
    assert!(reporter.stats().refused > 0, "{:?}", reporter.stats());
}

#[test]
fn a_server_given_by_name_allocates_nothing() {
    let collector = Collector::bind().unwrap();
    let server = format!("localhost:{}", collector.address().port());
    let reporter = Reporter::builder().server(server).build().unwrap();
    let run = || drop(reporter.open("test"));
    for _ in 0..3 {
        run();
        assert!(collector.recv(Duration::from_secs(10)).is_some());
    }
    assert_eq!(measure(run).count_total, 0);
}

#[test]
fn merging_splitting_and_flushing_allocate_nothing() {
    struct Nowhere;
    impl pynba::Transport for Nowhere {
        fn send(&self, _: &[u8]) -> std::io::Result<()> {
            Ok(())
        }
    }
    let reporter = Reporter::builder().transport(Nowhere).max_datagram(1472).build().unwrap();
    let run = || {
        let request = reporter.open("test");
        for n in 0..500 {
            let _timer = timer!(group = "db", n = n % 400);
        }
        request.current().flush();
        let _running = timer!(group = "mail", running = true);
        timer!(group = "mail" => ());
        request.current().flush_with(pynba::FlushOptions::new().only_stopped(true).reset(true));
    };
    (0..3).for_each(|_| run());
    assert_eq!(measure(run).count_total, 0);
    let stats = reporter.stats();
    assert!(stats.packets > 8 && stats.merged_timers >= 400, "{stats}");
}

#[test]
fn outside_a_request_a_timer_allocates_nothing() {
    let text = String::from("text");
    let count = measure(|| {
        let _timer = timer!(group = "db", text, lazy = || text.clone());
    });
    assert_eq!(count.count_total, 0);
}

#[test]
fn a_background_sender_allocates_nothing_on_the_requests_thread() {
    /// Stands still until it is opened.
    #[derive(Clone, Default)]
    struct Gate(std::sync::Arc<(std::sync::Mutex<bool>, std::sync::Condvar)>);

    impl pynba::Transport for Gate {
        fn send(&self, _: &[u8]) -> std::io::Result<()> {
            let is_open = self.0.0.lock().unwrap();
            drop(self.0.1.wait_while(is_open, |is_open| !*is_open).unwrap());
            Ok(())
        }
    }

    #[monitor(reporter)]
    fn handler(reporter: &Reporter) {
        for _ in 0..10 {
            let _timer = timer!(foo = "bar", baz = ["seq1", "seq2"], qux = { map1 = "val1" });
        }
    }

    let gate = Gate::default();
    let background = pynba::Background::new().capacity(128);
    let reporter = Reporter::builder().background(background).transport(gate.clone());
    let reporter = reporter.build().unwrap();
    let sends = |count: u64| {
        let before = reporter.stats().packets;
        (0..count).for_each(|_| handler(&reporter));
        move |reporter: &Reporter| {
            while reporter.stats().packets < before + count {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    };
    // One packet stands before the gate, and the queue fills: then the thread takes as many at once as it ever does.
    let first = sends(1);
    std::thread::sleep(Duration::from_millis(50));
    let many = sends(128);
    *gate.0.0.lock().unwrap() = true;
    gate.0.1.notify_all();
    first(&reporter);
    many(&reporter);
    for _ in 0..4 {
        sends(100)(&reporter);
    }
    let mut all = None;
    assert_eq!(measure(|| all = Some(sends(100))).count_total, 0);
    all.unwrap()(&reporter);
    let mut woken = None;
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(measure(|| woken = Some(sends(1))).count_total, 0, "it slept");
    woken.unwrap()(&reporter);
    assert_eq!(reporter.stats().queue_full, 0);
}
