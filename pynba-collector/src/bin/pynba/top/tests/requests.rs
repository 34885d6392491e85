//! The table of requests, the filters, and what is above them.

use super::*;

#[test]
fn says_what_to_do_before_anything_came() {
    let mut screen = Screen::new(80, 24);
    screen.sees("No packet has come yet.");
    screen.sees("Let clients send to UDP 127.0.0.1:30002");
    screen.sees("? help");
}

#[test]
fn figures_are_what_was_sent() {
    let mut screen = Screen::new(80, 24);
    screen.receive(30, &request("/cart", 100));
    screen.receive(10, &Request { status: Some(500), ..request("/search", 700) });
    screen.later(10);
    assert_eq!(
        screen.line("req/s  "),
        "4.00 req/s   ! 1.00 err/s (25.0%)   p50 100 ms   p95 699 ms   p99 699 ms"
    );
    screen.sees("last 1m (10s so far) · up 10s");
    screen.sees("packets 40 · lost ? · invalid 0 · spilled 0 · memory");
    screen.sees("[Requests]  Timers   Tail   by script  2 rows");

    // 7 s of the 10 s are of searches.
    assert_eq!(screen.rows(), ["/search", "/cart"]);
    let words =
        |line: String| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
    assert_eq!(
        words(screen.line("› /search")),
        "› /search 1.00 70.0 699 ms 699 ms 699 ms 26.2 !100"
    );
    assert_eq!(words(screen.line("  /cart")), "/cart 3.00 30.0 100 ms 100 ms 100 ms 11.2 0");
}

#[test]
fn curves_show_each_second() {
    let mut screen = Screen::new(80, 24);
    screen.receive(8, &request("/", 1));
    screen.later(1);
    screen.receive(2, &Request { status: Some(503), ..request("/", 1) });
    screen.later(2);
    screen.sees("█▂  max     8");
    screen.sees("█  max     2");
}

#[test]
fn trouble_catches_the_eye() {
    let mut screen = Screen::new(80, 24);
    screen.counts.lost = Some(12);
    screen.later(1);
    screen.sees("! lost 12");
    screen.resize(80, 8);
    screen.sees("! lost 12");
    screen.type_("i");
    screen.resize(80, 24);
    screen.sees("lost by the kernel    ! 12");
    screen.press(KeyCode::Esc);
    screen.misses("lost by the kernel");
}

#[test]
fn what_is_wrong_with_receiving_is_told_in_full() {
    let warning = "the receive buffer of 127.0.0.1:30002 has 212992 bytes, and of a burst of more than 92 packets \
                   some are lost; raise the kernel's limit";
    let mut screen = Screen::with(Setup { warnings: vec![warning.to_owned()], ..setup() }, 80, 24);
    let mut stats = pynba_runtime::Stats::default();
    (stats.packets, stats.bytes, stats.refused) = (12, 3456, 7);
    screen.counts.forwarded = Some(stats);
    screen.later(1);
    screen.sees("! forwarded 12, lost 7");
    screen.type_("i");
    screen.sees("! 12 packets, 3456 bytes, 7 refused (nobody listens");
    screen.sees("! the receive buffer of 127.0.0.1:30002 has 212992 bytes");
    screen.sees("limit");
}

#[test]
fn one_key_changes_what_rows_are_about() {
    let mut screen = Screen::new(80, 24);
    screen.receive(2, &shop());
    screen.receive(1, &Request { hostname: "web2".into(), ..request("/", 10) });
    screen.later(1);
    for (key, rows) in [
        ("2", &["web1", "web2"][..]),
        ("3", &["shop"]),
        ("4", &["https"]),
        ("5", &["200"]),
        ("1", &["/cart", "/"]),
    ] {
        screen.type_(key);
        assert_eq!(screen.rows(), rows, "{key}");
    }
    screen.type_("+2");
    screen.sees("by script,host  2 rows");
    assert!(screen.line("/cart ").contains("/cart   web1 "), "{}", screen.text());
    screen.type_("+2");
    screen.sees("by script  2 rows");
}

#[test]
fn any_tag_can_be_chosen() {
    let mut screen = Screen::new(80, 24);
    screen.receive(3, &shop());
    screen.receive(1, &tagged(request("/", 10), &[("plan", "pro")]));
    screen.later(1);
    screen.type_("t");
    screen.sees("+plan                                 in 4");
    screen.sees("+region                               in 3");
    screen.type_("reg");
    screen.misses("+plan  ");
    screen.enter();
    screen.sees("by +region  1 row");
    assert_eq!(screen.rows(), ["eu"]);
    screen.type_("[");
    assert_eq!(screen.rows(), ["free", "pro"]);
    screen.type_("]");
    screen.sees("by +region");
}

