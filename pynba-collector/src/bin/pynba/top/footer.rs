//! The last line: what can be done, what was done, or what is being typed.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use super::app::{App, Overlay};
use super::name::{clean, start};
use super::prompt::Prompt;
use super::theme::Theme;
use super::trail::View;
use super::wrapping::wrapped;
use crate::widths::{parts, that_fit, width};

pub(crate) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let room = usize::from(area.width);
    if let Some(Overlay::Prompt(prompt)) = app.overlay() {
        draw_prompt(app.theme(), prompt, frame, area);
    } else if let Some(note) = app.note() {
        frame.render_widget(Line::styled(start(note, room), app.theme().strong), area);
    } else {
        frame.render_widget(hints(app, room), area);
    }
}

fn draw_prompt(theme: Theme, prompt: &Prompt, frame: &mut Frame<'_>, area: Rect) {
    const EXAMPLES: &str =
        "status>=500  time>200ms  script~/api/*  +tag=x  @tag=x  or a part of a name";
    let (said, style) = match &prompt.error {
        Some(error) => (format!("! {error}"), theme.bad),
        None if prompt.text.is_empty() => (EXAMPLES.to_owned(), theme.faint),
        None => (String::new(), theme.faint),
    };
    // The end of it is where something is typed, and the cursor stands behind it.
    let room = usize::from(area.width.saturating_sub(1));
    let typed = format!("/{}", clean(&prompt.text));
    let seen = &typed[typed.len() - that_fit(parts(&typed).rev(), room)..];
    let end = width(seen);
    let said = if prompt.error.is_some() && width(&said) > room.saturating_sub(end + 1) {
        draw_above(&said, style, frame, area);
        String::new()
    } else {
        said
    };
    let line = Line::from(vec![
        Span::styled(seen, theme.strong),
        Span::raw("  "),
        Span::styled(start(&said, room.saturating_sub(end + 1)), style),
    ]);
    frame.render_widget(line, area);
    let end = u16::try_from(end).unwrap_or(u16::MAX);
    frame.set_cursor_position(Position::new(area.x + end, area.y));
}

/// What is wrong, where it does not fit behind what is typed: what to write instead comes last.
fn draw_above(said: &str, style: Style, frame: &mut Frame<'_>, area: Rect) {
    let most = usize::from(area.y);
    let lines: Vec<_> = wrapped(&clean(said), area.width.into()).take(most).collect();
    let height = u16::try_from(lines.len()).unwrap_or(0);
    let above = Rect { y: area.y - height, height, ..area };
    frame.render_widget(Clear, above);
    for (row, line) in above.rows().zip(lines) {
        frame.render_widget(Line::styled(line, style), row);
    }
}

/// After `+`.
const ALSO_BY: [(&str, &str); 6] = [
    ("t", "a tag"),
    ("1", "script"),
    ("2", "host"),
    ("3", "server"),
    ("4", "schema"),
    ("5", "status"),
];

/// What can be done in this view, the most important first.
fn hints(app: &App, room: usize) -> Line<'static> {
    if app.adds() {
        return fitting(app.theme(), Line::raw("also by  "), &ALSO_BY, room);
    }
    let keys: &[(&'static str, &'static str)] = match app.view() {
        View::Tail => &[
            ("?", "help"),
            ("q", "quit"),
            ("Tab", "view"),
            ("Enter", "request"),
            ("Esc", "back"),
            ("/", "filter"),
            ("p", "pause"),
            ("l", "longer"),
            ("i", "packets"),
        ],
        _ => &[
            ("?", "help"),
            ("q", "quit"),
            ("Tab", "view"),
            ("Enter", "into"),
            ("Esc", "back"),
            ("1-5 t", "by"),
            ("< > r", "sort"),
            ("/", "filter"),
            ("p", "pause"),
            ("l", "longer"),
            ("i", "packets"),
        ],
    };
    fitting(app.theme(), Line::default(), keys, room)
}

/// As many of the keys as fit, each with what it does.
fn fitting(
    theme: Theme,
    mut line: Line<'static>,
    keys: &[(&'static str, &'static str)],
    room: usize,
) -> Line<'static> {
    for (key, what) in keys {
        let what = format!(" {what}");
        if line.width() + width(key) + width(&what) > room {
            break;
        }
        line.push_span(Span::styled(*key, theme.strong));
        line.push_span(Span::styled(what, theme.faint));
        line.push_span("  ");
    }
    line
}
