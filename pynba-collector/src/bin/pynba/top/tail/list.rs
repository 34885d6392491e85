//! Draws the tail: the requests, and below them the chosen one with its timers.

use std::time::Duration;

use pynba_collector::Request;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::figures::{so_far, time};
use crate::top::app::App;
use crate::top::name::{left, right};
use crate::top::{detail, screen};

pub(crate) fn draw(app: &mut App, frame: &mut Frame<'_>, area: Rect) {
    // Where there is little room, Enter shows the request.
    let below = if area.height >= 10 { area.height / 2 } else { 0 };
    let [list, rule, below] = area.layout(&Layout::vertical([
        Constraint::Min(0),
        Constraint::Length(below.min(1)),
        Constraint::Length(below),
    ]));
    let rule_line = "─".repeat(rule.width.into());
    frame.render_widget(Line::styled(rule_line, app.theme().faint), rule);
    draw_list(app, frame, list);
    if let Some(request) = app.tail().chosen().and_then(|id| app.snapshot().get(id)) {
        detail::draw(app, frame, below, &request);
    }
}

fn draw_list(app: &mut App, frame: &mut Frame<'_>, area: Rect) {
    let room = usize::from(area.height.saturating_sub(1));
    let tail = app.tail_mut();
    let length = tail.len();
    let visible = tail.cursor.window(length, room);
    let columns = Columns::new(area.width.into());
    let mut lines = vec![columns.titles(app)];
    for index in visible {
        let request = app.tail().id(index).and_then(|id| app.snapshot().get(id));
        lines.extend(request.map(|request| columns.line(app, &request, index)));
    }
    if length == 0 {
        let text = if app.filters().is_empty() {
            "  No request was slow or failed in the whole window."
        } else {
            "  No slow or failed request fits the filters; Esc takes the last one back."
        };
        lines.extend([Line::default(), Line::styled(text, app.theme().faint)]);
    }
    screen::draw_lines(frame, area, lines);
}

/// How wide the names are; 0 for what there is no room for.
struct Columns {
    script: usize,
    host: usize,
    server: usize,
}

impl Columns {
    fn new(width: usize) -> Self {
        // The mark, the age, the time, the status, and blanks behind them.
        let room = width.saturating_sub(2 + 8 + 8 + 7);
        match room {
            0..40 => Self { script: room, host: 0, server: 0 },
            40..70 => Self { script: room - 16, host: 15, server: 0 },
            _ => Self { script: room - 36, host: 17, server: 17 },
        }
    }

    fn names(&self, script: &str, host: &str, server: &str) -> String {
        let parts = [(script, self.script), (host, self.host), (server, self.server)];
        let shown = parts.into_iter().filter(|(_, width)| *width > 0);
        shown.map(|(text, width)| left(text, width)).collect::<Vec<_>>().join(" ")
    }

    fn titles(&self, app: &App) -> Line<'static> {
        let names = self.names("script", "host", "server");
        let style = app.theme().title.patch(app.theme().faint);
        Line::styled(format!("      AGO    TIME STATUS {names}"), style)
    }

    fn line(&self, app: &App, request: &Request<'_>, index: usize) -> Line<'static> {
        let theme = app.theme();
        let is_chosen = index == app.tail().cursor.index();
        let ago = app.snapshot().age(request);
        let took = Duration::try_from_secs_f32(request.request_time()).unwrap_or(Duration::MAX);
        let failed = if request.is_error() { "!" } else { "" };
        let style = |is_so, style| if is_so { style } else { Style::new() };
        let spans = vec![
            Span::raw(if is_chosen { "› " } else { "  " }),
            Span::raw(right(&so_far(ago), 7)),
            Span::raw(" "),
            Span::styled(right(&time(took), 7), style(app.tail().is_slow(request), theme.strong)),
            Span::raw(" "),
            Span::styled(
                right(&format!("{failed}{}", request.status()), 5),
                style(request.is_error(), theme.bad),
            ),
            Span::raw("  "),
            Span::raw(self.names(
                &request.script_name().to_str(),
                &request.hostname().to_str(),
                &request.server_name().to_str(),
            )),
        ];
        Line::from(spans).style(style(is_chosen, theme.chosen))
    }
}
