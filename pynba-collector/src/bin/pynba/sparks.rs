//! Curves and bars in one line.

const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The last of the figures, one in each column, up to the highest one. What is not 0 can be seen.
pub(crate) fn line(figures: &[u64], width: usize) -> String {
    let shown = &figures[figures.len().saturating_sub(width)..];
    let highest = u128::from(shown.iter().copied().max().unwrap_or(0));
    let level = |figure: u64| {
        let eighths = (u128::from(figure) * 8).div_ceil(highest.max(1));
        LEVELS[usize::try_from(eighths).unwrap_or(8).min(8)]
    };
    let blanks = std::iter::repeat_n(' ', width - shown.len());
    blanks.chain(shown.iter().map(|figure| level(*figure))).collect()
}

/// A bar as long as the part is of the whole, in eighths of a column.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part of a small number"
)]
pub(crate) fn bar(part: f32, whole: f32, width: usize) -> String {
    const ENDS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let width = u32::try_from(width).unwrap_or(u32::MAX);
    let share = if whole > 0.0 { f64::from(part / whole) } else { 0.0 };
    let eighths = (share.clamp(0.0, 1.0) * f64::from(width) * 8.0).round() as usize;
    format!("{}{}", "█".repeat(eighths / 8), ENDS[eighths % 8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_reach_their_highest_figure() {
        assert_eq!(line(&[0, 1, 50, 100], 6), "   ▁▄█");
        assert_eq!(line(&[9, 0, 1, 50, 100], 4), " ▁▄█");
        assert_eq!((line(&[], 3).as_str(), line(&[0, 0], 2).as_str()), ("   ", "  "));
        assert_eq!(line(&[u64::MAX, 1], 2), "█▁");
        assert_eq!(line(&[1, 2], 0), "");
    }

    #[test]
    fn bars_are_parts() {
        assert_eq!(bar(0.5, 1.0, 4), "██");
        assert_eq!(bar(0.6, 2.0, 5), "█▌");
        assert_eq!((bar(7.0, 1.0, 3).as_str(), bar(0.0, 1.0, 3).as_str()), ("███", ""));
        for part in [0.0, 0.1, f32::NAN] {
            assert_eq!(bar(part, 0.0, 3), "");
        }
    }
}
