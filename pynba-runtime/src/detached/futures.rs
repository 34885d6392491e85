//! Futures that are a request, or a part of one.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::{DetachedRequest, Entered};
use crate::guard::RequestGuard;
use crate::request::End;

/// What a future does when it is dropped is the request's work, too, if that has begun.
fn drop_within<F>(request: &mut DetachedRequest, mut future: Pin<&mut Option<F>>) {
    if request.has_begun() {
        let _entered = request.enter();
        future.set(None);
    } else {
        let _silent = RequestGuard::silent();
        future.set(None);
    }
}

pin_project! {
    /// A future as the work of a [`DetachedRequest`], from [`DetachedRequest::around`].
    #[must_use = "a future does nothing unless it is awaited"]
    #[derive(Debug)]
    pub struct Around<'a, F> {
        request: &'a mut DetachedRequest,
        // `None` only once it has been dropped, which is the request's work, too.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Around<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            drop_within(this.request, this.future);
        }
    }
}

impl<'a, F> Around<'a, F> {
    pub(super) fn new(request: &'a mut DetachedRequest, future: F) -> Self {
        Self { request, future: Some(future) }
    }
}

impl<F: Future> Future for Around<'_, F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.request.poll(this.future, context)
    }
}

pin_project! {
    /// A future that is a request, from [`Reporter::monitor`].
    #[must_use = "a future does nothing unless it is awaited or spawned"]
    #[derive(Debug)]
    pub struct Monitored<F> {
        request: DetachedRequest,
        // `None` only once it has been dropped, which is the request's work, too.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Monitored<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            drop_within(this.request, this.future);
        }
    }
}

impl<F: Future> Monitored<F> {
    pub(crate) fn new(request: DetachedRequest, future: F) -> Self {
        Self { request, future: Some(future) }
    }
}

impl<F: Future> Future for Monitored<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let result = this.request.poll(this.future.as_mut(), context);
        if result.is_ready() {
            // What it still keeps ends as a part of the request.
            drop_within(this.request, this.future);
            this.request.end(End::Returned);
        }
        result
    }
}

pin_project! {
    /// A future that is a request and whose result is looked at, from `#[monitor]`.
    #[doc(hidden)]
    #[must_use = "a future does nothing unless it is awaited or spawned"]
    pub struct Looking<F, L> {
        request: DetachedRequest,
        look: Option<L>,
        // `None` only once it has been dropped, which is the request's work, too.
        #[pin]
        future: Option<F>,
    }

    impl<F, L> PinnedDrop for Looking<F, L> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            drop_within(this.request, this.future);
        }
    }
}

impl<F, L> Looking<F, L> {
    pub(super) fn new(request: DetachedRequest, future: F, look: L) -> Self {
        Self { request, look: Some(look), future: Some(future) }
    }
}

impl<F: Future, L: FnOnce(&Entered<'_>, &F::Output)> Future for Looking<F, L> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let result = this.request.poll(this.future.as_mut(), context);
        if let Poll::Ready(returned) = &result {
            drop_within(this.request, this.future);
            if let Some(look) = this.look.take().filter(|_| this.request.is_recording()) {
                look(&this.request.enter(), returned);
            }
            this.request.end(End::Returned);
        }
        result
    }
}

impl<F, L> fmt::Debug for Looking<F, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Looking").field("request", &self.request).finish_non_exhaustive()
    }
}
