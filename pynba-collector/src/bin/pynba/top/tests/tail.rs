//! The slow and the failed requests.

use super::*;

fn tail(width: u16, height: u16) -> Screen {
    let mut screen = Screen::new(width, height);
    screen.receive(5, &shop());
    screen.receive(1, &Request { status: Some(502), ..request("/failed", 10) });
    screen.later(3);
    screen.receive(1, &Request { request_time: 1.0, ..shop() });
    screen.later(1);
    screen.press(KeyCode::BackTab);
    screen
}

#[test]
fn shows_slow_and_failed_requests_the_newest_first() {
    let mut screen = tail(80, 24);
    screen.sees("[Tail]  from 500 ms on, or failed; newest first");
    let lines = screen.lines();
    let slow = lines.iter().position(|line| line.contains("1s  1.00 s   200  /cart  ")).unwrap();
    assert!(lines[slow + 1].contains("4s 10.0 ms  !502  /failed "), "{}", lines.join("\n"));
    assert!(lines[slow + 2].trim().is_empty());
}

#[test]
fn names_are_not_cut_at_the_edge() {
    let mut screen = Screen::new(120, 24);
    let server_name = "jobs.shop.example".into();
    screen.receive(1, &Request { server_name, ..request("/slow", 900) });
    screen.later(1);
    screen.press(KeyCode::BackTab);
    assert!(
        screen.line("› ").ends_with(" web1              jobs.shop.example"),
        "{}",
        screen.text()
    );
}

#[test]
fn timers_are_bars() {
    let mut screen = tail(80, 24);
    screen.sees("00:00:03.000 200 https://shop /cart on web1");
    screen.sees("time 1.00 s  user 50.0 ms  sys 25.0 ms  size 12.3 KB  mem 5.00 MB  peak 0 B");
    screen.sees("plan=free region=eu");
    // A tenth of 20 columns.
    screen.sees("██                    100 ms  10.0% ×4    group=db op=select");
    screen.sees("▊                    40.0 ms   4.0%       group=db op=update");
    screen.press(KeyCode::Down);
    screen.sees("00:00:00.000 !502 https://shop /failed on web1");
    screen.sees("no timers");
    // Without tags there is no line of them.
    let lines = screen.lines();
    let figures = lines.iter().position(|line| line.starts_with("time 10.0 ms")).unwrap();
    assert_eq!(lines[figures + 1], "  no timers");
}

#[test]
fn the_choice_stays_while_others_come() {
    let mut screen = tail(80, 24);
    screen.receive(1, &request("/newer", 900));
    screen.later(1);
    assert!(screen.line("›  ").contains("/newer"));
    screen.press(KeyCode::Down);
    assert!(screen.line("›  ").contains("/cart"));
    screen.receive(3, &request("/newest", 900));
    screen.later(1);
    assert!(screen.line("›  ").contains("/cart"));
    screen.press(KeyCode::Home);
    assert!(screen.line("›  ").contains("/newest"));
}

#[test]
fn enter_shows_all_of_a_request() {
    let mut screen = tail(60, 12);
    screen.misses("op=select");
    screen.enter();
    screen.sees("Request · Esc");
    screen.sees("op=select");
    screen.sees("op=get");
    screen.resize(60, 6);
    screen.misses("op=get");
    screen.press(KeyCode::End);
    screen.sees("op=get");
    screen.press(KeyCode::Up);
    screen.misses("op=get");
    screen.press(KeyCode::Esc);
    screen.misses("Request · Esc");
}

#[test]
fn nothing_of_a_request_is_cut() {
    let sql =
        "SELECT * FROM orders JOIN customers ON orders.customer = customers.id WHERE total > 9";
    let token = "0123456789abcdef".repeat(8);
    let script = "/api/v2/customers/profile/orders/history/of/all/years";
    let request = tagged(request(script, 900), &[("plan", "free"), ("token", &token)]);
    let request = timed(request, 800, 1, &[("op", "select"), ("sql", sql)]);
    for (width, height) in [(40, 10), (80, 24), (200, 50)] {
        let mut screen = Screen::new(width, height);
        screen.receive(1, &request);
        screen.later(1);
        screen.press(KeyCode::BackTab);
        screen.enter();
        let read = screen.read().replace(' ', "");
        let tags = format!("token={token}");
        for part in [script, "onweb1", "plan=free", &tags, "op=select", &sql.replace(' ', "")] {
            assert!(read.contains(part), "no `{part}` at {width}x{height} in {read}");
        }
        for figure in ["900ms", "user225ms", "mem5.00MB", "peak0B", "88.9%"] {
            assert!(read.contains(figure), "no `{figure}` at {width}x{height} in {read}");
        }
    }
}

