//! What real sockets receive.
#![cfg(feature = "enable")]

use std::net::UdpSocket;
use std::sync::LazyLock;
use std::time::Duration;

use pynba::testing::{Captured, Collector};
use pynba::{Reporter, current, monitor, timed, timer};

const WAIT: Duration = Duration::from_secs(10);

/// A receiver of this test's own, and a reporter that sends to it.
fn pair() -> (Collector, Reporter) {
    let collector = Collector::bind().unwrap();
    let reporter = Reporter::builder().server(collector.address().to_string()).build().unwrap();
    (collector, reporter)
}

fn owned<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

#[test]
fn the_seed_timer_has_exactly_its_four_pairs() {
    #[monitor(reporter)]
    fn handler(reporter: &Reporter) {
        let _timer = timer!(foo = "bar", baz = ["seq1", "seq2"], qux = { map1 = "val1" });
    }
    let (collector, reporter) = pair();
    handler(&reporter);
    let request = collector.recv(WAIT).unwrap();
    let [timer] = request.timers().try_into().unwrap();
    let expected = [("baz", "seq1"), ("baz", "seq2"), ("foo", "bar"), ("qux.map1", "val1")];
    assert_eq!((timer.tags, timer.hit_count), (owned(expected), 1));
    assert_eq!(request.script_name, "datagram::handler");
    assert_eq!(collector.recv(Duration::ZERO), None, "one request, one datagram");
}

#[test]
fn the_bytes_are_those_of_the_documented_packet() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(WAIT)).unwrap();
    let server = socket.local_addr().unwrap().to_string();
    let reporter =
        Reporter::builder().server(server).hostname("h").server_name("s").build().unwrap();
    let request = reporter.open("n");
    request.current().set_request_time(Duration::from_millis(250));
    request.current().set_rusage(Duration::from_millis(500), Duration::ZERO);
    request.current().set_memory_peak(300);
    request.current().add_timer(pynba::tags!(a = "b"), Duration::from_millis(125), 2);
    request.current().tag("b", "a");
    drop(request);

    let mut buffer = [0; 256];
    let length = socket.recv(&mut buffer).unwrap();
    let expected: &[&[u8]] = &[
        b"\x0a\x01h\x12\x01s\x1a\x01n",  // hostname, server_name, script_name
        b"\x20\x01\x28\x00\x30\xac\x02", // request_count 1, document_size 0, memory_peak 300
        b"\x3d\x00\x00\x80\x3e",         // request_time 0.25
        b"\x45\x00\x00\x00\x3f",         // ru_utime 0.5
        b"\x4d\x00\x00\x00\x00",         // ru_stime 0
        b"\x50\x02\x5d\x00\x00\x00\x3e", // timer: 2 hits, 0.125
        b"\x60\x01\x68\x00\x70\x01",     // one tag: name 0, value 1
        b"\x7a\x01a\x7a\x01b",           // dictionary
        b"\x80\x01\xc8\x01\x88\x01\x00", // status 200, memory_footprint 0
        b"\x9a\x01\x00",                 // schema
        b"\xa0\x01\x01\xa8\x01\x00",     // request tag: name 1, value 0
    ];
    assert_eq!(buffer[..length], expected.concat());
}

#[test]
fn every_option_says_what_it_should() {
    struct User {
        id: u32,
    }

    #[monitor(
        reporter,
        prefix = "shop:",
        script_name = format!("/users/{}", user.id % 10),
        hostname = "web1",
        server_name = String::from("www.example.com"),
        schema = if secure { "https" } else { "http" },
        tags(plan = "free", id = user.id, geo = { city = ["paris", "lyon"] }),
        status = |returned| u32::from(returned.as_ref().map_or(503, |page| page.0)),
        document_size = |returned| returned.as_ref().map_or(0, |page| page.1.len() as u64),
        rusage = "off",
        enabled = user.id != 0,
    )]
    fn show(reporter: &Reporter, user: &User, secure: bool) -> Result<(u16, String), String> {
        if user.id == 13 { Err("unlucky".into()) } else { Ok((201, "page".into())) }
    }

    let (collector, reporter) = pair();
    assert_eq!(show(&reporter, &User { id: 12 }, true), Ok((201, "page".into())));
    let request = collector.recv(WAIT).unwrap();
    assert_eq!(request.script_name, "shop:/users/2");
    assert_eq!((&*request.hostname, &*request.server_name), ("web1", "www.example.com"));
    assert_eq!(request.schema.as_deref(), Some("https"));
    let expected = [("geo.city", "lyon"), ("geo.city", "paris"), ("id", "12"), ("plan", "free")];
    assert_eq!(request.tags(), owned(expected));
    assert_eq!((request.status, request.document_size), (Some(201), 4));
    assert_eq!((request.memory_peak, request.ru_utime), (0, 0.0));

    assert!(show(&reporter, &User { id: 13 }, false).is_err());
    let request = collector.recv(WAIT).unwrap();
    assert_eq!((request.status, request.document_size), (Some(503), 0));

    assert!(show(&reporter, &User { id: 0 }, false).is_ok());
    assert_eq!(collector.recv(Duration::ZERO), None, "not enabled");
}

