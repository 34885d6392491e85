//! A reporter that sends in the background, through the public interface.
#![cfg(feature = "enable")]

use std::collections::HashMap;
use std::net::{Ipv6Addr, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex, MutexGuard, OnceLock, mpsc};
use std::time::{Duration, Instant};
use std::{io, thread};

use pynba_runtime::testing::{Collector, capture};
use pynba_runtime::{Background, Error, Reporter, ReporterBuilder, Stats, Transport};

const WAIT: Duration = Duration::from_secs(20);

/// Packets longer than that are not made here.
const LONGEST: usize = 8000;

fn background() -> ReporterBuilder {
    Reporter::builder().background(Background::new())
}

fn to(socket: &UdpSocket) -> Reporter {
    background().server(socket.local_addr().unwrap().to_string()).build().unwrap()
}

fn receiver() -> UdpSocket {
    listening(UdpSocket::bind("127.0.0.1:0").unwrap())
}

fn listening(socket: UdpSocket) -> UdpSocket {
    socket.set_read_timeout(Some(WAIT)).unwrap();
    socket
}

fn received(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = [0; LONGEST];
    let length = socket.recv(&mut buffer).expect("a datagram");
    buffer[..length].to_vec()
}

fn until(condition: impl Fn() -> bool) {
    let end = Instant::now() + WAIT;
    while !condition() {
        assert!(Instant::now() < end, "waited too long");
        thread::sleep(Duration::from_micros(200));
    }
}

/// Keeps what it is given, and on which thread that was.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Sent>>>);

/// A packet, and the name of the thread.
type Sent = (Vec<u8>, Option<String>);

impl Kept {
    fn all(&self) -> Vec<Sent> {
        self.0.lock().unwrap().clone()
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Transport for Kept {
    fn send(&self, packet: &[u8]) -> io::Result<()> {
        let name = thread::current().name().map(str::to_owned);
        self.0.lock().unwrap().push((packet.to_vec(), name));
        Ok(())
    }
}

/// Lets nothing through before it is opened.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    is_open: bool,
    entered: usize,
    passed: usize,
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap()
    }

    fn open(&self) {
        self.state().is_open = true;
        self.0.1.notify_all();
    }

    /// Until a packet stands before it.
    fn is_reached(&self) {
        until(|| self.state().entered > 0);
    }

    fn passed(&self) -> usize {
        self.state().passed
    }
}

impl Transport for Gate {
    fn send(&self, _: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        state.entered += 1;
        let closed = |state: &mut State| !state.is_open;
        let (mut state, _) = self.0.1.wait_timeout_while(state, WAIT, closed).unwrap();
        state.passed += 1;
        Ok(())
    }
}

/// A reporter whose thread stands before a closed gate with one packet.
fn stuck(background: Background) -> (Reporter, Gate) {
    let gate = Gate::default();
    let builder = Reporter::builder().background(background).transport(gate.clone());
    let reporter = builder.raise_on_fail(true).build().unwrap();
    reporter.send(b"first").unwrap();
    gate.is_reached();
    (reporter, gate)
}

/// Calls this from where packets are sent, once there is a reporter.
struct Calls<F>(Arc<OnceLock<Reporter>>, F);

impl<F: Fn(&Reporter) + Send + Sync> Transport for Calls<F> {
    fn send(&self, _: &[u8]) -> io::Result<()> {
        self.1(self.0.wait());
        Ok(())
    }
}

fn calling(act: impl Fn(&Reporter) + Send + Sync + 'static) -> Reporter {
    let place = Arc::new(OnceLock::new());
    let reporter = background().transport(Calls(Arc::clone(&place), act)).build().unwrap();
    place.get_or_init(|| reporter.clone()).clone()
}

/// Its number in the thread and the thread's, and as many bytes more as they say.
fn packet(thread: u32, number: u32) -> Vec<u8> {
    let mut packet = [thread.to_le_bytes(), number.to_le_bytes()].concat();
    // Runs of the same size, as requests of the same script are.
    let more = (number / 7 + thread) % 5 * 111;
    packet.extend((0..more).map(|at| (at + number).to_le_bytes()[0]));
    packet
}

/// Packets on their way: not more than fit into a receive buffer.
#[derive(Default)]
struct Flow {
    sent: AtomicUsize,
    arrived: AtomicUsize,
}

