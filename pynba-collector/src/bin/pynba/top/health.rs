//! What became of the packets, in full.

use ratatui::text::{Line, Span};

use super::app::App;
use super::name::{left, wrapped};
use crate::figures::{bytes, so_far};

/// Each with its figure, in whole numbers.
pub(crate) fn lines(app: &App) -> Vec<Line<'static>> {
    const WIDTH: usize = 22;
    /// Fits into a box on a usual terminal.
    const LONGEST: usize = 74;
    let theme = app.theme();
    let (counts, kept, limits) = (app.counts(), app.kept(), &app.setup.limits);
    let line = |name: &str, figure: String, is_bad: bool| {
        let (sign, style) = if is_bad { ("!", theme.bad) } else { (" ", theme.strong) };
        Line::from(vec![
            Span::raw(left(name, WIDTH)),
            Span::styled(format!("{sign} {figure}"), style),
        ])
    };
    let mut lines: Vec<Line<'_>> = Vec::new();
    for address in &app.setup.addresses {
        lines.push(line("listening at", address.to_string(), false));
    }
    lines.push(line("packets", format!("{}, {}", counts.packets, bytes(counts.bytes)), false));
    lines.push(line("requests in them", counts.requests.to_string(), false));
    let lost = counts.lost.map_or("the system does not tell".to_owned(), |lost| lost.to_string());
    lines.push(line("lost by the kernel", lost, counts.lost.unwrap_or(0) > 0));
    if counts.failures > 0 {
        lines.push(line("receiving failed", counts.failures.to_string(), true));
    }
    lines.push(line("invalid", counts.invalid().to_string(), counts.invalid() > 0));
    for (reason, count) in counts.reasons() {
        lines.push(Line::raw(format!("  {count}: {reason}")));
    }
    if let Some(stats) = counts.forwarded {
        let parts = wrapped(&stats.to_string(), LONGEST - WIDTH);
        for (name, part) in std::iter::once("forwarded").chain(std::iter::repeat("")).zip(parts) {
            lines.push(line(name, part, counts.not_forwarded() > 0));
        }
    }
    let memory = format!("{} of {}", bytes(kept.bytes as u64), bytes(limits.memory as u64));
    lines.push(line("memory", memory, false));
    let held = format!("{} of {}", app.snapshot().len(), so_far(app.snapshot().span()));
    lines.push(line("requests kept", held, false));
    lines.push(line("pushed out too early", kept.pushed_out.to_string(), kept.pushed_out > 0));
    lines.push(line("texts", format!("{} of {}", kept.texts, limits.texts), false));
    lines.push(line("texts spilled", kept.spilled.to_string(), kept.spilled > 0));
    for warning in &app.setup.warnings {
        let parts = wrapped(&format!("! {warning}"), LONGEST);
        lines.extend(parts.into_iter().map(|part| Line::styled(part, theme.bad)));
    }
    lines
}
