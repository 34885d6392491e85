//! The runtime of [`pynba`](https://docs.rs/pynba): requests, timers, tags, the encoder and the
//! transports. It can be used without the macros:
//!
//! ```
//! use std::time::Duration;
//! use pynba_runtime::{Reporter, Tags, testing};
//!
//! let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
//! let requests = testing::capture(|| {
//!     let request = reporter.open("/report");
//!     let tags = Tags::new().with("group", "db").with("op", "select");
//!     request.current().add_timer(tags, Duration::from_millis(12), 1);
//! });
//! # if cfg!(feature = "enable") {
//! assert_eq!(requests[0].timers()[0].value, 0.012);
//! # }
//! # Ok::<(), pynba_runtime::Error>(())
//! ```

#[doc(hidden)]
#[path = "rt.rs"]
#[allow(missing_docs, reason = "nobody is meant to read it")]
pub mod __rt;
mod address;
pub mod alloc;
mod background;
mod clock;
mod current;
mod detached;
mod diagnostics;
mod dictionary;
mod encoder;
mod error;
mod flush;
mod foreign;
mod guard;
mod handle;
mod info;
mod local;
mod lock;
mod losses;
mod mailbox;
mod outcome;
mod packets;
mod process;
pub mod proto;
mod reporter;
mod request;
mod sampling;
mod script;
mod setters;
mod stats;
mod sync;
mod system;
mod tags;
#[cfg(feature = "tokio")]
pub mod task;
pub mod testing;
mod text;
mod timed;
mod timer;
mod timer_guard;
mod timer_id;
mod timers;
mod told;
mod transport;
mod wire;

pub use self::background::Background;
pub use self::current::{Current, current};
pub use self::detached::{Around, DetachedRequest, Entered, Monitored};
pub use self::error::Error;
pub use self::flush::FlushOptions;
pub use self::guard::RequestGuard;
pub use self::handle::{Handle, Instrumented};
pub use self::info::{RequestInfo, TimerInfo};
pub use self::process::set_reporter;
pub use self::reporter::{MAX_SERVERS, Reporter, ReporterBuilder};
pub use self::sampling::Sampling;
pub use self::script::{ScriptMonitor, ScriptMonitorBuilder};
pub use self::stats::Stats;
pub use self::system::Rusage;
pub use self::tags::{Called, Plain, TagValue, TagWriter, Tags};
pub use self::timer::{Timer, TimerError};
pub use self::timer_guard::TimerGuard;
pub use self::transport::Transport;

use self::__rt::ENABLED;
