//! `pynba top` in a pseudo-terminal.

#![cfg(unix)]

mod terminal;

use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pynba_runtime::proto::{Message, Request};

use self::terminal::Terminal;

const REFRESH: [&str; 2] = ["--refresh", "50ms"];

/// Of a request that has a timer.
fn packet(script: &str) -> Vec<u8> {
    Request {
        hostname: "web1".into(),
        server_name: "shop".into(),
        script_name: script.into(),
        request_time: 0.25,
        status: Some(200),
        dictionary: ["group", "db"].map(String::from).to_vec(),
        timer_value: vec![0.125],
        timer_hit_count: vec![1],
        timer_tag_count: vec![1],
        timer_tag_name: vec![0],
        timer_tag_value: vec![1],
        ..Request::default()
    }
    .encode_to_vec()
}

fn is_restored(terminal: &Terminal) {
    assert!(!terminal.screen().alternate_screen() && !terminal.screen().hide_cursor());
    assert!(terminal.is_set_as_before());
}

#[test]
fn shows_what_comes_and_goes_when_asked() {
    let mut terminal = Terminal::new(80, 24, &REFRESH, &[]);
    let reporter = terminal.reporter();
    terminal.wait_for("No packet has come yet.");
    terminal.wait("no cursor", |screen| screen.alternate_screen() && screen.hide_cursor());
    for _ in 0..3 {
        reporter.send(&packet("/cart")).unwrap();
    }
    reporter.send(b"no packet").unwrap();
    terminal.wait_for("› /cart");
    terminal.wait_for("packets 4");
    terminal.wait_for("! invalid 1");

    terminal.press("i");
    terminal.wait_for("1: a field has the wrong type");
    terminal.press("i");
    terminal.wait_until_gone("1: a field has the wrong type");
    terminal.press("\r");
    terminal.wait_for("all › script=/cart");
    terminal.wait_for("› db");
    terminal.press("\x1B");
    terminal.wait_until_gone("script=/cart");
    terminal.press("?");
    terminal.wait_for("┌ Keys ");
    terminal.press("q");
    terminal.wait_until_gone("┌ Keys ");
    terminal.press("/nowhere\r");
    terminal.wait_for("No request in this time fits");
    terminal.press("c");
    terminal.wait_for("› /cart");

    terminal.resize(120, 40);
    terminal.wait_for("USER%");
    terminal.resize(30, 8);
    terminal.wait("a small screen", |screen| {
        let text = screen.contents();
        text.contains("› /cart") && !text.contains("pynba top") && !text.contains("USER%")
    });
    terminal.press("q");
    assert_eq!(terminal.wait_for_end(), 0);
    is_restored(&terminal);
}

#[test]
fn signals_give_the_terminal_back() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT] {
        let mut terminal = Terminal::new(80, 24, &REFRESH, &[("NO_COLOR", "1")]);
        let reporter = terminal.reporter();
        reporter.send(&packet("/cart")).unwrap();
        terminal.wait_for("› /cart");
        let cells = (0..24).flat_map(|row| (0..80).map(move |column| (row, column)));
        let mut cells = cells.filter_map(|(row, column)| terminal.screen().cell(row, column));
        assert!(cells.all(|cell| cell.fgcolor() == vt100::Color::Default));

        kill(Pid::from_raw(terminal.process()), signal).unwrap();
        assert_eq!(terminal.wait_for_end(), 0, "{signal}");
        is_restored(&terminal);
    }
}

