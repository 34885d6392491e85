//! One request: all that was said about it, and where its time went.

use pynba_collector::{Request, Text, Timer};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::app::App;
use super::flow::{self, beside};
use super::name::{clean, left, right, width as width_of, wrapped};
use super::screen;
use super::sparks;
use super::tail::is_failed;
use super::theme::Theme;
use crate::{clock, figures};

/// In the lower part of the tail, with what there is no room for counted.
pub(crate) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect, request: &Request<'_>) {
    let (mut lines, room) = (lines(app, request, area.width.into()), usize::from(area.height));
    if lines.len() > room && room > 0 {
        let more = lines.len() - room + 1;
        lines.truncate(room - 1);
        lines.push(Line::raw(format!("  … {more} more; Enter shows all")));
    }
    screen::draw_lines(frame, area, lines);
}

/// All that is known of the request.
pub(crate) fn of(app: &App, id: u64, width: usize) -> Vec<Line<'static>> {
    match app.snapshot().get(id) {
        Some(request) => lines(app, &request, width),
        None => vec![Line::raw("It has left the window.")],
    }
}

fn lines(app: &App, request: &Request<'_>, width: usize) -> Vec<Line<'static>> {
    let theme = app.theme();
    let mut lines = title(app, request, width);
    lines.extend(flow::parts(figures(theme, request), 2, width));
    let tags = wrapped(&pairs(request.tags()), width).into_iter();
    lines.extend(tags.map(|part| Line::styled(part, theme.name)));
    let mut timers: Vec<Timer<'_>> = request.timers().collect();
    timers.sort_by(|a, b| b.value().total_cmp(&a.value()));
    if timers.is_empty() {
        lines.push(Line::styled("  no timers", theme.faint));
    }
    lines.extend(timers.iter().flat_map(|timer| of_timer(theme, timer, request, width)));
    lines
}

/// When it came, what became of it, and what it was.
fn title(app: &App, request: &Request<'_>, width: usize) -> Vec<Line<'static>> {
    let theme = app.theme();
    let clock = clock::text(request.came_at(), &app.setup.zone);
    let status = format!("{}{}", if is_failed(request) { "!" } else { "" }, request.status());
    let style = if is_failed(request) { theme.bad } else { theme.strong };
    let front = vec![
        Span::styled(format!("{clock} "), theme.faint),
        Span::styled(format!("{status} "), style),
    ];
    let schema = request.schema();
    let separator = if schema.is_empty() { "" } else { "://" };
    let name = format!("{schema}{separator}{} {}", request.server_name(), request.script_name());
    let mut lines = beside(Line::from(front), &name, theme.strong, width);
    let host = format!(" on {}", clean(&request.hostname().to_str()));
    match lines.last_mut() {
        Some(last) if last.width() + width_of(&host) <= width => {
            last.push_span(Span::styled(host, theme.faint));
        }
        _ => lines.extend(beside(Line::raw(" "), &host, theme.faint, width)),
    }
    lines
}

fn figures(theme: Theme, request: &Request<'_>) -> Vec<Line<'static>> {
    // Short names: all of it fits into 80 columns.
    let figures = [
        ("time", time(request.request_time())),
        ("user", time(request.ru_utime())),
        ("sys", time(request.ru_stime())),
        ("size", figures::bytes(request.document_size().into())),
        ("mem", figures::bytes(request.memory_footprint().into())),
        ("peak", figures::bytes(request.memory_peak().into())),
    ];
    let part = |(name, figure)| {
        Line::from(vec![Span::styled(format!("{name} "), theme.faint), Span::raw(figure)])
    };
    figures.into_iter().map(part).collect()
}

/// A timer: its part of the request's time as a bar and in figures, how often it ran, its tags.
fn of_timer(
    theme: Theme,
    timer: &Timer<'_>,
    request: &Request<'_>,
    width: usize,
) -> Vec<Line<'static>> {
    // Tags matter more.
    let bar_width = if width < 60 { 0 } else { width / 4 };
    let whole = f64::from(request.request_time());
    let part = if whole > 0.0 { f64::from(timer.value()) / whole } else { 0.0 };
    let hits = if timer.hit_count() > 1 {
        format!("×{}", figures::count(timer.hit_count().into()))
    } else {
        String::new()
    };
    let figures = format!(
        " {} {}% {} ",
        right(&time(timer.value()), 7),
        right(&figures::percent(part * 100.0), 5),
        left(&hits, 5)
    );
    let bar = left(&sparks::bar(part, bar_width), bar_width);
    let front = Line::from(vec![Span::styled(bar, theme.bar), Span::raw(figures)]);
    beside(front, &pairs(timer.tags()), Style::new(), width)
}

fn time(seconds: f32) -> String {
    figures::seconds(seconds.into())
}

fn pairs<'a>(tags: impl Iterator<Item = (Text<'a>, Text<'a>)>) -> String {
    tags.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}
