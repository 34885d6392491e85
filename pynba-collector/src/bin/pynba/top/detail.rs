//! One request: all that was said about it, and where its time went.

use std::borrow::Cow;

use pynba_collector::{Request, Timer};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::app::{App, Overlay};
use super::name::{clean, cut, left, right};
use super::screen;
use super::sparks;
use super::tail::is_failed;
use super::theme::Theme;
use crate::figures;

/// In the lower part of the tail.
pub(crate) fn draw(theme: Theme, frame: &mut Frame<'_>, area: Rect, request: &Request<'_>) {
    screen::draw_lines(
        frame,
        area,
        shortened(lines(theme, request, area.width.into()), area.height.into()),
    );
}

/// In a window of its own, from some line on.
pub(crate) fn draw_window(app: &mut App, frame: &mut Frame<'_>) {
    let theme = app.theme();
    let Some(&Overlay::Request(id, from)) = app.overlay() else { return };
    let width = usize::from(frame.area().width.saturating_sub(4));
    let lines = match app.snapshot().get(id) {
        Some(request) => lines(theme, &request, width),
        None => vec![Line::raw("It has left the window.")],
    };
    let room = usize::from(frame.area().height.saturating_sub(2));
    let from = from.min(lines.len().saturating_sub(room));
    if let Some(Overlay::Request(_, shown)) = app.overlay_mut() {
        *shown = from;
    }
    let inner = screen::clear(frame, " Request · Esc ", width, room);
    screen::draw_lines(frame, inner, lines.into_iter().skip(from).collect());
}

/// With what there is no room for counted.
fn shortened(mut lines: Vec<Line<'static>>, room: usize) -> Vec<Line<'static>> {
    if lines.len() > room && room > 0 {
        let more = lines.len() - room + 1;
        lines.truncate(room - 1);
        lines.push(Line::raw(format!("  … {more} more; Enter shows all")));
    }
    lines
}

fn lines(theme: Theme, request: &Request<'_>, width: usize) -> Vec<Line<'static>> {
    let mut lines = vec![title(theme, request, width), figures(theme, request)];
    let tags = pairs(request.tags());
    if !tags.is_empty() {
        lines.push(Line::styled(cut(&tags, width), theme.name));
    }
    let mut timers: Vec<Timer<'_>> = request.timers().collect();
    timers.sort_by(|a, b| b.value().total_cmp(&a.value()));
    if timers.is_empty() {
        lines.push(Line::styled("  no timers", theme.faint));
    }
    lines.extend(timers.iter().map(|timer| line(theme, timer, request.request_time(), width)));
    lines
}

fn title(theme: Theme, request: &Request<'_>, width: usize) -> Line<'static> {
    let status = format!("{}{}", if is_failed(request) { "!" } else { "" }, request.status());
    let style = if is_failed(request) { theme.bad } else { theme.strong };
    let schema = request.schema();
    let separator = if schema.is_empty() { "" } else { "://" };
    let name = format!("{schema}{separator}{} {}", request.server_name(), request.script_name());
    let host = format!(" on {}", clean(&request.hostname()));
    let room = width.saturating_sub(status.len() + 1);
    let host = cut(&host, room / 3);
    let name = cut(&name, room - host.chars().count());
    Line::from(vec![
        Span::styled(status, style),
        Span::raw(" "),
        Span::styled(name, theme.strong),
        Span::styled(host, theme.faint),
    ])
}

fn figures(theme: Theme, request: &Request<'_>) -> Line<'static> {
    let parts = [
        ("time", time(request.request_time())),
        ("user", time(request.ru_utime())),
        ("system", time(request.ru_stime())),
        ("size", figures::bytes(request.document_size().into())),
        ("memory", figures::bytes(request.memory_footprint().into())),
        ("peak", figures::bytes(request.memory_peak().into())),
    ];
    let part = |(name, figure)| {
        [Span::styled(format!("{name} "), theme.faint), Span::raw(figure), Span::raw("  ")]
    };
    Line::from(parts.into_iter().flat_map(part).collect::<Vec<_>>())
}

/// A timer: its part of the request's time as a bar and in figures, how often it ran, its tags.
fn line(theme: Theme, timer: &Timer<'_>, whole: f32, width: usize) -> Line<'static> {
    let bar_width = width / 4;
    let part = if whole > 0.0 { f64::from(timer.value()) / f64::from(whole) } else { 0.0 };
    let bar = left(&sparks::bar(part, bar_width), bar_width);
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
    let room = width.saturating_sub(bar_width + figures.chars().count());
    Line::from(vec![
        Span::styled(bar, theme.bar),
        Span::raw(figures),
        Span::raw(cut(&pairs(timer.tags()), room)),
    ])
}

fn time(seconds: f32) -> String {
    figures::seconds(seconds.into())
}

fn pairs<'a>(tags: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> String {
    tags.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}
