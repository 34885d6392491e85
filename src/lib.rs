#![doc = include_str!("../README.md")]

#[doc(inline)]
pub use pynba_macros::{monitor, tags, timed, timer};
#[doc(inline)]
pub use pynba_runtime::{
    Current, Error, MAX_SERVERS, Reporter, ReporterBuilder, RequestGuard, RequestInfo, Rusage,
    Stats, TagValue, TagWriter, Tags, TimerGuard, TimerInfo, Transport, current, proto,
    set_reporter, testing,
};

#[doc(hidden)]
pub use pynba_runtime::__rt;