impl Flow {
    fn send(&self, reporter: &Reporter, packet: &[u8]) {
        let sent = self.sent.fetch_add(1, Ordering::SeqCst);
        until(|| sent.saturating_sub(self.arrived.load(Ordering::SeqCst)) < 80);
        reporter.send(packet).unwrap();
    }

    /// Takes so many packets of so many threads off the socket, and looks at each of them.
    fn all_come(&self, socket: &UdpSocket, threads: u32, each: u32) {
        let mut next: HashMap<u32, u32> = HashMap::new();
        for _ in 0..threads * each {
            let got = received(socket);
            self.arrived.fetch_add(1, Ordering::SeqCst);
            let thread = u32::from_le_bytes(got[..4].try_into().unwrap());
            let number = next.entry(thread).or_default();
            assert_eq!(got, packet(thread, *number), "of thread {thread}, number {number}");
            *number += 1;
        }
        assert!(next.values().all(|number| *number == each), "{next:?}");
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        assert!(socket.recv(&mut [0]).is_err(), "none comes twice");
    }

    fn send_from_threads(&self, reporter: &Reporter, threads: u32, each: u32) {
        let start = Barrier::new(threads as usize);
        thread::scope(|scope| {
            for thread in 0..threads {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    for number in 0..each {
                        self.send(reporter, &packet(thread, number));
                    }
                });
            }
        });
    }
}

#[test]
fn ten_thousand_packets_of_four_threads_arrive_once_and_in_order() {
    let socket = receiver();
    let reporter = to(&socket);
    let flow = Flow::default();
    thread::scope(|scope| {
        scope.spawn(|| flow.all_come(&socket, 4, 2500));
        flow.send_from_threads(&reporter, 4, 2500);
    });
    assert!(reporter.shutdown(WAIT));
    let stats = reporter.stats();
    assert_eq!((stats.packets, stats.queue_full), (10_000, 0), "{stats}");
}

#[test]
fn everybody_gets_every_packet() {
    let (socket, kept) = (receiver(), Kept::default());
    let server = socket.local_addr().unwrap().to_string();
    let reporter = background().server(server).transport(kept.clone()).build().unwrap();
    for number in 0..100 {
        reporter.send(&packet(0, number)).unwrap();
    }
    assert!(reporter.shutdown(WAIT));
    for (number, (kept, thread)) in (0..).zip(kept.all()) {
        assert_eq!(kept, packet(0, number));
        assert_eq!(received(&socket), packet(0, number));
        assert_eq!(thread.as_deref(), Some("pynba-sender"));
    }
    assert_eq!((kept.count(), reporter.stats().packets), (100, 200));
}

#[test]
fn requests_are_sent() {
    let collector = Collector::bind().unwrap();
    let reporter = background().server(collector.address().to_string()).build().unwrap();
    drop(reporter.open("/report"));
    assert_eq!(collector.recv(WAIT).expect("a packet").script_name, "/report");
}

#[test]
fn a_server_is_found_by_its_name() {
    let collector = Collector::bind().unwrap();
    let server = format!("localhost:{}", collector.address().port());
    let reporter = background().server(server).build().unwrap();
    for round in 0..3 {
        for at in 0..10 {
            drop(reporter.open(format!("{round}/{at}")));
        }
        for at in 0..10 {
            let got = collector.recv(WAIT).expect("a packet");
            assert_eq!(got.script_name, format!("{round}/{at}"));
        }
    }
    assert!(reporter.shutdown(WAIT));
    assert_eq!(reporter.stats().packets, 30);
}

#[test]
fn sends_over_ipv6() {
    let Ok(socket) = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)) else {
        eprintln!("skipped: this machine has no IPv6 loopback");
        return;
    };
    let socket = listening(socket);
    let reporter = to(&socket);
    for number in 0..80 {
        reporter.send(&packet(3, number)).unwrap();
    }
    for number in 0..80 {
        assert_eq!(received(&socket), packet(3, number));
    }
}

