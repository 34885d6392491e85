//! The table of timers.

use super::*;

#[test]
fn timers_are_grouped_by_the_tag_that_most_have() {
    let mut screen = Screen::new(80, 24);
    screen.receive(10, &shop());
    screen.receive(10, &request("/", 100));
    screen.later(10);
    screen.press(KeyCode::Tab);
    screen.sees(" Requests  [Timers]  Tail   by @group  2 rows");
    let words =
        |line: String| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
    // 5 hits in 2 timers of each of 10 requests in 10 s; 1.4 s of the 3 s of all requests. Of the hits four take 25 ms.
    assert_eq!(words(screen.line("› db")), "› db 5.00 5.00 46.7 25.0 ms 39.8 ms 39.8 ms 40.0 ms");
    assert_eq!(
        words(screen.line("  cache")),
        "cache 1.00 1.00 6.7 19.9 ms 19.9 ms 19.9 ms 20.0 ms"
    );
}

#[test]
fn timers_are_grouped_by_any_tags() {
    let mut screen = Screen::new(80, 24);
    screen.receive(10, &shop());
    screen.later(10);
    screen.press(KeyCode::Tab);
    screen.type_("t+op");
    screen.sees("Also by");
    screen.enter();
    screen.sees("by @group,@op  3 rows");
    assert!(screen.line("› db").contains("db      select "), "{}", screen.text());
    screen.type_("+1");
    screen.sees("by @group,@op,script  3 rows");
    screen.type_("]");
    screen.sees("by @op  3 rows");
    // A tag of requests is fine, too.
    screen.type_("tplan");
    screen.enter();
    assert_eq!(screen.rows(), ["free"]);
}

#[test]
fn a_timer_leads_to_the_scripts_that_have_it() {
    let mut screen = Screen::new(80, 24);
    screen.receive(10, &shop());
    screen.receive(10, &request("/", 100));
    screen.later(10);
    screen.press(KeyCode::Tab);
    screen.enter();
    screen.sees("all › @group=db");
    screen.sees("by @op");
    screen.enter();
    screen.sees("all › @group=db › @op=select");
    screen.sees("[Requests]  Timers   Tail   by script  1 row");
    assert_eq!(screen.rows(), ["/cart"]);
    screen.enter();
    screen.enter();
    screen.enter();
    screen.enter();
    screen.enter();
    screen.sees("[Tail]");
}

#[test]
fn clients_without_timers_are_no_surprise() {
    let mut screen = Screen::new(80, 24);
    screen.receive(10, &request("/", 100));
    screen.later(10);
    screen.press(KeyCode::Tab);
    screen.sees("None of these requests has a timer.");
    screen.enter();
    screen.receive(1, &shop());
    screen.later(1);
    assert_eq!(screen.rows(), ["db", "cache"]);
}
