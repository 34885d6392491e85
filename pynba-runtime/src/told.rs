//! What the program says about a request, instead of what is measured or said by its reporter.

use std::time::Duration;

use crate::text::Text;

/// What the program said about the request.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) prefix: Option<Text>,
    pub(crate) hostname: Option<Text>,
    pub(crate) server_name: Option<Text>,
    pub(crate) schema: Option<Text>,
    pub(crate) status: Option<u32>,
    pub(crate) document_size: u64,
    pub(crate) memory_peak: Option<u64>,
    pub(crate) memory_footprint: u64,
    pub(crate) request_time: Option<Duration>,
    /// User, system.
    pub(crate) rusage: Option<(Duration, Duration)>,
}
