//! What became of the packets, in full.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::app::App;
use super::flow::beside;
use super::name::left;
use crate::figures::{bytes, so_far};

/// Each with its figure, in whole numbers, and no wider than this.
pub(crate) fn lines(app: &App, width: usize) -> Vec<Line<'static>> {
    const NAMES: usize = 22;
    /// Sentences are not read well in longer lines.
    const LONGEST: usize = 74;
    let width = width.min(LONGEST);
    let theme = app.theme();
    let (counts, kept, limits) = (app.counts(), app.kept(), &app.setup.limits);
    let line = |name: &str, figure: String, is_bad: bool| {
        let (sign, style) = if is_bad { ("!", theme.bad) } else { (" ", theme.strong) };
        let front = vec![Span::raw(left(name, NAMES)), Span::styled(format!("{sign} "), style)];
        beside(Line::from(front), &figure, style, width)
    };
    let mut lines: Vec<Line<'_>> = Vec::new();
    for address in &app.setup.addresses {
        lines.extend(line("listening at", address.to_string(), false));
    }
    lines.extend(line("packets", format!("{}, {}", counts.packets, bytes(counts.bytes)), false));
    lines.extend(line("requests in them", counts.requests.to_string(), false));
    let lost = counts.lost.map_or("the system does not tell".to_owned(), |lost| lost.to_string());
    lines.extend(line("lost by the kernel", lost, counts.lost.unwrap_or(0) > 0));
    if counts.failures > 0 {
        lines.extend(line("receiving failed", counts.failures.to_string(), true));
    }
    lines.extend(line("invalid", counts.invalid().to_string(), counts.invalid() > 0));
    for (reason, count) in counts.reasons() {
        lines.extend(beside(Line::raw("  "), &format!("{count}: {reason}"), Style::new(), width));
    }
    if let Some(stats) = counts.forwarded {
        let is_bad = counts.not_forwarded() > 0;
        lines.extend(line("forwarded", stats.to_string(), is_bad));
    }
    let memory = format!("{} of {}", bytes(kept.bytes as u64), bytes(limits.memory as u64));
    lines.extend(line("memory", memory, false));
    let held = format!("{} of {}", app.snapshot().len(), so_far(app.snapshot().span()));
    lines.extend(line("requests kept", held, false));
    lines.extend(line("pushed out too early", kept.pushed_out.to_string(), kept.pushed_out > 0));
    lines.extend(line("texts", format!("{} of {}", kept.texts, limits.texts), false));
    lines.extend(line("texts spilled", kept.spilled.to_string(), kept.spilled > 0));
    for warning in &app.setup.warnings {
        lines.extend(beside(Line::styled("! ", theme.bad), warning, theme.bad, width));
    }
    lines
}
