//! Terminals of all sizes, without colours, and with names that are meant to do harm.

use ratatui::style::Color;

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
