//! The first line, and whether what is seen is live. That is always seen, whatever else has to give way.

use ratatui::text::{Line, Span};

use super::app::App;
use crate::figures::{count, so_far};

/// Where it listens, and what the figures are taken over.
pub(crate) fn title(app: &App, width: usize) -> Line<'static> {
    let name = || Span::styled("pynba top", app.theme().strong);
    let period = app.period();
    let times = match app.waiting() {
        Some(_) => period.clone(),
        None => format!("{period} · up {}", so_far(app.uptime())),
    };
    let [all, first] = addresses(app);
    let long = [(all, &times), (first.clone(), &times), (first, &period)];
    let mut lines: Vec<Line<'static>> = long
        .into_iter()
        .map(|(addresses, times)| {
            Line::from(vec![name(), format!(" {addresses} · {times}").into()])
        })
        .collect();
    lines.push(Line::from(vec![name(), format!(" · {period}").into()]));
    lines.push(Line::from(period));
    with_state(app, &lines, width)
}

/// All of them, and the first one with how many others there are.
fn addresses(app: &App) -> [String; 2] {
    let all: Vec<_> = app.setup.addresses.iter().map(ToString::to_string).collect();
    let first = match all.as_slice() {
        [first, others @ ..] if !others.is_empty() => format!("{first} +{}", others.len()),
        _ => all.concat(),
    };
    [all.join(", "), first]
}

/// The first of the lines beside which there is room for the state, which stands at the right.
pub(crate) fn with_state(app: &App, lines: &[Line<'static>], width: usize) -> Line<'static> {
    let [long, short] = states(app);
    let fits = |line: &Line<'_>, state: &Span<'_>| line.width() + 1 + state.width() <= width;
    let found = lines.iter().find_map(|line| {
        [&long, &short].into_iter().find(|state| fits(line, state)).map(|state| (line, state))
    });
    let (mut line, state) = match found {
        Some((line, state)) => (line.clone(), state),
        None => (Line::default(), &short),
    };
    let blanks = width.saturating_sub(line.width() + state.width());
    line.push_span(" ".repeat(blanks));
    line.push_span(state.clone());
    line
}

/// With all there is to say, and in one word.
fn states(app: &App) -> [Span<'static>; 2] {
    let theme = app.theme();
    let live = || Span::styled("● live", theme.good);
    let paused = |text: String| Span::styled(text, theme.chosen);
    match app.waiting() {
        Some(waiting) => [
            paused(format!(" PAUSED, {} came since ", count(waiting))),
            paused("PAUSED".to_owned()),
        ],
        None => [live(), live()],
    }
}
