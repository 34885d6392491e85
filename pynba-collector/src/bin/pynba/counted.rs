//! Counts in sentences.

use std::fmt;

use pynba_runtime::Stats;

/// `1 packet`, `2 packets`.
pub(crate) fn counted(count: u64, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// What became of packets that were sent or passed on: first what the system took, then what is not zero.
pub(crate) struct Sent(pub(crate) Stats);

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(stats) = self;
        write!(f, "{}, {}", counted(stats.packets, "packet"), counted(stats.bytes, "byte"))?;
        for (count, what) in [
            // The answer comes after the packet was taken.
            (stats.refused, "refused (nobody listens there; may count as sent)"),
            (stats.buffer_full, "lost to a full buffer"),
            (stats.queue_full, "lost to a full queue"),
            (stats.too_large, "too large"),
            (stats.unresolved, "lost to an unknown host"),
            (stats.failed, "failed"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}
