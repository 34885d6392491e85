//! Colours, where they are wanted.

use std::env;
use std::fmt::{self, Display};
use std::io::{self, IsTerminal as _};

use anstyle::{AnsiColor, Style};

use crate::output::is_without_colours;

/// Whether colours are wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Paint {
    Colours,
    Plain,
}

pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const BOLD: Style = Style::new().bold();
pub(super) const BAR: Style = AnsiColor::Blue.on_default();

impl Paint {
    /// Colours on a terminal, unless its user or its type says otherwise.
    pub(super) fn of_stdout() -> Self {
        let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        // Consoles of Windows take colours only when they are asked to.
        let is_able = cfg!(unix) && io::stdout().is_terminal() && !is_dumb;
        if is_able && !is_without_colours() { Self::Colours } else { Self::Plain }
    }

    pub(super) fn with<T: Display>(self, style: Style, what: T) -> Painted<T> {
        let style = if self == Self::Colours { style } else { Style::new() };
        Painted { style, what }
    }
}

/// As green as it is good.
pub(super) fn status(status: u32) -> Style {
    match status {
        0..200 => Style::new(),
        200..300 => AnsiColor::Green.on_default(),
        300..400 => AnsiColor::Cyan.on_default(),
        400..500 => AnsiColor::Yellow.on_default(),
        _ => AnsiColor::Red.on_default().bold(),
    }
}

pub(super) struct Painted<T> {
    style: Style,
    what: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { style, what } = self;
        write!(f, "{style}")?;
        // Width and the like are for this.
        what.fmt(f)?;
        write!(f, "{style:#}")
    }
}