#[test]
fn err_and_panic_are_failures_and_the_programs_own_status_counts() {
    #[monitor(reporter, script_name = what)]
    fn handler(reporter: &Reporter, what: &'static str) -> Result<(), &'static str> {
        match what {
            "return" => return Err("returned"),
            "question mark" => Err("through ?")?,
            "told" => {
                current().set_status(404);
                return Err("not found");
            }
            "panic" => panic!("on purpose"),
            _ => {}
        }
        Ok(())
    }

    let (collector, reporter) = pair();
    for (what, status) in
        [("fine", 200), ("return", 500), ("question mark", 500), ("told", 404), ("panic", 500)]
    {
        let _ = std::panic::catch_unwind(|| handler(&reporter, what));
        let request = collector.recv(WAIT).unwrap();
        assert_eq!((&*request.script_name, request.status), (what, Some(status)));
    }
}

#[test]
fn the_server_may_be_anything_that_leads_to_a_reporter() {
    static COLLECTOR: LazyLock<Collector> = LazyLock::new(|| Collector::bind().unwrap());
    static LAZY: LazyLock<Reporter> = LazyLock::new(|| {
        Reporter::builder().server(COLLECTOR.address().to_string()).build().unwrap()
    });

    struct Service {
        reporter: std::sync::Arc<Reporter>,
    }

    impl Service {
        #[monitor(self.reporter)]
        fn method(&self) {}
    }

    #[monitor(LAZY)]
    fn of_a_static() {}

    #[monitor(LAZY.clone())]
    fn of_a_value() {}

    of_a_static();
    of_a_value();
    Service { reporter: std::sync::Arc::new(LAZY.clone()) }.method();
    for name in ["of_a_static", "of_a_value", "method"] {
        let request = COLLECTOR.recv(WAIT).unwrap();
        assert!(request.script_name.ends_with(name), "{}", request.script_name);
    }
    assert_eq!(LAZY.stats().packets, 3, "one reporter");
}

#[test]
fn three_ways_to_time_give_three_timers() {
    #[timed(way = "function", n)]
    fn timed_function(n: u8) -> u8 {
        n + 1
    }

    #[monitor(reporter)]
    fn handler(reporter: &Reporter) -> u8 {
        let guard = timer!(way = "guard");
        let value = timer!(way = "expression" => timed_function(1));
        drop(guard);
        value
    }

    let (collector, reporter) = pair();
    assert_eq!(handler(&reporter), 2);
    let request: Captured = collector.recv(WAIT).unwrap();
    let tags: Vec<_> = request.timers().into_iter().map(|timer| timer.tags).collect();
    let function = owned([("n", "1"), ("way", "function")]);
    assert_eq!(tags, [owned([("way", "guard")]), owned([("way", "expression")]), function]);
}

#[test]
fn one_server_has_one_socket() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(WAIT)).unwrap();
    let server = socket.local_addr().unwrap().to_string();
    let mut senders = Vec::new();
    let reporters = [(); 2].map(|()| Reporter::builder().server(server.clone()).build().unwrap());
    for reporter in &reporters {
        std::thread::scope(|scope| drop(scope.spawn(|| drop(reporter.open("test")))));
        senders.push(socket.recv_from(&mut [0; 1024]).unwrap().1);
    }
    assert_eq!(senders[0], senders[1]);
}
