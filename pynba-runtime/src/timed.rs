//! A future that is timed.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::timer_guard::TimerGuard;

pin_project! {
    /// A future with a timer, from `#[timed]`.
    #[doc(hidden)]
    #[must_use = "a future does nothing unless it is awaited or spawned"]
    pub struct Timed<F, S> {
        start: Option<S>,
        #[pin]
        future: F,
        timer: TimerGuard,
    }
}

impl<F, S> Timed<F, S> {
    /// `start` makes the timer at the first poll.
    pub(crate) fn new(start: S, future: F) -> Self {
        Self { start: Some(start), future, timer: TimerGuard::none() }
    }
}

impl<F: Future, S: FnOnce() -> TimerGuard> Future for Timed<F, S> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let Some(start) = this.start.take() {
            *this.timer = start();
        }
        let result = this.future.poll(context);
        if result.is_ready() {
            drop(mem::replace(this.timer, TimerGuard::none()));
        }
        result
    }
}

impl<F, S> fmt::Debug for Timed<F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timed").field("timer", &self.timer).finish_non_exhaustive()
    }
}