#[test]
fn a_server_that_refuses_is_counted_and_gets_packets_once_it_is_back() {
    let socket = receiver();
    // Connected elsewhere, it refuses what comes from us, and keeps the port.
    socket.connect("127.0.0.1:9").unwrap();
    let address = socket.local_addr().unwrap();
    let reporter = to(&socket);
    let refused = |least: u64| {
        until(|| {
            (0..30).for_each(|number| reporter.send(&packet(0, number)).unwrap());
            reporter.stats().refused >= least
        });
    };
    refused(20);
    drop(socket);
    refused(40);
    assert!(reporter.shutdown(WAIT));
    let stats = reporter.stats();
    assert!(stats.packets > stats.refused / 2, "{stats}");
    assert_eq!((stats.failed, stats.buffer_full), (0, 0), "{stats}");

    let Ok(socket) = UdpSocket::bind(address) else {
        eprintln!("skipped: another process took the port meanwhile");
        return;
    };
    let socket = listening(socket);
    let reporter = to(&socket);
    (0..10).for_each(|number| reporter.send(&packet(0, number)).unwrap());
    // The refusal of the packets before was waiting in the socket.
    (0..10).for_each(|number| assert_eq!(received(&socket), packet(0, number)));
}

#[test]
fn a_full_queue_drops_and_counts() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = Arc::clone(&told);
    let gate = Gate::default();
    let reporter = Reporter::builder()
        .background(Background::new().capacity(3))
        .transport(gate.clone())
        .raise_on_fail(true)
        .on_error(move |error| telling.lock().unwrap().push(error.to_string()))
        .build()
        .unwrap();
    reporter.send(b"first").unwrap();
    gate.is_reached();
    for _ in 0..4 {
        reporter.send(b"queued").unwrap();
    }
    for _ in 0..3 {
        let error = reporter.send(b"too many").unwrap_err();
        assert!(matches!(error, Error::QueueFull { capacity: 4, .. }), "{error:?}");
    }
    drop(reporter.open("one more"));
    assert_eq!(reporter.stats().queue_full, 4);
    gate.open();
    assert!(reporter.shutdown(WAIT));
    let stats = reporter.stats();
    assert_eq!((stats.packets, stats.queue_full, gate.passed()), (5, 4, 5));
    assert_eq!(stats.to_string(), "5 packets, 29 bytes, 4 lost to a full queue");
    let said = "packet dropped, 4 packets or 16777216 bytes wait for the background sender; \
                give it more `capacity` or `max_bytes`, or send a sample";
    assert_eq!(*told.lock().unwrap(), [said; 4]);
}

#[test]
fn bytes_fill_a_queue_as_well() {
    let (reporter, gate) = stuck(Background::new().max_bytes(0));
    // 128 KiB are the least. The first packet has taken 256 bytes of them.
    for _ in 0..2 {
        reporter.send(&vec![1; 65_000]).unwrap();
    }
    reporter.send(&vec![1; 65_000]).unwrap_err();
    gate.open();
    assert!(reporter.shutdown(WAIT));
    let stats = reporter.stats();
    assert_eq!((stats.packets, stats.bytes, stats.queue_full), (3, 130_005, 1));
}

#[test]
fn any_number_makes_a_queue() {
    for background in [
        Background::new().capacity(0).max_bytes(0).interval(Duration::ZERO),
        Background::new().capacity(usize::MAX).max_bytes(usize::MAX).interval(Duration::MAX),
    ] {
        let kept = Kept::default();
        let reporter = Reporter::builder().background(background).transport(kept.clone());
        let reporter = reporter.build().unwrap();
        reporter.send(&vec![1; 65_507]).unwrap();
        assert!(reporter.shutdown(WAIT));
        assert_eq!(kept.count(), 1, "{background:?}");
    }
}

#[test]
fn what_is_sent_and_what_is_dropped_add_up() {
    let kept = Kept::default();
    let reporter = Reporter::builder().background(Background::new().capacity(16));
    let reporter = reporter.transport(kept.clone()).build().unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..10_000).for_each(|_| reporter.send(b"one of many").unwrap()));
        }
    });
    assert!(reporter.shutdown(WAIT));
    let stats = reporter.stats();
    assert_eq!(stats.packets + stats.queue_full, 40_000, "{stats}");
    assert!(stats.packets >= 16 && stats.queue_full > 0, "{stats}");
    assert_eq!(kept.count() as u64, stats.packets);
}

