//! What a flush does beside sending.

use std::borrow::Cow;

/// How [`Current::flush_with`](crate::Current::flush_with) sends a request before its end.
///
/// ```
/// use pynba_runtime::FlushOptions;
///
/// let options = FlushOptions::new().script_name("/report/first-half").only_stopped(true);
/// # let same = FlushOptions { only_stopped: true, ..FlushOptions::new().script_name("/report/first-half") };
/// # assert_eq!(options, same);
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[must_use]
pub struct FlushOptions {
    /// The name of this packet only.
    pub script_name: Option<Cow<'static, str>>,
    /// Whether timers that run are left out, and stay for the next flush. Otherwise they are stopped there.
    pub only_stopped: bool,
    /// Whether request tags and sizes are forgotten, too.
    pub reset: bool,
}

impl FlushOptions {
    /// Those of a plain [`flush`](crate::Current::flush).
    pub const fn new() -> Self {
        Self { script_name: None, only_stopped: false, reset: false }
    }

    /// Names this packet only.
    pub fn script_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.script_name = Some(name.into());
        self
    }

    /// Leaves timers that run out, for the next flush.
    pub const fn only_stopped(mut self, only_stopped: bool) -> Self {
        self.only_stopped = only_stopped;
        self
    }

    /// Forgets request tags and sizes, too.
    pub const fn reset(mut self, reset: bool) -> Self {
        self.reset = reset;
        self
    }
}
