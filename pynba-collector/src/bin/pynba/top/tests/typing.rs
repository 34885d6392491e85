//! Filters as they are typed.

use super::*;

#[test]
fn filters_are_typed() {
    let mut screen = Screen::new(80, 24);
    screen.receive(4, &shop());
    screen.receive(4, &request("/", 10));
    screen.later(1);
    screen.type_("/time>fast");
    screen.enter();
    screen.sees("! `time>fast`: `fast` is no number; write a number or a number with");
    assert!(screen.lines()[22].starts_with("s, m, h behind it"), "{:?}", screen.lines());
    assert_eq!(screen.lines()[23], "/time>fast");
    screen.app.on_key(control('u'));
    screen.type_("foo=y");
    screen.enter();
    screen.sees("`@foo` for a tag of timers");
    screen.app.on_key(control('u'));
    screen.type_("time>fast");
    screen.app.on_key(control('w'));
    screen.type_("time>50ms");
    screen.enter();
    screen.sees("all › time>0.05");
    assert_eq!(screen.rows(), ["/cart"]);
    screen.type_("/nowhere");
    screen.enter();
    screen.sees("all › time>0.05 › script~*nowhere*");
    screen.sees("No request in this time fits the filters; Esc takes the last one back.");
    screen.press(KeyCode::Esc);
    assert_eq!(screen.rows(), ["/cart"]);
    screen.type_("/");
    screen.press(KeyCode::Esc);
    screen.sees("all › time>0.05");
}

#[test]
fn the_end_of_what_is_typed_is_seen() {
    let mut screen = Screen::new(20, 5);
    // Looked for from each letter on, its end would take hours.
    screen.type_(&format!("/{}end", "a".repeat(100_000)));
    assert_eq!(screen.lines()[4], "aaaaaaaaaaaaaaaaend");
    // Nothing of this width is seen; the sign for it is.
    screen.type_("\u{202E}");
    assert_eq!(screen.lines()[4], "aaaaaaaaaaaaaaaend\u{FFFD}");
}