#[test]
fn filters_hold_here_too() {
    let mut screen = tail(80, 24);
    screen.type_("/status>=500");
    screen.enter();
    screen.misses("/cart");
    screen.sees("!502");
    screen.type_("/@group=db");
    screen.enter();
    screen.sees("No slow or failed request fits the filters");
    screen.type_("c");
    screen.sees("/cart");
    // By another key there are rows of requests again.
    screen.type_("2");
    assert_eq!(screen.rows(), ["web1"]);
}

#[test]
fn requests_leave_with_the_window() {
    let mut screen = tail(80, 24);
    screen.enter();
    screen.later(2000);
    screen.sees("It has left the window.");
    screen.press(KeyCode::Esc);
    screen.sees("No request was slow or failed");
}

/// Packets of 64 KB that would be texts of 20 MB.
fn hostile() -> [Request; 3] {
    let long = "x".repeat(1024);
    // One letter, and all the marks on it that there is room for.
    let marked = format!("a{}", "\u{301}".repeat(500));
    let request =
        |word| Request { status: Some(500), dictionary: vec![word], ..request("/hostile", 10) };
    let with_tags =
        |word| Request { tag_name: vec![0; 10_000], tag_value: vec![0; 10_000], ..request(word) };
    let with_timers = Request {
        timer_value: vec![0.001; 1000],
        timer_hit_count: vec![1; 1000],
        timer_tag_count: vec![12; 1000],
        timer_tag_name: vec![0; 12_000],
        timer_tag_value: vec![0; 12_000],
        ..request(marked.clone())
    };
    [with_tags(long), with_tags(marked), with_timers]
}

#[test]
fn a_hostile_request_takes_little_to_draw() {
    for packet in hostile() {
        let mut screen = Screen::new(80, 24);
        screen.receive(1, &packet);
        screen.later(1);
        screen.press(KeyCode::BackTab);
        let below = allocation_counter::measure(|| screen.sees("more; Enter shows more"));
        assert!(below.bytes_total < 1 << 20, "{below:?}");
        screen.enter();
        screen.press(KeyCode::End);
        let above = allocation_counter::measure(|| screen.sees("more; `pynba listen"));
        assert!(above.bytes_total < 8 << 20, "{above:?}");
    }
}

#[test]
fn what_is_left_out_of_a_request_is_counted() {
    let [packet, ..] = hostile();
    let packet = timed(packet, 5, 1, &[("group", "db")]);
    let mut screen = Screen::new(80, 24);
    screen.receive(1, &packet);
    screen.later(1);
    screen.press(KeyCode::BackTab);
    screen.sees("  … 10000 tags and 1 timers more; Enter shows more");
    screen.enter();
    screen.press(KeyCode::End);
    // Of 998 lines each takes 27.
    screen.sees("  … 9964 tags and 1 timers more; `pynba listen --json` prints all");
    screen.sees("↑ more · 979-1000 of 1000");
}

#[test]
fn timers_that_find_no_room_are_counted() {
    let timers = (1..=9).fold(request("/slow", 900), |request, number| {
        timed(request, 10 * number, 1, &[("op", &number.to_string())])
    });
    let mut screen = Screen::new(80, 24);
    screen.receive(1, &timers);
    screen.later(1);
    screen.press(KeyCode::BackTab);
    let lines = screen.lines();
    let rest = lines.iter().position(|line| line.contains(" timers more")).unwrap();
    let last: u16 = lines[rest - 1].rsplit_once("op=").unwrap().1.parse().unwrap();
    assert_eq!(lines[rest], format!("  … {} timers more; Enter shows more", last - 1));
    screen.enter();
    screen.sees("op=1");
    screen.misses("timers more; `pynba");
}
