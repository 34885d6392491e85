//! What is above every view: totals, curves, what was received, and the filters.

use pynba_collector::Step;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::app::App;
use super::columns::error_percent;
use super::name::cut;
use super::sparks;
use super::trail::View;
use crate::figures::{bytes, count, percent, rate, so_far, time};

/// Where it listens, and what the figures are taken over.
pub(crate) fn title(app: &App, width: usize) -> Line<'static> {
    let theme = app.theme();
    let state = match app.waiting() {
        Some(waiting) => {
            Span::styled(format!(" PAUSED, {} came since ", count(waiting)), theme.chosen)
        }
        None => Span::styled("● live", theme.good),
    };
    let times = match app.waiting() {
        Some(_) => format!(" · {}", app.period()),
        None => format!(" · {} · up {}", app.period(), so_far(app.uptime())),
    };
    let name = Span::styled("pynba top ", theme.strong);
    let used = name.width() + times.chars().count() + state.width() + 1;
    let room = width.saturating_sub(used);
    let addresses = addresses(app, room);
    let blanks = " ".repeat((room + 1).saturating_sub(addresses.chars().count()));
    Line::from(vec![name, Span::raw(addresses), Span::raw(times), Span::raw(blanks), state])
}

/// All of them, or the first one and how many others there are.
fn addresses(app: &App, room: usize) -> String {
    let all: Vec<_> = app.setup.addresses.iter().map(ToString::to_string).collect();
    let text = all.join(", ");
    match all.as_slice() {
        [first, others @ ..] if text.len() > room && !others.is_empty() => {
            format!("{first} +{}", others.len())
        }
        _ => text,
    }
}

pub(crate) fn totals(app: &App) -> Line<'static> {
    let theme = app.theme();
    let row = app.totals();
    let mut spans =
        vec![Span::styled(rate(row.requests_per_second()), theme.strong), Span::raw(" req/s   ")];
    let errors = format!("{} err/s", rate(row.errors_per_second()));
    if row.errors() > 0 {
        let share = percent(error_percent(&row));
        spans.push(Span::styled(format!("! {errors} ({share}%)"), theme.bad));
    } else {
        spans.push(Span::raw(errors));
    }
    for (name, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
        spans.push(Span::styled(format!("   {name} "), theme.faint));
        spans.push(Span::styled(time(row.quantile(share)), theme.strong));
    }
    Line::from(spans)
}

/// Requests in each of the last seconds.
pub(crate) fn requests(app: &App, width: usize) -> Line<'static> {
    curve(app, width, "req/s", app.theme().bar, |step| step.requests)
}

/// Failed requests in each of the last seconds.
pub(crate) fn errors(app: &App, width: usize) -> Line<'static> {
    curve(app, width, "err/s", app.theme().bad, |step| step.errors)
}

fn curve(
    app: &App,
    width: usize,
    name: &'static str,
    style: Style,
    figure: fn(Step) -> u64,
) -> Line<'static> {
    const SIDES: usize = "req/s ".len() + " max 12.3k".len();
    let room = width.saturating_sub(SIDES);
    let figures: Vec<u64> = app.seconds().steps().map(figure).collect();
    let shown = &figures[figures.len().saturating_sub(room)..];
    let highest = shown.iter().copied().max().unwrap_or(0);
    Line::from(vec![
        Span::styled(format!("{name} "), app.theme().faint),
        Span::styled(sparks::line(shown, room), style),
        Span::styled(format!(" max {:>5}", count(highest)), app.theme().faint),
    ])
}

/// Whether something is to be done about how packets are received.
pub(crate) fn has_trouble(app: &App) -> bool {
    health_parts(app).iter().any(|(_, is_bad)| *is_bad)
}

/// What became of the packets.
pub(crate) fn health(app: &App) -> Line<'static> {
    let theme = app.theme();
    let mut spans = Vec::new();
    for (index, (text, is_bad)) in health_parts(app).into_iter().enumerate() {
        if index > 0 {
            spans.push(Span::styled(" · ", theme.faint));
        }
        spans.push(if is_bad {
            Span::styled(format!("! {text}"), theme.bad)
        } else {
            Span::styled(text, theme.faint)
        });
    }
    Line::from(spans)
}

/// Each with whether it is bad; those that are come first.
fn health_parts(app: &App) -> Vec<(String, bool)> {
    let (counts, kept) = (app.counts(), app.kept());
    let lost = counts.lost.map_or_else(|| "?".to_owned(), count);
    let memory = u64::try_from(kept.bytes).unwrap_or(u64::MAX);
    let limit = u64::try_from(app.setup.limits.memory).unwrap_or(u64::MAX);
    let mut parts = vec![
        (format!("packets {}", count(counts.packets)), false),
        (format!("lost {lost}"), counts.lost.unwrap_or(0) > 0),
        (format!("invalid {}", count(counts.invalid())), counts.invalid() > 0),
        (format!("spilled {}", count(kept.spilled)), kept.spilled > 0),
        (format!("memory {}/{}", bytes(memory), bytes(limit)), app.is_cut_short()),
    ];
    if let Some(stats) = counts.forwarded {
        let lost = counts.not_forwarded();
        parts.push(if lost > 0 {
            (format!("forwarded {}, lost {}", count(stats.packets), count(lost)), true)
        } else {
            (format!("forwarded {}", count(stats.packets)), false)
        });
    }
    // The end of the line may be cut off.
    parts.sort_by_key(|(_, is_bad)| !is_bad);
    parts
}

/// The views, and what the rows are told apart by.
pub(crate) fn views(app: &App) -> Line<'static> {
    let theme = app.theme();
    let mut spans = Vec::new();
    for view in View::ALL {
        let (style, name) = if view == app.view() {
            (theme.chosen.patch(theme.strong), format!("[{}]", view.name()))
        } else {
            (Style::new(), format!(" {} ", view.name()))
        };
        spans.extend([Span::styled(name, style), Span::raw(" ")]);
    }
    if let Some(panel) = app.panel() {
        let keys = panel.keys().iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let keys = if keys.is_empty() { "all".to_owned() } else { cut(&keys, 40) };
        spans.extend([Span::raw(" by "), Span::styled(keys, theme.name)]);
        spans.push(Span::styled(format!("  {}", rows(panel.len())), theme.faint));
    } else {
        let slow = format!(" from {} on, or failed; newest first", time(app.setup.slow));
        spans.push(Span::styled(slow, theme.faint));
    }
    Line::from(spans)
}

fn rows(count_of: usize) -> String {
    match count_of {
        1 => "1 row".to_owned(),
        many => format!("{} rows", count(many as u64)),
    }
}

/// All filters that hold, the first one being that there is none.
pub(crate) fn trail(app: &App, width: usize) -> Line<'static> {
    let theme = app.theme();
    let filters: Vec<String> = app.filters().iter().map(ToString::to_string).collect();
    let room = width.saturating_sub("all".len()) / filters.len().max(1);
    let mut spans = vec![Span::styled("all", theme.faint)];
    for filter in filters {
        spans.push(Span::styled(" › ", theme.faint));
        spans.push(Span::styled(cut(&filter, room.saturating_sub(3).max(8)), theme.name));
    }
    Line::from(spans)
}
