#![doc = include_str!("../README.md")]

#[doc(inline)]
pub use pynba_macros::{monitor, tags, timed, timer};
#[doc(inline)]
pub use pynba_runtime::{
    Around, Background, Current, DetachedRequest, Entered, Error, FlushOptions, Handle,
    Instrumented, MAX_SERVERS, Monitored, Reporter, ReporterBuilder, RequestGuard, RequestInfo,
    Rusage, Sampling, ScriptMonitor, ScriptMonitorBuilder, Stats, TagValue, TagWriter, Tags, Timer,
    TimerError, TimerGuard, TimerInfo, Transport, alloc, current, proto, set_reporter, testing,
};

#[cfg(feature = "tokio")]
#[doc(inline)]
pub use pynba_runtime::task;

#[doc(hidden)]
pub use pynba_runtime::__rt;

#[cfg(doc)]
#[doc = include_str!("async_guide.md")]
pub mod async_guide {}
#[cfg(doc)]
#[doc = include_str!("coming_from.md")]
pub mod coming_from {}
#[cfg(doc)]
#[doc = include_str!("testing_guide.md")]
pub mod testing_guide {}
