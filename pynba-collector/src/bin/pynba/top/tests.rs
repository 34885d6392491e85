//! What a user sees, on ratatui's test backend.

mod requests;
mod shapes;
mod tail;
mod timers;
mod typing;

use std::time::{Duration, SystemTime};

use jiff::tz::TimeZone;
use pynba_collector::packet::Decoder;
use pynba_collector::{Counts, Limits, Store};
use pynba_runtime::proto::{Message, Request};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::app::{App, Next, Setup};
use super::theme::Theme;

/// The program without sockets and without a terminal.
struct Screen {
    app: App,
    store: Store,
    counts: Counts,
    now: Duration,
    terminal: Terminal<TestBackend>,
}

fn setup() -> Setup {
    Setup {
        addresses: vec![([127, 0, 0, 1], 30002).into()],
        warnings: Vec::new(),
        limits: Limits::default(),
        keys: vec!["script".parse().unwrap()],
        filters: Vec::new(),
        last: Duration::from_secs(60),
        slow: Duration::from_millis(500),
        theme: Theme::new(false),
        zone: TimeZone::UTC,
    }
}

impl Screen {
    fn new(width: u16, height: u16) -> Self {
        Self::with(setup(), width, height)
    }

    fn with(setup: Setup, width: u16, height: u16) -> Self {
        Self {
            store: Store::new(setup.limits, SystemTime::UNIX_EPOCH),
            app: App::new(setup),
            counts: Counts::default(),
            now: Duration::ZERO,
            terminal: Terminal::new(TestBackend::new(width, height)).unwrap(),
        }
    }

    /// The packet comes so many times.
    fn receive(&mut self, times: usize, packet: &Request) {
        let datagram = packet.encode_to_vec();
        let mut decoder = Decoder::new();
        for packet in decoder.decode(&datagram).expect("a packet").iter() {
            for _ in 0..times {
                self.store.push(self.now, &packet);
                self.counts.packets += 1;
                self.counts.requests += 1;
            }
        }
    }

    /// So much later the figures change.
    fn later(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        let snapshot = self.store.snapshot(self.now);
        self.app.update(&snapshot, &self.counts, self.now);
    }

    fn press(&mut self, code: KeyCode) -> Next {
        self.app.on_key(code.into())
    }

    /// Presses a key for each of the characters.
    fn type_(&mut self, text: &str) {
        for char in text.chars() {
            assert_eq!(self.press(KeyCode::Char(char)), Next::Stay);
        }
    }

    fn enter(&mut self) {
        assert_eq!(self.press(KeyCode::Enter), Next::Stay);
    }

    fn resize(&mut self, width: u16, height: u16) {
        self.terminal.backend_mut().resize(width, height);
    }

    fn lines(&mut self) -> Vec<String> {
        self.terminal.draw(|frame| self.app.draw(frame)).unwrap();
        let buffer = self.terminal.backend().buffer();
        let rows = buffer.content().chunks(usize::from(buffer.area.width).max(1));
        let text = |row: &[ratatui::buffer::Cell]| -> String {
            row.iter().map(ratatui::buffer::Cell::symbol).collect()
        };
        rows.map(|row| text(row).trim_end().to_owned()).collect()
    }

    fn text(&mut self) -> String {
        self.lines().join("\n")
    }

    /// The line with this text in it.
    fn line(&mut self, text: &str) -> String {
        let lines = self.lines();
        let found = lines.iter().find(|line| line.contains(text));
        found.unwrap_or_else(|| panic!("no `{text}` in\n{}", lines.join("\n"))).clone()
    }

    /// The first word of each row.
    fn rows(&mut self) -> Vec<String> {
        let lines = self.lines();
        let title = lines.iter().position(|line| line.contains('▼') || line.contains('▲'));
        let rows = lines.iter().skip(title.expect("a table") + 1);
        let name = |line: &String| {
            line.get(2..).or(line.strip_prefix("› "))?.split_whitespace().next().map(str::to_owned)
        };
        rows.map_while(|line| name(&line.replace('›', " "))).filter(|name| name != "help").collect()
    }

    /// All that is in the window that lies above the view, read from its beginning to its end.
    fn read(&mut self) -> String {
        let inside = |screen: &mut Self| -> Vec<String> {
            let lines = screen.lines();
            let lines = lines.iter().filter_map(|line| line.split_once('│')?.1.rsplit_once('│'));
            lines.map(|(line, _)| line.trim().to_owned()).collect()
        };
        self.press(KeyCode::Home);
        let mut read = inside(self);
        loop {
            let before = inside(self);
            self.press(KeyCode::Char('j'));
            let after = inside(self);
            if after == before {
                return read.join(" ");
            }
            read.extend(after.last().cloned());
        }
    }

    fn sees(&mut self, text: &str) {
        let screen = self.text();
        assert!(screen.contains(text), "no `{text}` in\n{screen}");
    }

    fn misses(&mut self, text: &str) {
        let screen = self.text();
        assert!(!screen.contains(text), "`{text}` in\n{screen}");
    }
}

fn request(script: &str, milliseconds: u16) -> Request {
    Request {
        hostname: "web1".into(),
        server_name: "shop".into(),
        script_name: script.into(),
        schema: Some("https".into()),
        request_count: 1,
        request_time: f32::from(milliseconds) / 1000.0,
        ru_utime: f32::from(milliseconds) / 4000.0,
        ru_stime: f32::from(milliseconds) / 8000.0,
        document_size: 12_345,
        memory_footprint: Some(5_000_000),
        status: Some(200),
        ..Request::default()
    }
}

/// With tags of its own.
fn tagged(mut request: Request, tags: &[(&str, &str)]) -> Request {
    for (name, value) in tags {
        let (name, value) = (word(&mut request, name), word(&mut request, value));
        request.tag_name.push(name);
        request.tag_value.push(value);
    }
    request
}

/// With a timer.
fn timed(mut request: Request, milliseconds: u16, hits: u32, tags: &[(&str, &str)]) -> Request {
    request.timer_value.push(f32::from(milliseconds) / 1000.0);
    request.timer_hit_count.push(hits);
    request.timer_tag_count.push(u32::try_from(tags.len()).unwrap());
    for (name, value) in tags {
        let (name, value) = (word(&mut request, name), word(&mut request, value));
        request.timer_tag_name.push(name);
        request.timer_tag_value.push(value);
    }
    request
}

fn word(request: &mut Request, text: &str) -> u32 {
    let found = request.dictionary.iter().position(|word| word == text);
    let index = found.unwrap_or_else(|| {
        request.dictionary.push(text.to_owned());
        request.dictionary.len() - 1
    });
    u32::try_from(index).unwrap()
}

/// A little of everything.
fn shop() -> Request {
    let request = tagged(request("/cart", 200), &[("plan", "free"), ("region", "eu")]);
    let request = timed(request, 100, 4, &[("group", "db"), ("op", "select")]);
    let request = timed(request, 40, 1, &[("group", "db"), ("op", "update")]);
    timed(request, 20, 1, &[("group", "cache"), ("op", "get")])
}

fn control(char: char) -> KeyEvent {
    KeyEvent::new(KeyCode::Char(char), KeyModifiers::CONTROL)
}
