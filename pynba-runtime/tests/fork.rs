//! A reporter that sends in the background, and processes that are forked off: each sends what is its own, once.
//!
//! The test program starts itself again, so that no other test's thread is in the middle of something: [`parent`]
//! does nothing unless it is told to.
#![cfg(all(unix, feature = "enable", not(pynba_portable)))]
#![allow(unsafe_code)]

use std::collections::HashMap;
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pynba_runtime::__rt::{self, StaticTags};
use pynba_runtime::{Background, Reporter};

const TOLD: &str = "PYNBA_TEST_PARENT";
const WAIT: Duration = Duration::from_secs(20);

const CHILDREN: u32 = 20;

/// Packets of each child and each grandchild.
const EACH: u32 = 10;

/// Runs it in a process of its own, and waits for that one to end.
fn forked(act: impl FnOnce() -> bool) {
    // SAFETY: the child goes on with this thread alone. What it calls takes no lock that another thread of the parent
    // could have held at the fork: that is what is tested; the allocator of the system sees to itself.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "{}", std::io::Error::last_os_error());
    if child == 0 {
        let status = i32::from(!act());
        // SAFETY: ends this process, and runs nothing of the parent's.
        unsafe { libc::_exit(status) };
    }
    let mut status = 0;
    // SAFETY: the pointer is valid for the one number that is written.
    let ended = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!((ended, status), (child, 0), "the child has sent everything");
}

fn send(reporter: &Reporter, who: &str, count: u32) {
    for number in 0..count {
        reporter.send(format!("{who}/{number}").as_bytes()).unwrap();
    }
}

/// Has another thread of its own, and sends all that is left.
fn child(reporter: &Reporter, who: &str) -> bool {
    let before = reporter.stats().packets;
    send(reporter, who, EACH);
    forked(|| {
        send(reporter, &format!("grand{who}"), EACH);
        // It inherits these figures.
        reporter.shutdown(WAIT)
    });
    // Twice, and inline after that.
    let is_sent = reporter.shutdown(WAIT) && reporter.shutdown(Duration::ZERO);
    send(reporter, &format!("late {who}"), 1);
    is_sent && reporter.stats().packets > before + u64::from(EACH)
}

#[test]
fn parent() {
    let Ok(server) = std::env::var(TOLD) else { return };
    // What waits is sent when many more come, or at the end.
    let background = Background::new().interval(Duration::from_secs(3600));
    let reporter = Reporter::builder().server(server.clone()).background(background);
    let reporter = reporter.build().unwrap();
    let busy = Reporter::builder().server(server).background(Background::new()).build().unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let busy = scope.spawn(|| {
            let mut sent = 0;
            while !is_over.load(Ordering::Relaxed) {
                busy.send(format!("busy/{sent}").as_bytes()).unwrap();
                sent += 1;
                thread::sleep(Duration::from_micros(500));
            }
            assert!(busy.shutdown(WAIT));
            sent
        });
        for number in 0..CHILDREN {
            send(&reporter, &format!("parent before {number}"), 2);
            forked(|| child(&reporter, &format!("child {number}")));
        }
        is_over.store(true, Ordering::Relaxed);
        println!("busy: {}.", busy.join().unwrap());
    });
    // The first one has gone with the start of the thread, at the latest.
    assert!(reporter.stats().packets < 2 * u64::from(CHILDREN));
    assert!(reporter.shutdown(WAIT));
    assert_eq!(reporter.stats().packets, 2 * u64::from(CHILDREN));
}

/// Everything that comes until told to stop, and how often.
fn receive(socket: &UdpSocket, is_over: &AtomicBool) -> HashMap<String, u32> {
    let (mut all, mut buffer) = (HashMap::new(), [0; 100]);
    loop {
        match socket.recv(&mut buffer) {
            Ok(length) => {
                let packet = String::from_utf8(buffer[..length].to_vec()).unwrap();
                *all.entry(packet).or_default() += 1;
            }
            Err(_) if is_over.load(Ordering::SeqCst) => return all,
            Err(_) => {}
        }
    }
}

#[test]
fn each_process_sends_its_own_packets_once() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let is_over = AtomicBool::new(false);
    let (all, said) = thread::scope(|scope| {
        let receiving = scope.spawn(|| receive(&socket, &is_over));
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["parent", "--exact", "--nocapture"]);
        let output = command.env(TOLD, socket.local_addr().unwrap().to_string()).output();
        is_over.store(true, Ordering::SeqCst);
        let output = output.unwrap();
        let said = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
        assert!(output.status.success(), "{said:?}");
        (receiving.join().unwrap(), said)
    });
    let twice: Vec<_> = all.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");

    let of = |who: &str, each: u32| {
        for number in 0..each {
            let packet = format!("{who}/{number}");
            assert!(all.contains_key(&packet), "{packet}");
        }
        each as usize
    };
    let mut count = 0;
    for number in 0..CHILDREN {
        count += of(&format!("parent before {number}"), 2);
        count += of(&format!("child {number}"), EACH);
        count += of(&format!("grandchild {number}"), EACH);
        count += of(&format!("late child {number}"), 1);
    }
    let busy = said[0].split_once("busy: ").unwrap().1.split_once('.').unwrap().0;
    count += of("busy", busy.parse().unwrap());
    assert_eq!(all.len(), count);
}

/// Tags of a place in the program that nobody has seen.
fn new_place(number: u32) -> &'static StaticTags {
    let value: &'static str = number.to_string().leak();
    Box::leak(Box::new(StaticTags::new(vec![("place", value)].leak())))
}

/// A request with what is new to the process.
fn measure(reporter: &Reporter, number: u32) {
    let _request = reporter.open("request");
    drop(__rt::timer(new_place(number)));
}

#[test]
fn parent_of_new_places() {
    let Ok(server) = std::env::var(TOLD) else { return };
    let reporter = Reporter::builder().server(server).build().unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..200_000 {
                measure(&reporter, number);
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        for number in 0..300 {
            forked(|| {
                measure(&reporter, 1_000_000 + number);
                true
            });
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

/// Another thread of the parent's knows ever new places, and may be about to when the child begins.
#[test]
fn a_child_does_not_wait_for_what_its_parent_knows() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["parent_of_new_places", "--exact"]);
    command.env(TOLD, socket.local_addr().unwrap().to_string()).stdout(Stdio::null());
    let mut parent = command.spawn().unwrap();
    let end = Instant::now() + WAIT;
    while parent.try_wait().unwrap().is_none_or(|status| !status.success()) {
        assert!(Instant::now() < end, "a child waits");
        thread::sleep(Duration::from_millis(10));
    }
}
