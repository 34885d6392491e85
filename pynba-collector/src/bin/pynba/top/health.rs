//! What became of the packets, in full.

use std::fmt::Display;

use pynba_collector::Counts;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::app::App;
use super::flow::beside;
use super::name::left;
use super::theme::Theme;
use crate::counted::Sent;
use crate::figures::{bytes, so_far};

/// Sentences are not read well in longer lines.
const LONGEST: usize = 74;

/// Each with its figure, in whole numbers, and no wider than this.
pub(crate) fn lines(app: &App, width: usize) -> Vec<Line<'static>> {
    let mut table = Table { theme: app.theme(), width: width.min(LONGEST), lines: Vec::new() };
    for address in &app.setup.addresses {
        table.add("listening at", address, false);
    }
    table.add_packets(app.counts());
    table.add_kept(app);
    for warning in &app.setup.warnings {
        table.add_warning(warning);
    }
    table.lines
}

struct Table {
    theme: Theme,
    width: usize,
    lines: Vec<Line<'static>>,
}

impl Table {
    fn add_packets(&mut self, counts: &Counts) {
        self.add("packets", format_args!("{}, {}", counts.packets, bytes(counts.bytes)), false);
        self.add("requests in them", counts.requests, false);
        match counts.lost {
            Some(lost) => self.add("lost by the kernel", lost, lost > 0),
            None => self.add("lost by the kernel", "the system does not tell", false),
        }
        if counts.failures > 0 {
            self.add("receiving failed", counts.failures, true);
        }
        self.add("invalid", counts.invalid(), counts.invalid() > 0);
        for (reason, count) in counts.reasons() {
            let text = format!("{count}: {reason}");
            self.lines.extend(beside(Line::raw("  "), &text, Style::new(), self.width));
        }
        if let Some(stats) = counts.forwarded {
            self.add("forwarded", Sent(stats), counts.not_forwarded() > 0);
        }
    }

    fn add_kept(&mut self, app: &App) {
        let (kept, limits, snapshot) = (app.kept(), &app.setup.limits, app.snapshot());
        let [memory, most] = [kept.bytes, limits.memory].map(|size| bytes(size as u64));
        self.add("memory", format_args!("{memory} of {most}"), false);
        let span = so_far(snapshot.span());
        self.add("requests kept", format_args!("{} of {span}", snapshot.len()), false);
        self.add("pushed out too early", kept.pushed_out, kept.pushed_out > 0);
        self.add("texts", format_args!("{} of {}", kept.texts, limits.texts), false);
        self.add("texts spilled", kept.spilled, kept.spilled > 0);
    }

    fn add(&mut self, name: &str, figure: impl Display, is_bad: bool) {
        const NAMES: usize = 22;
        let (sign, style) = if is_bad { ("!", self.theme.bad) } else { (" ", self.theme.strong) };
        let front = vec![Span::raw(left(name, NAMES)), Span::styled(format!("{sign} "), style)];
        self.lines.extend(beside(Line::from(front), &figure.to_string(), style, self.width));
    }

    fn add_warning(&mut self, warning: &str) {
        let style = self.theme.bad;
        self.lines.extend(beside(Line::styled("! ", style), warning, style, self.width));
    }
}
