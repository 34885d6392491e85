//! What has room on a line.

use std::env;
use std::io::{self, IsTerminal as _};

use ratatui::crossterm::terminal;

/// What is narrow enough for everybody, and wide enough for most.
const USUAL: usize = 80;

/// Columns of the terminal.
pub(super) fn width_of_stdout() -> usize {
    let of_terminal = || terminal::size().ok().map(|(columns, _)| usize::from(columns));
    let is_terminal = io::stdout().is_terminal();
    let given = || env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let width = is_terminal.then(of_terminal).flatten().or_else(given);
    width.filter(|width| *width > 0).unwrap_or(USUAL)
}

/// Narrows the widest of some columns, until all of them together take no more than that, or nearly nothing.
pub(super) fn narrow(widths: &mut [usize], most: usize) {
    const LEAST: usize = 4;
    while widths.iter().sum::<usize>() > most {
        let Some(widest) = widths.iter_mut().max().filter(|widest| **widest > LEAST) else { break };
        *widest -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_gives_way() {
        let mut widths = [10, 30, 5];
        narrow(&mut widths, 25);
        assert_eq!(widths, [10, 10, 5]);
        narrow(&mut widths, 0);
        assert_eq!(widths, [4, 4, 4]);
        narrow(&mut [], 0);
    }
}
