//! Draws `top.svg`, the picture in the README, from what the real program writes to a terminal:
//!
//! ```sh
//! cargo test -p pynba-collector --test screenshot -- --ignored
//! ```

#![cfg(unix)]

#[expect(dead_code, reason = "shared with the tests")]
mod terminal;

mod svg;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use pynba_runtime::proto::{Message, Request};

use self::terminal::Terminal;

#[test]
#[ignore = "takes a minute, and changes a file of the repository"]
fn draws_the_picture() {
    let mut terminal = Terminal::new(96, 22, &["--slow", "300ms"], &[]);
    let reporter = terminal.reporter();
    // Until the program has ended, and for a minute before.
    thread::spawn(move || {
        let (mut shop, began) = (Shop(1), Instant::now());
        while reporter.send(&shop.request(began.elapsed()).encode_to_vec()).is_ok() {
            let wave = (began.elapsed().as_secs_f32() / 7.0).sin();
            thread::sleep(Duration::from_secs_f32(wave.mul_add(0.001, 0.002)));
        }
    });
    for seconds in (10..60).step_by(10) {
        terminal.wait_for(&format!("up {seconds}s"));
    }
    terminal.wait_for("up 1m");
    terminal.press("\x1B[B");
    terminal.wait_for("up 1m 05s");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("top.svg");
    fs::write(path, svg::picture(terminal.screen())).unwrap();
    terminal.press("q");
    assert_eq!(terminal.wait_for_end(), 0);
}

/// Always the same traffic, from a simple generator of numbers.
struct Shop(u64);

impl Shop {
    /// Below 1.
    fn random(&mut self) -> f32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f32::from(u16::try_from(self.0 >> 48).unwrap_or(0)) / 65_536.0
    }

    fn request(&mut self, time: Duration) -> Request {
        const PAGES: [(&str, f32, f32); 8] = [
            ("/", 0.22, 0.03),
            ("/product", 0.40, 0.06),
            ("/api/stock", 0.65, 0.008),
            ("/search", 0.77, 0.18),
            ("/cart", 0.86, 0.09),
            ("/login", 0.91, 0.15),
            ("/api/v2/customers/orders", 0.96, 0.12),
            ("/checkout", 1.0, 0.4),
        ];
        let page = self.random();
        let (script, _, usual) = PAGES.into_iter().find(|(_, below, _)| page < *below).unwrap();
        let wave = (time.as_secs_f32() / 4.0).sin().mul_add(0.3, 1.0);
        let luck = self.random();
        let took = usual * wave * (0.5 + luck) / (1.15 - luck);
        let fails = self.random() < if script == "/checkout" { 0.03 } else { 0.002 };
        let timers = [("db", 0.4), ("cache", 0.15), ("template", 0.1)];
        Request {
            hostname: format!("web{}", 1 + (self.0 >> 40) % 3),
            server_name: "shop.example".into(),
            script_name: script.into(),
            schema: Some("https".into()),
            request_count: 1,
            document_size: 20_000,
            memory_footprint: Some(20_000_000),
            request_time: took,
            ru_utime: took * 0.3,
            ru_stime: took * 0.05,
            status: Some(if fails { 500 } else { 200 }),
            dictionary: ["group"]
                .into_iter()
                .chain(timers.map(|timer| timer.0))
                .map(String::from)
                .collect(),
            timer_value: timers.map(|(_, part)| took * part).to_vec(),
            timer_hit_count: vec![4, 2, 1],
            timer_tag_count: vec![1; 3],
            timer_tag_name: vec![0; 3],
            timer_tag_value: vec![1, 2, 3],
            ..Request::default()
        }
    }
}