#[test]
fn a_hangup_ends_it_without_a_word() {
    let said = env::temp_dir().join(format!("pynba-top-hangup-{}", std::process::id()));
    let shell = ["sh", "-c", "said=$0; exec \"$@\" 2>\"$said\"", said.to_str().unwrap()];
    let mut terminal = Terminal::within(&shell, 80, 24, &REFRESH, &[]);
    terminal.reporter();
    terminal.hang_up();
    assert_eq!(terminal.wait_for_end(), 0);
    assert_eq!(fs::read_to_string(&said).unwrap(), "");
    fs::remove_file(&said).unwrap();
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_fg_takes_it_again() {
    let script = "\"$@\"; echo \"stopped with $?\"; read _; fg; echo \"ended with $?\"";
    let mut terminal = Terminal::within(&["sh", "-mc", script, "sh"], 80, 24, &REFRESH, &[]);
    let reporter = terminal.reporter();
    reporter.send(&packet("/before")).unwrap();
    terminal.wait_for("› /before");
    terminal.press("\x1A");
    terminal.wait_for("stopped with ");
    is_restored(&terminal);
    for _ in 0..5 {
        reporter.send(&packet("/meanwhile")).unwrap();
    }
    terminal.erase();
    terminal.press("\r");
    terminal.wait_for("/meanwhile");
    terminal.wait_for("packets 6 ");
    terminal.wait("all of it", is_whole);
    assert!(!terminal.is_set_as_before());
    terminal.press("q");
    terminal.wait_for("ended with 0");
    assert_eq!(terminal.wait_for_end(), 0);
    is_restored(&terminal);
}

/// Lines that do not change, and that were not written again because something else did.
fn is_whole(screen: &vt100::Screen) -> bool {
    let text = screen.contents();
    let all = ["pynba top 127.0.0.1:", "● live", "[Requests]  Timers   Tail ", "%TIME▼", "q quit"];
    screen.alternate_screen() && screen.hide_cursor() && all.iter().all(|part| text.contains(part))
}

#[test]
fn whoever_stopped_it_gets_all_of_it_drawn_again() {
    let mut terminal = Terminal::new(80, 24, &REFRESH, &[]);
    terminal.reporter().send(&packet("/cart")).unwrap();
    terminal.wait_for("› /cart");
    kill(Pid::from_raw(terminal.process()), Signal::SIGSTOP).unwrap();
    terminal.erase();
    kill(Pid::from_raw(terminal.process()), Signal::SIGCONT).unwrap();
    terminal.wait("all of it", is_whole);
    terminal.erase();
    terminal.press("\x0C");
    terminal.wait("all of it", |screen| screen.contents().contains("● live"));
    terminal.press("q");
    assert_eq!(terminal.wait_for_end(), 0);
}

/// Lets the terminal run full, as one does that is stopped.
fn block(terminal: &mut Terminal) {
    terminal.set_reads(false);
    let deadline = Instant::now() + terminal::PATIENCE;
    let is_blocked = |terminal: &Terminal| {
        let before = processor_time(terminal.process());
        thread::sleep(Duration::from_millis(300));
        before.is_none_or(|before| processor_time(terminal.process()) == Some(before))
    };
    // Each time another screen.
    for _ in 0..200 {
        terminal.press("\t");
        thread::sleep(Duration::from_millis(5));
    }
    while !is_blocked(terminal) {
        assert!(Instant::now() < deadline, "a terminal that nobody reads does not block");
        terminal.press("\t");
    }
}

/// Of the thread that draws, in ticks. `None` where the system does not tell.
fn processor_time(process: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/task/{process}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

#[test]
fn a_blocked_terminal_does_not_stop_receiving() {
    const PACKETS: u64 = 20_000;
    let mut terminal = Terminal::new(80, 24, &["--refresh", "10ms"], &[]);
    let reporter = terminal.reporter();
    block(&mut terminal);
    let packet = packet("/cart");
    for sent in 0..PACKETS {
        reporter.send(&packet).unwrap();
        if sent % 50 == 0 {
            thread::sleep(Duration::from_millis(5));
        }
    }
    terminal.set_reads(true);
    terminal.press("i");
    // A slow machine may lose some, but knows how many.
    let mut lost = 0;
    terminal.wait("the number of all packets", |screen| {
        let text = screen.contents();
        let figure = |name: &str| -> Option<u64> {
            let rest = text.split(name).nth(1)?.trim_start_matches([' ', '!']);
            rest.split(|char: char| !char.is_ascii_digit()).next()?.parse().ok()
        };
        lost = figure("lost by the kernel").unwrap_or(0);
        figure("│ packets").is_some_and(|packets| packets + lost >= PACKETS)
    });
    assert!(lost < PACKETS / 10, "{lost} lost");
    terminal.press("qq");
    assert_eq!(terminal.wait_for_end(), 0);
    is_restored(&terminal);
}

#[test]
fn a_blocked_terminal_does_not_keep_it_from_ending() {
    let mut terminal = Terminal::new(80, 24, &["--refresh", "10ms"], &[]);
    terminal.reporter();
    block(&mut terminal);
    kill(Pid::from_raw(terminal.process()), Signal::SIGTERM).unwrap();
    assert_eq!(terminal.wait_for_end(), 128 + 15);
    assert!(terminal.is_set_as_before());
}

#[test]
fn without_a_terminal_it_says_what_to_use_instead() {
    let output = Command::new(env!("CARGO_BIN_EXE_pynba")).arg("top").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("`pynba report`") && error.contains("`pynba listen`"), "{error}");
}

#[test]
fn a_shop_that_does_not_exist_is_seen_at_once() {
    let mut terminal = Terminal::new(80, 24, &[&REFRESH[..], &["--demo"]].concat(), &[]);
    terminal.wait_for("/product");
    terminal.press("2");
    terminal.wait_for("web-1");
    terminal.press("q");
    assert_eq!(terminal.wait_for_end(), 0);
    is_restored(&terminal);
}
