//! What is above every view, below the title: totals, curves, what was received, and the filters.

use pynba_collector::Step;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::app::App;
use super::columns::error_percent;
use super::flow::that_fit;
use super::name::cut;
use super::trail::View;
use crate::figures::{bytes, count, percent, rate, time};
use crate::sparks;

/// As many figures as there is room for: one that is cut is a wrong one.
pub(crate) fn totals(app: &App, width: usize) -> Line<'static> {
    const GAP: &str = "   ";
    let theme = app.theme();
    let row = app.totals();
    let mut parts = vec![Line::from(vec![
        Span::styled(rate(row.requests_per_second()), theme.strong),
        Span::raw(" req/s"),
    ])];
    let errors = format!("{} err/s", rate(row.errors_per_second()));
    if row.errors() > 0 {
        let share = percent(error_percent(&row));
        parts.push(Line::from(vec![GAP.into(), Span::styled(format!("! {errors}"), theme.bad)]));
        parts.push(Line::styled(format!(" ({share}%)"), theme.bad));
    } else {
        parts.push(Line::from(format!("{GAP}{errors}")));
    }
    for (name, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
        parts.push(Line::from(vec![
            Span::styled(format!("{GAP}{name} "), theme.faint),
            Span::styled(time(row.quantile(share)), theme.strong),
        ]));
    }
    that_fit(parts, width)
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
pub(crate) fn health(app: &App, width: usize) -> Line<'static> {
    let theme = app.theme();
    let part = |(index, (text, is_bad)): (usize, (String, bool))| {
        let gap = if index > 0 { " · " } else { "" };
        let text = if is_bad {
            Span::styled(format!("! {text}"), theme.bad)
        } else {
            Span::styled(text, theme.faint)
        };
        Line::from(vec![Span::styled(gap, theme.faint), text])
    };
    that_fit(health_parts(app).into_iter().enumerate().map(part).collect(), width)
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
    // There may be no room for all.
    parts.sort_by_key(|(_, is_bad)| !is_bad);
    parts
}

/// The views, and what the rows are told apart by: from all that can be said to the least.
pub(crate) fn views(app: &App) -> Vec<Line<'static>> {
    let theme = app.theme();
    let chosen =
        |view: View| Span::styled(format!("[{}]", view.name()), theme.chosen.patch(theme.strong));
    let name = |view: View| {
        if view == app.view() { chosen(view) } else { Span::raw(format!(" {} ", view.name())) }
    };
    let all = View::ALL.map(|view| [name(view), Span::raw(" ")]).concat();
    let one = vec![chosen(app.view()), Span::raw(" ")];
    let (about, more) = if let Some(panel) = app.panel() {
        let keys = panel.keys().iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let keys = if keys.is_empty() { "all".to_owned() } else { cut(&keys, 40) };
        (
            vec![Span::raw(" by "), Span::styled(keys, theme.name)],
            format!("  {}", rows(panel.len())),
        )
    } else {
        let slow = format!(" from {} on, or failed", time(app.setup.slow));
        (vec![Span::styled(slow, theme.faint)], "; newest first".to_owned())
    };
    let more = vec![Span::styled(more, theme.faint)];
    let lines = [
        [all.clone(), about.clone(), more].concat(),
        [all.clone(), about.clone()].concat(),
        [one.clone(), about].concat(),
        all,
        one,
    ];
    lines.into_iter().map(Line::from).collect()
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