#[test]
fn columns_can_be_sorted_by() {
    let mut screen = Screen::new(80, 24);
    screen.receive(1, &request("/b", 300));
    screen.receive(20, &request("/a", 1));
    screen.later(1);
    assert_eq!(screen.rows(), ["/b", "/a"]);
    screen.press(KeyCode::Left);
    screen.sees("REQ/S▼");
    assert_eq!(screen.rows(), ["/a", "/b"]);
    screen.type_("r");
    screen.sees("REQ/S▲");
    assert_eq!(screen.rows(), ["/b", "/a"]);
    screen.type_("<");
    screen.sees("script▲");
    assert_eq!(screen.rows(), ["/a", "/b"]);
    // The last column, for which there was no room before.
    screen.type_("<");
    screen.sees("BUSY▼");
    screen.type_(">>");
    screen.sees("REQ/S▼");
}

#[test]
fn the_choice_goes_with_its_row() {
    let mut screen = Screen::new(80, 24);
    for script in 0..30_u16 {
        screen.receive(1, &request(&format!("/{script:02}"), 100 - script));
    }
    screen.later(1);
    screen.press(KeyCode::Down);
    screen.press(KeyCode::Down);
    screen.sees("› /02");
    screen.receive(50, &request("/29", 100));
    screen.receive(50, &request("/28", 100));
    screen.later(1);
    assert_eq!(screen.rows()[..3], ["/28", "/29", "/00"]);
    screen.sees("› /02");
    screen.press(KeyCode::End);
    screen.sees("› /27");
    screen.misses(" /28 ");
    screen.press(KeyCode::PageUp);
    screen.press(KeyCode::Home);
    screen.sees("› /28");
    // At the top it stays there.
    screen.receive(90, &request("/15", 100));
    screen.later(1);
    screen.sees("› /15");
}

#[test]
fn drills_down_and_comes_back() {
    let mut screen = Screen::new(80, 24);
    screen.receive(4, &shop());
    screen.receive(4, &Request { hostname: "web2".into(), ..request("/", 10) });
    screen.later(1);
    screen.type_("2");
    screen.press(KeyCode::Down);
    screen.sees("› web2");
    screen.enter();
    screen.sees("all › host=web2");
    screen.sees("[Requests]  Timers   Tail   by script  1 row");
    assert_eq!(screen.rows(), ["/"]);
    // Also above the table.
    screen.sees("4.00 req/s   0 err/s   p50 9.95 ms");
    screen.press(KeyCode::Esc);
    screen.sees("› web2");
    screen.sees("8.00 req/s");
    screen.press(KeyCode::Up);
    screen.enter();
    screen.enter();
    screen.sees("all › host=web1 › script=/cart");
    screen.sees("[Timers]  Tail   by @group  2 rows");
    assert_eq!(screen.rows(), ["db", "cache"]);
    screen.enter();
    screen.sees("all › host=web1 › script=/cart › @group=db");
    assert_eq!(screen.rows(), ["select", "update"]);
    screen.press(KeyCode::Esc);
    assert_eq!(screen.rows(), ["db", "cache"]);
    screen.type_("c");
    screen.misses("›  host");
    screen.press(KeyCode::Esc);
    screen.sees("there is no filter to take back");
}

#[test]
fn first_keys_and_filters_come_from_the_command_line() {
    let setup = Setup {
        keys: "script,+plan".parse::<pynba_collector::Keys>().unwrap().0,
        filters: vec!["status<500".parse().unwrap()],
        ..setup()
    };
    let mut screen = Screen::with(setup, 80, 24);
    screen.receive(4, &shop());
    screen.receive(1, &tagged(request("/", 10), &[("plan", "pro")]));
    screen.receive(1, &Request { status: Some(500), ..shop() });
    screen.later(1);
    screen.sees("all › status<500");
    screen.sees("by script,+plan  2 rows");
    screen.sees("5.00 req/s");
    screen.enter();
    screen.sees("all › status<500 › script=/cart › +plan=free");
    screen.press(KeyCode::Esc);
    screen.press(KeyCode::Esc);
    screen.sees("6.00 req/s");
}

