//! What is known of a request at some moment, for the program that asks.

use std::time::Duration;

use crate::encoder::{Packet, PacketTimer as _};
use crate::timers::TimerView;

/// Everything a request has measured and been told so far, as [`Current::info`](crate::Current::info)
/// gives it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RequestInfo {
    /// The host that ran the request.
    pub hostname: String,
    /// The server (virtual host) that answered it.
    pub server_name: String,
    /// The name with its prefix.
    pub script_name: String,
    /// Such as `https`; empty unless set.
    pub schema: String,
    /// The status that would be sent if the request ended well now.
    pub status: u32,
    /// Bytes.
    pub document_size: u64,
    /// Bytes.
    pub memory_peak: u64,
    /// Bytes.
    pub memory_footprint: u64,
    /// Time since the start, or what was set instead.
    pub request_time: Duration,
    /// Processor time in user mode.
    pub ru_utime: Duration,
    /// Processor time in the kernel.
    pub ru_stime: Duration,
    /// The request's tags, in order.
    pub tags: Vec<(String, String)>,
    /// In the order in which they were made.
    pub timers: Vec<TimerInfo>,
}

/// A timer in a [`RequestInfo`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TimerInfo {
    /// Its tags, in order.
    pub tags: Vec<(String, String)>,
    /// Time from its start to its end, or until now.
    pub value: Duration,
    /// Processor time in user mode, if the reporter asks for
    /// [`timer_rusage`](crate::ReporterBuilder::timer_rusage).
    pub ru_utime: Duration,
    /// Processor time in the kernel, likewise.
    pub ru_stime: Duration,
    /// How many hits the value is the sum of.
    pub hit_count: u32,
    /// Whether it still runs.
    pub running: bool,
}

impl From<TimerView<'_>> for TimerInfo {
    fn from(timer: TimerView<'_>) -> Self {
        let cpu = timer.cpu();
        Self {
            tags: timer.tags().to_vec(),
            value: Duration::from_nanos(timer.value()),
            ru_utime: cpu.user,
            ru_stime: cpu.system,
            hit_count: timer.hit_count(),
            running: timer.is_running(),
        }
    }
}

impl RequestInfo {
    pub(crate) fn new<'a>(
        summary: &Packet<'_>,
        timers: impl Iterator<Item = TimerView<'a>>,
    ) -> Self {
        let [hostname, server_name] = summary.hosts();
        Self {
            hostname: hostname.to_owned(),
            server_name: server_name.to_owned(),
            script_name: summary.script_name().concat(),
            schema: summary.schema.to_owned(),
            status: summary.status,
            document_size: summary.document_size,
            memory_peak: summary.memory_peak,
            memory_footprint: summary.memory_footprint,
            request_time: Duration::from_nanos(summary.request_time),
            ru_utime: Duration::from_nanos(summary.user),
            ru_stime: Duration::from_nanos(summary.system),
            tags: summary.tags.to_vec(),
            timers: timers.map(TimerInfo::from).collect(),
        }
    }
}
