//! After the first few requests, recording and sending allocate nothing.
#![cfg(feature = "enable")]

use std::time::Duration;

use allocation_counter::{AllocationInfo, measure};
use pynba::testing::Collector;
use pynba::{Reporter, monitor, timed, timer};

/// Allocations of a later run, with real sends to a real socket.
fn allocations(run: impl Fn(&Reporter)) -> u64 {
    let collector = Collector::bind().unwrap();
    let reporter = Reporter::builder().server(collector.address().to_string()).build().unwrap();
    for _ in 0..3 {
        run(&reporter);
        assert!(collector.recv(Duration::from_secs(10)).is_some(), "it must really send");
    }
    let AllocationInfo { count_total, .. } = measure(|| run(&reporter));
    assert!(collector.recv(Duration::from_secs(10)).is_some());
    count_total
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
        pynba::current().tag("n", 5);
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
        pynba::current().tag("n", n + 1);
        pynba::current().set_hostname("web1");
    }
    assert_eq!(allocations(|reporter| handler(reporter, 5)), 0);
}

#[test]
fn nested_requests_allocate_nothing() {
    #[monitor(reporter)]
    fn inner(reporter: &Reporter) {
        let _timer = timer!(group = "inner");
    }

    #[monitor(reporter)]
    fn outer(reporter: &Reporter) {
        let _timer = timer!(group = "outer");
        inner(reporter);
        inner(reporter);
    }
    assert_eq!(allocations(outer), 0);
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
