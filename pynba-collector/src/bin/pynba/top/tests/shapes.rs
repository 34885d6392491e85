//! Terminals of all sizes, without colours, and with names that are meant to do harm.

use ratatui::style::Color;

use super::super::{columns, keys};
use super::*;

fn busy(width: u16, height: u16) -> Screen {
    let mut screen = Screen::new(width, height);
    screen.receive(30, &shop());
    screen.receive(
        3,
        &Request { status: Some(500), ..request("/api/v2/customers/profile/orders/history", 1500) },
    );
    screen.later(10);
    screen
}

/// Every view, and all that lies above views.
fn everywhere(screen: &mut Screen, mut look: impl FnMut(&mut Screen)) {
    for _ in 0..3 {
        for above in ["", "?", "i", "t", "/status>5", "+"] {
            screen.type_(above);
            look(screen);
            screen.press(KeyCode::Esc);
        }
        screen.enter();
        look(screen);
        screen.press(KeyCode::Esc);
        screen.press(KeyCode::Tab);
    }
}

#[test]
fn any_size_will_do() {
    let mut screen = busy(80, 24);
    for (width, height) in [
        (1, 1),
        (1, 50),
        (2, 2),
        (200, 1),
        (20, 5),
        (30, 8),
        (10, 24),
        (40, 12),
        (80, 24),
        (300, 90),
    ] {
        screen.resize(width, height);
        everywhere(&mut screen, |screen| assert_eq!(screen.lines().len(), usize::from(height)));
    }
}

#[test]
fn a_small_terminal_shows_what_matters() {
    let mut screen = busy(30, 8);
    let lines = screen.lines();
    assert!(lines[0].starts_with("3.30 req/s   ! 0.30 err/s"), "{}", lines.join("\n"));
    assert_eq!(lines[2], "all");
    assert!(lines[3].contains("REQ/S") && lines[3].contains("%TIME▼"), "{}", lines[3]);
    assert_eq!(lines[4], "› /cart            3.00   57.1");
    assert_eq!(lines[5], "  /api…s/history   0.30   42.9");
    assert!(lines[7].starts_with("? help  q quit"));
}

#[test]
fn a_wide_terminal_shows_more() {
    let mut screen = busy(120, 40);
    let titles = screen.line("%TIME▼");
    for title in ["P50", "P95", "P99", "MAX", "CPU%", "USER%", "ERR%", "ERR/S"] {
        assert!(titles.contains(title), "{titles}");
    }
    screen.sees("/api/v2/cust…ers/profile/orders/history");
    screen.resize(200, 40);
    assert!(screen.line("%TIME▼").contains("MEMORY"));
    screen.sees("5.00 MB");
}

#[test]
fn nothing_is_cut_on_a_usual_terminal() {
    let mut screen = busy(80, 24);
    let cart = screen.line("› /cart");
    assert_eq!(cart.chars().count(), 80, "{cart}");
    screen.sees("/api/v2/…ile/orders/history");
    screen.type_("?");
    for line in ["Tab  ", "q Ctrl-C", "%TIME", "MEMORY"] {
        screen.sees(line);
    }
    assert!(screen.lines()[0].contains("┌ Keys ") && screen.lines()[23].contains('┘'));
}

#[test]
fn all_of_the_help_can_be_read_anywhere() {
    for (width, height) in [(40, 10), (20, 6), (80, 10), (80, 24), (200, 50)] {
        let mut screen = busy(width, height);
        screen.type_("?");
        let read = screen.read().replace(' ', "");
        for (name, meaning) in keys::MEANINGS.into_iter().chain(columns::MEANINGS) {
            let text = format!("{name}{meaning}").replace(' ', "");
            assert!(read.contains(&text), "no `{text}` at {width}x{height} in {read}");
        }
    }
}

#[test]
fn what_does_not_fit_says_that_there_is_more() {
    let mut screen = busy(40, 10);
    screen.type_("?");
    screen.sees("┌ Keys ");
    screen.sees("└ ↓ more · 1-8 of ");
    screen.sees("Tab           requests, timers,");
    screen.press(KeyCode::PageDown);
    screen.sees("└ ↑↓ more · 9-16 of ");
    screen.type_("jjk");
    screen.sees("└ ↑↓ more · 10-17 of ");
    screen.press(KeyCode::PageUp);
    screen.press(KeyCode::End);
    screen.sees("└ ↑ more · ");
    screen.sees("on average");
    screen.press(KeyCode::Up);
    screen.sees("└ ↑↓ more · ");
    screen.resize(80, 24);
    screen.misses(" more · ");
    screen.type_("x");
    screen.misses("┌ Keys ");

    screen.resize(40, 10);
    screen.type_("i");
    screen.sees("└ ↓ more · ");
    screen.type_("G");
    screen.sees("texts spilled");
}

