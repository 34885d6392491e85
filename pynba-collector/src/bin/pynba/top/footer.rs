//! The last line: what can be done, what was done, or what is being typed.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::app::{App, Overlay};
use super::name::start;
use super::theme::Theme;
use super::trail::View;
use crate::widths::width;

pub(crate) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.theme();
    let room = usize::from(area.width);
    if let Some(Overlay::Prompt(prompt)) = app.overlay() {
        let (text, style) = match &prompt.error {
            Some(error) => (format!("! {error}"), theme.bad),
            None if prompt.text.is_empty() => (
                "status>=500  time>200ms  script~/api/*  +tag=x  @tag=x  or a part of a name"
                    .to_owned(),
                theme.faint,
            ),
            None => (String::new(), theme.faint),
        };
        // The end of it is where something is typed.
        let typed = format!("/{}", super::name::clean(&prompt.text));
        let first = typed.char_indices().find(|(place, _)| width(&typed[*place..]) < room.max(1));
        let typed = first.map_or("", |(place, _)| &typed[place..]).to_owned();
        let end =
            u16::try_from(width(&typed)).unwrap_or(u16::MAX).min(area.width.saturating_sub(1));
        let rest = room.saturating_sub(usize::from(end) + 2);
        let spans = vec![
            Span::styled(typed, theme.strong),
            Span::raw("  "),
            Span::styled(start(&text, rest), style),
        ];
        frame.render_widget(Line::from(spans), area);
        frame.set_cursor_position(Position::new(area.x + end, area.y));
        return;
    }
    let line = if let Some(note) = app.note() {
        Line::styled(start(note, room), theme.strong)
    } else if app.adds() {
        let keys = [
            ("t", "a tag"),
            ("1", "script"),
            ("2", "host"),
            ("3", "server"),
            ("4", "schema"),
            ("5", "status"),
        ];
        fitting(theme, Line::raw("also by  "), &keys, room)
    } else {
        hints(app, room)
    };
    frame.render_widget(line, area);
}

/// What can be done in this view, the most important first.
fn hints(app: &App, room: usize) -> Line<'static> {
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
