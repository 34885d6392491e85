//! Draws the rows of requests or of timers, and the list of keys to choose from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use pynba_collector::{Key, Row};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::app::{App, Overlay};
use super::columns::{self, Column};
use super::name::{left, right};
use super::panel::Sort;
use super::screen;
use super::theme::Theme;
use crate::figures::count;
use crate::receiving::PORT;
use crate::widths::width;

/// Before each name: room for the mark of the chosen row.
const MARK: usize = 2;

pub(crate) fn draw(app: &mut App, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.theme();
    let Some(panel) = app.panel_mut() else { return };
    let room = usize::from(area.height.saturating_sub(1));
    let visible = panel.cursor.window(panel.len(), room);
    let chosen = panel.cursor.index();
    let panel = &*panel;
    let rows = &panel.rows()[visible.clone()];
    let (keys, sorted) = (panel.keys().len(), panel.sort().column);
    let (shown, names) = columns::that_fit(panel.columns(), keys, area.width.into(), sorted);
    let names = Names::new(panel.keys(), rows, names.saturating_sub(MARK));
    let shown: Vec<_> = shown.into_iter().map(|index| (index, &panel.columns()[index])).collect();

    let mut lines = vec![titles(theme, &names, &shown, panel.sort())];
    for (index, row) in visible.zip(rows) {
        lines.push(line(theme, &names, &shown, row, index == chosen));
    }
    if rows.is_empty() {
        lines.extend(nothing(app));
    }
    screen::draw_lines(frame, area, lines);
}

/// How the room for names is shared by the keys.
struct Names {
    keys: Vec<String>,
    widths: Vec<usize>,
}

impl Names {
    fn new(keys: &[Key], rows: &[Row<'_>], room: usize) -> Self {
        let mut keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        if keys.is_empty() {
            keys.push("all".to_owned());
        }
        let mut wanted: Vec<usize> = keys.iter().map(|key| width(key) + 1).collect();
        for row in rows {
            for (wanted, value) in wanted.iter_mut().zip(row.key()) {
                *wanted = (*wanted).max(width(&text(&value)));
            }
        }
        // A blank between them.
        let widths = shares(&wanted, room.saturating_sub(keys.len() - 1));
        Self { keys, widths }
    }

    fn line<'a>(&self, values: impl Iterator<Item = &'a str>) -> String {
        let values = values.map(text).zip(&self.widths);
        values.map(|(value, width)| left(&value, *width)).collect::<Vec<_>>().join(" ")
    }
}

/// What a name without any letter is called.
fn text(value: &str) -> std::borrow::Cow<'_, str> {
    if value.is_empty() { "(empty)".into() } else { super::name::clean(value) }
}

/// Divides the room: those that want little get it, the others equally much, and the last one what is left.
fn shares(wanted: &[usize], room: usize) -> Vec<usize> {
    let mut shares = vec![0; wanted.len()];
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|index| wanted[*index]);
    let mut rest = room;
    for (done, index) in order.iter().enumerate() {
        shares[*index] = wanted[*index].min(rest / (wanted.len() - done));
        rest -= shares[*index];
    }
    if let Some(last) = shares.last_mut() {
        *last += rest;
    }
    shares
}

fn titles(
    theme: Theme,
    names: &Names,
    columns: &[(usize, &Column)],
    Sort { column: sorted, is_reversed }: Sort,
) -> Line<'static> {
    let arrow = if is_reversed { "▲" } else { "▼" };
    let style = |is_sorted| {
        if is_sorted { theme.title.patch(theme.strong) } else { theme.title.patch(theme.faint) }
    };
    let mut keys: Vec<String> = names.keys.clone();
    if sorted.is_none() {
        // Names are sorted the other way round than figures.
        keys[0].push(if is_reversed { '▼' } else { '▲' });
    }
    let keys = names.line(keys.iter().map(String::as_str));
    let mut spans = vec![
        Span::styled(" ".repeat(MARK), style(false)),
        Span::styled(keys, style(sorted.is_none())),
    ];
    for (index, column) in columns {
        let is_sorted = sorted == Some(*index);
        let arrow = if is_sorted { arrow } else { "" };
        let title = format!("{}{arrow}", column.title);
        spans.push(Span::styled(" ", style(false)));
        spans.push(Span::styled(right(&title, column.width), style(is_sorted)));
    }
    Line::from(spans)
}