#[test]
fn while_paused_the_figures_stand_still() {
    let mut screen = Screen::new(80, 24);
    screen.receive(1, &request("/before", 10));
    screen.later(1);
    screen.sees("● live");
    screen.type_("p");
    screen.receive(7, &request("/after", 10));
    screen.later(1);
    screen.sees("PAUSED, 7 came since");
    assert_eq!(screen.rows(), ["/before"]);
    // What was there can be looked at in every way.
    screen.type_("2");
    assert_eq!(screen.rows(), ["web1"]);
    screen.type_("1 ");
    screen.later(1);
    assert_eq!(screen.rows(), ["/after", "/before"]);
}

#[test]
fn figures_are_of_the_chosen_time() {
    let mut screen = Screen::new(80, 24);
    screen.receive(60, &request("/early", 10));
    screen.later(120);
    screen.receive(60, &request("/late", 10));
    screen.later(1);
    screen.sees("last 1m ·");
    assert_eq!(screen.rows(), ["/late"]);
    screen.sees("1.00 req/s");
    screen.type_("l");
    screen.sees("last 5m (2m 01s so far)");
    assert_eq!(screen.rows().len(), 2);
    screen.type_("LL");
    screen.sees("last 10s ·");
    screen.sees("6.00 req/s");
    screen.type_("L");
    screen.sees("window 15m (2m 01s so far)");
}

#[test]
fn texts_that_found_no_room_are_a_row_of_their_own() {
    let limits = Limits::default().texts(8);
    let mut screen = Screen::with(Setup { limits, ..setup() }, 80, 24);
    for script in 0..20 {
        screen.receive(1, &request(&format!("/{script}"), 10));
    }
    screen.later(1);
    screen.sees("! spilled 17");
    screen.sees("› (other)");
    screen.enter();
    screen.sees("all › script=(other)");
    screen.sees("17.0 req/s");
}

#[test]
fn what_has_no_row_of_its_own_cannot_be_drilled_into() {
    let mut screen = Screen::new(80, 24);
    for script in 0..=pynba_collector::MOST_ROWS {
        screen.receive(1, &request(&format!("/{script}"), 10));
    }
    screen.later(1);
    screen.type_("<<");
    screen.sees("script▲");
    screen.sees("› (other)");
    screen.enter();
    screen.sees("(other) is what found no row of its own, and cannot be filtered; type a");
    screen.sees("by script  50.0k rows");
}

#[test]
fn a_window_that_memory_cuts_short_is_told() {
    let limits = Limits::default().memory(200_000);
    let mut screen = Screen::with(Setup { limits, ..setup() }, 80, 24);
    for _ in 0..20 {
        screen.receive(200, &request("/", 10));
        screen.later(1);
    }
    screen.sees("! memory 1");
    screen.type_("L");
    screen.misses("! memory");
}

#[test]
fn keys_leave() {
    let mut screen = Screen::new(80, 24);
    screen.later(1);
    assert_eq!(screen.app.on_key(control('z')), Next::Suspend);
    assert_eq!(screen.app.on_key(control('l')), Next::Redraw);
    screen.type_("?");
    screen.sees("drill");
    assert_eq!(screen.press(KeyCode::Char('q')), Next::Stay);
    assert_eq!(screen.press(KeyCode::Char('q')), Next::Quit);
    screen.type_("/");
    assert_eq!(screen.press(KeyCode::Char('q')), Next::Stay);
    assert_eq!(screen.app.on_key(control('c')), Next::Quit);
}

#[test]
fn the_demo_is_sent_to_where_this_listens() {
    for (address, demo) in [
        ("127.0.0.1:30002", "`pynba demo` in"),
        ("0.0.0.0:30002", "`pynba demo` in"),
        ("127.0.0.1:31001", "`pynba demo -s 127.0.0.1:31001` in"),
        ("[::]:31001", "`pynba demo -s [::1]:31001` in"),
        ("192.0.2.1:30002", "`pynba demo -s 192.0.2.1:30002` in"),
    ] {
        let mut screen =
            Screen::with(Setup { addresses: vec![address.parse().unwrap()], ..setup() }, 80, 24);
        screen.sees(demo);
    }
}

#[test]
fn ages_are_not_of_the_calendar() {
    let mut screen = Screen::new(80, 24);
    screen.receive(1, &request("/slow", 900));
    screen.later(4);
    screen.store.set_calendar(screen.now, SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 30));
    screen.later(0);
    screen.press(KeyCode::Tab);
    screen.press(KeyCode::Tab);
    assert!(screen.lines().iter().any(|line| line.contains("4s") && line.contains("/slow")));
}