#[test]
fn shutdown_delivers_and_what_comes_later_is_sent_at_once() {
    let kept = Kept::default();
    let background = Background::new().interval(Duration::from_secs(3600));
    let reporter = Reporter::builder().background(background).transport(kept.clone());
    let reporter = reporter.build().unwrap();
    for number in 0..50 {
        reporter.send(&packet(0, number)).unwrap();
    }
    let start = Instant::now();
    assert!(reporter.shutdown(WAIT));
    assert!(start.elapsed() < WAIT / 2, "it is woken");
    let all = kept.all();
    let packets: Vec<_> = all.iter().map(|(packet, _)| packet.clone()).collect();
    assert_eq!(packets, (0..50).map(|number| packet(0, number)).collect::<Vec<_>>());

    reporter.send(b"later").unwrap();
    let here = thread::current().name().map(str::to_owned);
    assert_eq!(kept.all().last(), Some(&(b"later".to_vec(), here)));
    assert!(reporter.shutdown(Duration::ZERO), "it is done");
    assert_eq!(reporter.stats().packets, 51);
}

#[test]
fn shutdown_does_not_wait_for_ever_and_may_be_tried_again() {
    let (reporter, gate) = stuck(Background::new());
    reporter.send(b"queued").unwrap();
    let start = Instant::now();
    let given = Duration::from_millis(100);
    assert!(!reporter.shutdown(given));
    assert!(start.elapsed() >= given && start.elapsed() < WAIT / 2);
    assert!(!reporter.shutdown(Duration::ZERO));
    gate.open();
    reporter.send(b"at once").unwrap();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| assert!(reporter.shutdown(WAIT)));
        }
    });
    assert_eq!((reporter.stats().packets, gate.passed()), (3, 3));
}

#[test]
fn shutdown_on_the_thread_itself_does_not_wait_for_it() {
    let (told, answers) = mpsc::channel();
    let told = Mutex::new(told);
    let reporter = calling(move |reporter| {
        told.lock().unwrap().send(reporter.shutdown(WAIT)).unwrap();
    });
    let start = Instant::now();
    reporter.send(b"first").unwrap();
    assert!(!answers.recv_timeout(WAIT).unwrap());
    assert!(start.elapsed() < WAIT / 2);
    assert!(reporter.shutdown(WAIT), "it has ended the thread nevertheless");
}

#[test]
fn a_reporter_without_anything_to_do_is_shut_down_at_once() {
    let kept = Kept::default();
    for builder in [Reporter::builder(), background()] {
        let reporter = builder.transport(kept.clone()).build().unwrap();
        assert!(reporter.shutdown(Duration::ZERO));
        reporter.send(b"inline").unwrap();
        assert_ne!(kept.all()[0].1.as_deref(), Some("pynba-sender"));
        assert_eq!(reporter.stats().packets, 1);
    }
    assert_eq!(kept.count(), 2);
}

#[test]
fn the_last_one_to_drop_it_delivers() {
    let kept = Kept::default();
    let reporter = background().transport(kept.clone()).build().unwrap();
    let clone = reporter.clone();
    drop(reporter);
    for number in 0..300 {
        clone.send(&packet(0, number)).unwrap();
    }
    drop(clone);
    assert_eq!(kept.count(), 300);
    assert_eq!(Arc::strong_count(&kept.0), 1, "the transport is gone, too");
}