fn line(
    theme: Theme,
    names: &Names,
    columns: &[(usize, &Column)],
    row: &Row<'_>,
    is_chosen: bool,
) -> Line<'static> {
    let keys: Vec<_> = row.key().collect();
    let keys: Vec<&str> =
        if keys.is_empty() { vec!["all timers"] } else { keys.iter().map(|key| &**key).collect() };
    let mark = if is_chosen { "› " } else { "  " };
    let mut spans = vec![Span::raw(mark), Span::raw(names.line(keys.into_iter()))];
    for (_, column) in columns {
        let text = column.text(row);
        let style = if text.starts_with('!') { theme.bad } else { Style::new() };
        spans.push(Span::raw(" "));
        spans.push(Span::styled(right(&text, column.width), style));
    }
    let style = if is_chosen { theme.chosen } else { Style::new() };
    Line::from(spans).style(style)
}

/// What sends to where this listens.
fn demo(app: &App) -> String {
    let first = app.setup.addresses.first();
    match first {
        Some(at) if at.port() != PORT || !at.ip().is_loopback() && !at.ip().is_unspecified() => {
            let ip = match at.ip() {
                IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
                ip => ip,
            };
            format!("pynba demo -s {}", SocketAddr::new(ip, at.port()))
        }
        _ => "pynba demo".to_owned(),
    }
}

/// Why there is no row, and what to do.
fn nothing(app: &App) -> Vec<Line<'static>> {
    let theme = app.theme();
    let lines = if app.counts().packets == 0 {
        let addresses = &app.setup.addresses;
        let addresses = addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        vec![
            "No packet has come yet.".to_owned(),
            format!("Let clients send to UDP {addresses}."),
            format!("Traffic to look at: `{}` in another terminal.", demo(app)),
        ]
    } else if app.totals().requests() > 0
        && app.panel().is_some_and(|panel| panel.keys().is_empty())
    {
        vec!["None of these requests has a timer.".to_owned()]
    } else if app.totals().requests() > 0 {
        let is_one = app.panel().is_none_or(|panel| panel.keys().len() == 1);
        let keys =
            if is_one { "this key; choose another one" } else { "all these keys; choose one" };
        vec![format!("Nothing here has {keys} with t or 1 to 5.")]
    } else if app.filters().is_empty() {
        vec!["No request came in this time; l takes a longer one.".to_owned()]
    } else {
        vec!["No request in this time fits the filters; Esc takes the last one back.".to_owned()]
    };
    let indent = |line| Line::styled(format!("  {line}"), theme.faint);
    std::iter::once(Line::default()).chain(lines.into_iter().map(indent)).collect()
}

pub(crate) fn draw_picker(app: &mut App, frame: &mut Frame<'_>) {
    const WIDEST: usize = 44;
    let width = WIDEST.min(frame.area().width.saturating_sub(screen::SIDES).into());
    let theme = app.theme();
    let Some(Overlay::Picker(picker)) = app.overlay_mut() else { return };
    let items: Vec<_> = picker.shown().into_iter().cloned().collect();
    let title = if picker.adds { " Also by " } else { " By " };
    let inner = screen::clear(frame, [title, ""], width, items.len().max(1) + 2);
    let chosen = picker.cursor.index();
    let visible = picker.cursor.window(items.len(), usize::from(inner.height.saturating_sub(2)));
    let typed =
        if picker.typed.is_empty() { "type to search; + for a further key" } else { &picker.typed };
    let mut lines = vec![Line::styled(left(typed, width), theme.faint), Line::default()];
    for (index, (key, uses)) in visible.clone().zip(&items[visible]) {
        let uses = uses.map(|uses| format!("in {}", count(uses))).unwrap_or_default();
        let mark = if index == chosen { "› " } else { "  " };
        let text = format!(
            "{mark}{}{}",
            left(&key.to_string(), width.saturating_sub(12)),
            right(&uses, 10)
        );
        let style = if index == chosen { theme.chosen } else { Style::new() };
        lines.push(Line::styled(text, style));
    }
    if items.is_empty() {
        lines.push(Line::styled("  no such key", theme.faint));
    }
    screen::draw_lines(frame, inner, lines);
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn room_is_shared() {
        assert_eq!(shares(&[5], 20), [20]);
        assert_eq!(shares(&[50, 4], 20), [16, 4]);
        assert_eq!(shares(&[4, 50, 50], 24), [4, 10, 10]);
        assert_eq!(shares(&[3, 3], 20), [3, 17]);
        assert_eq!(shares(&[3, 3], 0), [0, 0]);
    }
}
