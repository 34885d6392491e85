//! What `pynba send` is told that was measured.

use std::time::Duration;

use pynba_runtime::ScriptMonitor;

use super::timer::Timer;
use crate::units;

/// What is not given is 0, the status 200.
#[derive(Debug, clap::Args)]
pub(super) struct Measured {
    /// How long it took: 0.25 (seconds), 250ms, 1m 30s
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    time: Option<Duration>,
    /// As HTTP numbers them [default: 200]
    #[arg(long, value_name = "NUMBER", value_parser = status, allow_hyphen_values = true)]
    status: Option<u32>,
    /// A part of it, see below; repeatable
    #[arg(long, value_name = "TAGS:TIME")]
    timer: Vec<Timer>,
    /// Processor time in user mode
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    user_time: Option<Duration>,
    /// Processor time in the kernel
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    system_time: Option<Duration>,
    /// Memory used at most: 48000 (bytes), 48k, 64KiB
    #[arg(long, value_name = "SIZE", value_parser = size, allow_hyphen_values = true)]
    memory_peak: Option<u64>,
    /// Memory used
    #[arg(long, value_name = "SIZE", value_parser = size, allow_hyphen_values = true)]
    memory_footprint: Option<u64>,
    /// Size of the answer
    #[arg(long, value_name = "SIZE", value_parser = size, allow_hyphen_values = true)]
    document_size: Option<u64>,
}

/// The library counts nanoseconds, in 64 bits.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    const LONGEST: Duration = Duration::from_secs(u64::MAX / 1_000_000_000);
    let fitting = Some(units::time(text)?).filter(|time| *time <= LONGEST);
    fitting.ok_or_else(|| format!("that does not fit; write `{}` at most", LONGEST.as_secs()))
}

/// Packets have 32 bits for it.
fn size(text: &str) -> Result<u64, String> {
    const LARGEST: u64 = u32::MAX as u64;
    let fitting = Some(units::size(text)?).filter(|size| *size <= LARGEST);
    fitting.ok_or_else(|| format!("that does not fit; write `{LARGEST}` at most"))
}

/// Servers take the largest number of 32 bits for no status at all.
fn status(text: &str) -> Result<u32, &'static str> {
    let status = text.parse().ok().filter(|&status| status < u32::MAX);
    status.ok_or("write a number from 0 to 4294967294, such as `404`")
}

impl Measured {
    pub(super) fn say(self, request: &ScriptMonitor) {
        request.set_request_time(self.time.unwrap_or_default());
        request
            .set_rusage(self.user_time.unwrap_or_default(), self.system_time.unwrap_or_default());
        request.set_status(self.status.unwrap_or(200));
        request.set_document_size(self.document_size.unwrap_or_default());
        request.set_memory_peak(self.memory_peak.unwrap_or_default());
        request.set_memory_footprint(self.memory_footprint.unwrap_or_default());
        for Timer { tags, time, hits } in self.timer {
            request.add_timer(tags, time, hits);
        }
    }
}