#[test]
fn the_last_one_to_drop_it_waits_a_second_at_most() {
    let (reporter, gate) = stuck(Background::new());
    reporter.send(b"queued").unwrap();
    let start = Instant::now();
    drop(reporter);
    assert!((1..10).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    assert_eq!(gate.passed(), 0);
    gate.open();
    until(|| gate.passed() == 2);
    until(|| Arc::strong_count(&gate.0) == 1);
}

#[test]
fn a_packet_waits_for_others_but_not_when_there_are_many() {
    let kept = Kept::default();
    let background = Background::new().interval(Duration::from_secs(3600));
    let reporter = Reporter::builder().background(background).transport(kept.clone());
    let reporter = reporter.build().unwrap();
    reporter.send(b"first").unwrap();
    until(|| kept.count() == 1);
    thread::sleep(Duration::from_millis(20));
    reporter.send(b"second").unwrap();
    thread::sleep(Duration::from_millis(100));
    assert_eq!(kept.count(), 1);
    (0..63).for_each(|_| reporter.send(b"many").unwrap());
    until(|| kept.count() == 65);
}

#[test]
fn a_thread_that_sleeps_is_woken() {
    let kept = Kept::default();
    let background = Background::new().interval(Duration::ZERO);
    let reporter = Reporter::builder().background(background).transport(kept.clone());
    let reporter = reporter.build().unwrap();
    for count in 1..=100 {
        reporter.send(b"now and then").unwrap();
        until(|| kept.count() == count);
        // At times it sleeps by now, at times it is about to.
        thread::sleep(Duration::from_micros(300 * (count as u64 % 20)));
    }
}

#[test]
fn a_captured_request_is_never_queued() {
    let reporter = background().server("127.0.0.1:9").build().unwrap();
    let requests = capture(|| drop(reporter.open("test")));
    assert_eq!(requests.len(), 1);
    assert!(reporter.shutdown(Duration::ZERO));
    assert_eq!(reporter.stats(), Stats::default());
}

#[test]
fn a_transport_that_is_monitored_makes_no_packets() {
    let reporter = calling(|reporter| drop(reporter.open("in the transport")));
    drop(reporter.open("test"));
    assert!(reporter.shutdown(WAIT));
    assert_eq!(reporter.stats().packets, 1);
}

#[test]
fn a_transport_that_fails_or_panics_loses_its_own_packets_only() {
    struct Moody;
    impl Transport for Moody {
        fn send(&self, packet: &[u8]) -> io::Result<()> {
            match packet {
                b"panic" => panic!("on purpose"),
                b"fail" => Err(io::ErrorKind::WouldBlock.into()),
                _ => Ok(()),
            }
        }
    }
    let told = Arc::new(AtomicUsize::new(0));
    let telling = Arc::clone(&told);
    let tell = move |_: &Error| {
        assert_eq!(thread::current().name(), Some("pynba-sender"));
        telling.fetch_add(1, Ordering::SeqCst);
    };
    let builder = background().transport(Moody).on_error(tell).raise_on_fail(true);
    let reporter = builder.build().unwrap();
    for packet in ["panic", "good", "fail", "good"] {
        reporter.send(packet.as_bytes()).unwrap();
    }
    assert!(matches!(reporter.send(&vec![0; 65_508]), Err(Error::TooLarge { .. })));
    assert!(reporter.shutdown(WAIT));
    let stats = reporter.stats();
    assert_eq!((stats.packets, stats.failed, stats.buffer_full, stats.too_large), (2, 1, 1, 1));
    assert_eq!(
        told.load(Ordering::SeqCst),
        2,
        "the one that panics on this thread is stopped there"
    );
}

/// The signals that Linux keeps from the threads of this name, or from this thread.
#[cfg(all(target_os = "linux", not(pynba_portable)))]
fn blocked(name: Option<&str>) -> Vec<u64> {
    let paths: Vec<_> = match name {
        Some(_) => {
            std::fs::read_dir("/proc/self/task").unwrap().map(|it| it.unwrap().path()).collect()
        }
        None => vec!["/proc/thread-self".into()],
    };
    let mut statuses = paths
        .iter()
        .filter_map(|path| std::fs::read_to_string(path.join("status")).ok())
        .collect::<Vec<_>>();
    statuses.retain(|it| name.is_none_or(|name| it.starts_with(&format!("Name:\t{name}\n"))));
    let mask = |status: &String| {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:\t")).unwrap();
        u64::from_str_radix(mask, 16).unwrap()
    };
    statuses.iter().map(mask).collect()
}

#[test]
#[cfg(all(target_os = "linux", not(pynba_portable)))]
fn the_thread_answers_no_signals() {
    let before = blocked(None);
    let (reporter, gate) = stuck(Background::new());
    assert_eq!(blocked(None), before, "this thread answers those that it did");
    let of_senders = blocked(Some("pynba-sender"));
    assert!(!of_senders.is_empty());
    for mask in of_senders {
        let is_blocked = |signal: i32| mask & 1 << (signal - 1) != 0;
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGUSR1, libc::SIGALRM, libc::SIGPROF] {
            assert!(is_blocked(signal), "signal {signal}: {mask:x}");
        }
        assert!(!is_blocked(libc::SIGSEGV), "{mask:x}");
    }
    gate.open();
    drop(reporter);
}
