#![doc = include_str!("../README.md")]

#[doc(inline)]
pub use pynba_macros::{monitor, tags, timed, timer};
#[doc(inline)]
pub use pynba_runtime::{
    Current, Error, FlushOptions, MAX_SERVERS, Reporter, ReporterBuilder, RequestGuard,
    RequestInfo, Rusage, Sampling, ScriptMonitor, ScriptMonitorBuilder, Stats, TagValue, TagWriter,
    Tags, Timer, TimerError, TimerGuard, TimerInfo, Transport, alloc, current, proto, set_reporter,
    testing,
};

#[doc(hidden)]
pub use pynba_runtime::__rt;

#[cfg(doc)]
#[doc = include_str!("coming_from.md")]
pub mod coming_from {}
#[cfg(doc)]
#[doc = include_str!("testing_guide.md")]
pub mod testing_guide {}
