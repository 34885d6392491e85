//! What the keys do, and what the figures are.

use ratatui::text::{Line, Span};

use super::columns;
use super::keys;
use super::name::left;
use super::theme::Theme;

pub(crate) fn lines(theme: Theme) -> Vec<Line<'static>> {
    const WIDTH: usize = 14;
    let line = |(name, meaning): (&'static str, &'static str)| {
        Line::from(vec![Span::styled(left(name, WIDTH), theme.name), Span::raw(meaning)])
    };
    // 22 lines of it fit into a box on a terminal of 24.
    let lines = keys::MEANINGS.into_iter().chain(columns::MEANINGS);
    lines.map(line).collect()
}
