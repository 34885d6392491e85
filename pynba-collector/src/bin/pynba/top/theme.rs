//! Few colours, each with a meaning, and none that needs a dark or a light background.

use ratatui::style::{Color, Modifier, Style};

use crate::output::is_without_colours;

/// How everything looks. Whatever a colour says is said by a sign or a word, too.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Theme {
    /// Labels and hints.
    pub(crate) faint: Style,
    /// Figures that matter.
    pub(crate) strong: Style,
    /// What somebody should do something about.
    pub(crate) bad: Style,
    pub(crate) good: Style,
    /// Bars and curves.
    pub(crate) bar: Style,
    /// Keys and filters.
    pub(crate) name: Style,
    /// The row, or the view, that is chosen.
    pub(crate) chosen: Style,
    /// Titles of columns.
    pub(crate) title: Style,
}

impl Theme {
    /// With colours, unless they are not wanted here or by `NO_COLOR` in the environment.
    pub(crate) fn new(no_color: bool) -> Self {
        let is_off = no_color || is_without_colours();
        let colour = |colour| if is_off { Style::new() } else { Style::new().fg(colour) };
        Self {
            faint: Style::new().add_modifier(Modifier::DIM),
            strong: Style::new().add_modifier(Modifier::BOLD),
            bad: colour(Color::Red).add_modifier(Modifier::BOLD),
            good: colour(Color::Green),
            bar: colour(Color::Cyan),
            name: colour(Color::Cyan).add_modifier(Modifier::BOLD),
            chosen: Style::new().add_modifier(Modifier::REVERSED),
            title: Style::new().add_modifier(Modifier::UNDERLINED),
        }
    }
}