#[test]
fn whether_it_is_live_is_always_seen() {
    let mut screen = busy(80, 24);
    for width in (8..100).chain([200, 300]) {
        for height in [4, 6, 9, 10, 24] {
            screen.resize(width, height);
            screen.sees("● live");
            screen.type_("p");
            screen.sees("PAUSED");
            screen.type_("p");
        }
    }
    screen.resize(40, 10);
    screen.sees("pynba top · last 1m (10s so far)  ● live");
    screen.type_("p");
    screen.sees("pynba top · last 1m               PAUSED");
    screen.resize(80, 9);
    let line = screen.line("PAUSED, 0 came since");
    assert!(line.starts_with("[Requests]  Timers   Tail   by script  2 rows  "), "{line}");
}

#[test]
fn figures_are_whole_or_not_there() {
    let mut screen = busy(40, 10);
    assert_eq!(screen.lines()[1], "3.30 req/s   ! 0.30 err/s (9.1%)");
    assert_eq!(screen.lines()[2], "packets 33 · lost ? · invalid 0");
    screen.resize(50, 10);
    assert_eq!(screen.lines()[1], "3.30 req/s   ! 0.30 err/s (9.1%)   p50 200 ms");
    screen.resize(40, 12);
    screen.type_("+");
    screen.sees("also by  t a tag  1 script  2 host");
    screen.press(KeyCode::Esc);
    screen.resize(30, 12);
    screen.type_("t");
    assert!(screen.line("+plan").contains("in 30"), "{}", screen.text());
}

#[test]
fn without_colours_there_is_none() {
    let theme = Theme::new(true);
    let mut screen = Screen::with(Setup { theme, ..setup() }, 120, 40);
    screen.counts.lost = Some(1);
    screen.receive(30, &Request { status: Some(500), ..shop() });
    screen.later(10);
    everywhere(&mut screen, |screen| {
        screen.lines();
        for cell in screen.terminal.backend().buffer().content() {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "{cell:?}");
        }
    });
}

#[test]
fn no_colour_hides_the_background() {
    let mut screen = busy(120, 40);
    let mut has_colours = false;
    everywhere(&mut screen, |screen| {
        screen.lines();
        for cell in screen.terminal.backend().buffer().content() {
            assert_eq!(cell.bg, Color::Reset, "{cell:?}");
            has_colours |= cell.fg != Color::Reset;
        }
    });
    assert!(has_colours || std::env::var_os("NO_COLOR").is_some());
}

#[test]
fn names_cannot_do_harm() {
    let hostile = "\x1B]0;owned\x07\x1B[2J\r\n\t\u{9B}31m\u{202E}gnp\u{200B}";
    let request = Request {
        hostname: hostile.into(),
        server_name: hostile.into(),
        schema: Some(hostile.into()),
        request_time: 2.0,
        ..request(hostile, 0)
    };
    let request = tagged(request, &[(hostile, hostile)]);
    let request = timed(request, 100, 1, &[(hostile, hostile)]);
    let wide = timed(
        Request { request_time: 3.0, ..super::request("日本語/🦀/e\u{301}", 0) },
        9,
        9,
        &[("名", "前")],
    );
    let mut screen = Screen::new(120, 30);
    screen.receive(2, &request);
    screen.receive(1, &wide);
    screen.receive(1, &Request { script_name: "x".repeat(5000), ..super::request("", 700) });
    screen.receive(1, &super::request("", 700));
    screen.later(1);
    screen.sees("␛]0;owned");
    screen.sees("(empty)");
    for width in [120, 80, 30] {
        screen.resize(width, 30);
        for keys in ["1", "+2", "2", "4", "t"] {
            screen.type_(keys);
            screen.enter();
            everywhere(&mut screen, |screen| {
                let text = screen.text();
                let harmful = |char: char| {
                    char.is_control() && char != '\n' || "\u{202E}\u{200B}".contains(char)
                };
                assert!(!text.contains(harmful), "{text:?}");
            });
            screen.type_("c");
        }
    }
}
