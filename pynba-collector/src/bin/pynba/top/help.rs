//! What the keys do, and what the figures are.

use ratatui::style::Style;
use ratatui::text::Line;

use super::columns;
use super::flow::beside;
use super::keys;
use super::name::left;
use super::theme::Theme;

/// No wider than this. On a terminal of 80 columns and 24 lines all of it is seen at once.
pub(crate) fn lines(theme: Theme, width: usize) -> Vec<Line<'static>> {
    const WIDTH: usize = 14;
    let lines = |(name, meaning)| {
        beside(Line::styled(left(name, WIDTH), theme.name), meaning, Style::new(), width)
    };
    keys::MEANINGS.into_iter().chain(columns::MEANINGS).flat_map(lines).collect()
}
