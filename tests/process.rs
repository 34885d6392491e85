//! What the environment decides, each case in a process of its own.
//!
//! The test program starts itself again: [`child`] does nothing unless it is told to.
#![cfg(feature = "enable")]

use std::io;
use std::process::{Command, Output};
use std::time::Duration;

use pynba::testing::Collector;
use pynba::{Reporter, Transport, current, monitor, timer};

const TOLD: &str = "PYNBA_TEST_CHILD";

#[monitor]
fn handler() -> bool {
    let _timer = timer!(group = "db");
    current().is_active()
}

/// Prints what it is told, and does what no logger should.
struct Printer {
    panics: bool,
    is_monitored: bool,
}

impl log::Log for Printer {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        println!("{} {}: {}", record.level(), record.target(), record.args());
        if self.is_monitored {
            println!("in the logger: {}", handler());
        }
        assert!(!self.panics, "on purpose");
    }

    fn flush(&self) {}
}

struct MonitoredWhenDropped;

impl Transport for MonitoredWhenDropped {
    fn send(&self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for MonitoredWhenDropped {
    fn drop(&mut self) {
        println!("dropped: {}", handler());
    }
}

#[test]
fn child() {
    let Ok(told) = std::env::var(TOLD) else { return };
    let printer = Printer {
        panics: told.contains("logger panics"),
        is_monitored: told.contains("logger is monitored"),
    };
    log::set_boxed_logger(Box::new(printer)).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    if let Some(server) = told.strip_prefix("set ") {
        pynba::set_reporter(Reporter::builder().server(server.to_owned()).build().unwrap());
    }
    if told == "twice" {
        let reporter = || Reporter::builder().transport(MonitoredWhenDropped).build().unwrap();
        pynba::set_reporter(reporter());
        pynba::set_reporter(reporter());
    }
    for _ in 0..3 {
        println!("active: {}", handler());
    }
    if told == "capture" {
        println!("captured: {}", pynba::testing::capture(handler).len());
    }
}

fn run(told: &str, environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["child", "--exact", "--nocapture"]).env(TOLD, told);
    command.env_remove("PINBA_SERVER").env_remove("PINBA_ENABLED");
    let Output { status, stdout, stderr } =
        command.envs(environment.iter().copied()).output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

fn received(collector: &Collector) -> usize {
    let mut count = 0;
    // The child has ended, and the loopback delivers before `send` returns.
    while let Some(request) = collector.recv(Duration::from_millis(200)) {
        assert_eq!(request.script_name, "process::handler");
        assert_eq!(request.timers().len(), 1);
        count += 1;
    }
    count
}

#[test]
fn pinba_server_names_the_servers() {
    let collectors = [(); 2].map(|()| Collector::bind().unwrap());
    let servers = format!("{}, {}", collectors[0].address(), collectors[1].address());
    let said = run("go", &[("PINBA_SERVER", &servers)]);
    assert_eq!(said.matches("active: true").count(), 3, "{said}");
    assert_eq!(collectors.map(|collector| received(&collector)), [3, 3]);
}

#[test]
fn a_host_name_is_resolved_before_a_short_program_ends() {
    let collector = Collector::bind().unwrap();
    let server = format!("localhost:{}", collector.address().port());
    run("go", &[("PINBA_SERVER", &server)]);
    assert_eq!(received(&collector), 3);
}

#[test]
fn without_a_server_nothing_is_recorded() {
    let said = run("go", &[]);
    assert_eq!(said.matches("active: false").count(), 3, "{said}");
}

#[test]
fn pinba_enabled_0_switches_everything_off_but_captures() {
    let collector = Collector::bind().unwrap();
    let server = collector.address().to_string();
    let said = run("capture", &[("PINBA_SERVER", &server), ("PINBA_ENABLED", "0")]);
    assert_eq!(said.matches("active: false").count(), 3, "{said}");
    assert!(said.contains("captured: 1"), "{said}");
    assert_eq!(received(&collector), 0);
}

#[test]
fn set_reporter_goes_before_the_environment() {
    let [set, environment] = [(); 2].map(|()| Collector::bind().unwrap());
    let servers = environment.address().to_string();
    run(&format!("set {}", set.address()), &[("PINBA_SERVER", &servers)]);
    assert_eq!((received(&set), received(&environment)), (3, 0));
}

#[test]
fn a_bad_pinba_server_is_said_once() {
    let said = run("go", &[("PINBA_SERVER", "127.0.0.1:1,nowhere")]);
    let complaint = "ERROR pynba: PINBA_SERVER: invalid server \"nowhere\": the port is missing; \
                     write `host:30002`; nothing is recorded";
    assert_eq!(said.matches(complaint).count(), 1, "{said}");
    assert_eq!(said.matches("active: false").count(), 3, "{said}");
}

#[test]
fn a_dead_server_is_said_once_and_harms_nobody() {
    // Connected elsewhere, this socket refuses what others send to its port.
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    taken.connect("127.0.0.1:9").unwrap();
    let server = taken.local_addr().unwrap().to_string();
    let said = run("go", &[("PINBA_SERVER", &server)]);
    let complaint = format!("WARN pynba: packet to {server} refused, nobody listens there");
    assert_eq!(said.matches(&complaint).count(), 1, "{said}");
    assert_eq!(said.matches("active: true").count(), 3, "{said}");
}

#[test]
fn an_unknown_host_is_said_and_harms_nobody() {
    // RFC 6761 reserves `.invalid`: no resolver may find it.
    let said = run("go", &[("PINBA_SERVER", "pinba.invalid:30002")]);
    assert_eq!(said.matches("active: true").count(), 3, "{said}");
}

#[test]
fn a_blank_pinba_server_is_none() {
    let said = run("go", &[("PINBA_SERVER", " ")]);
    assert_eq!(said.matches("active: false").count(), 3, "{said}");
    assert!(!said.contains("ERROR"), "{said}");
}

#[test]
fn a_logger_that_panics_harms_nobody() {
    let said = run("logger panics", &[("PINBA_SERVER", "nowhere")]);
    assert!(said.contains("ERROR pynba"), "{said}");
    assert_eq!(said.matches("active: false").count(), 3, "{said}");

    let said = run("logger panics", &[("PINBA_SERVER", "pinba.invalid:30002")]);
    assert_eq!(said.matches("active: true").count(), 3, "{said}");
}

#[test]
fn a_logger_that_is_monitored_does_not_wait_for_itself() {
    let said = run("logger is monitored", &[("PINBA_SERVER", "nowhere")]);
    assert_eq!(said.matches("in the logger: false").count(), 1, "{said}");
    assert_eq!(said.matches("active: false").count(), 3, "{said}");
}

#[test]
fn a_reporter_may_go_while_another_one_is_set() {
    let said = run("twice", &[]);
    assert!(said.contains("dropped: true"), "the new reporter is there already: {said}");
    assert_eq!(said.matches("active: true").count(), 3, "{said}");
}
