//! The future of a response, which is the work of a request.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Method, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use pynba_runtime::{DetachedRequest, Entered};

use crate::body::{Answer, Progress, ResponseBody};
use crate::describe;
use crate::layer::Settings;

/// A request that has no response yet.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) request: DetachedRequest,
    /// Whether it has a name that is no other's: a route, a path, or what the program chose.
    /// Where the name of all that have none is from, if it has no other one.
    pub(crate) unmatched: Option<Arc<Settings>>,
    asks: Asks,
}

/// What the answer's body depends on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Asks {
    Head,
    Connect,
    Other,
}

impl Open {
    pub(crate) fn new(request: DetachedRequest, method: &Method) -> Self {
        let asks = match *method {
            Method::HEAD => Asks::Head,
            Method::CONNECT => Asks::Connect,
            _ => Asks::Other,
        };
        Self { request, unmatched: None, asks }
    }
}

pin_project! {
    /// What a [`PynbaService`](crate::PynbaService) answers with.
    #[must_use = "a future does nothing unless it is awaited"]
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        // `None` only once it has been dropped, which is the request's work, too.
        #[pin]
        future: Option<F>,
        open: Option<Open>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(open) = this.open {
                let _entered = open.request.enter();
                this.future.set(None);
            }
        }
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn new(future: F, open: Open) -> Self {
        Self { future: Some(future), open: Some(open) }
    }

    /// One of which nothing is recorded.
    pub(crate) fn plain(future: F) -> Self {
        Self { future: Some(future), open: None }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else { return Poll::Pending };
        let Some(Open { request, unmatched, asks }) = this.open else {
            let plain = |response: Response<B>| response.map(|body| ResponseBody::new(body, None));
            return future.poll(context).map_ok(plain);
        };
        let entered = request.enter();
        let result = ready!(future.poll(context));
        this.future.set(None);
        let progress = result.as_ref().ok().and_then(|response| {
            if let Some(settings) = unmatched {
                name(&entered, response, &settings.unmatched);
            }
            Progress::of(&entered, *asks, response)
        });
        if result.is_err() {
            entered.returned(500);
        }
        drop(entered);
        let request = this.open.take().map(|open| open.request);
        let answer = request.and_then(|request| Answer::new(request, progress));
        Poll::Ready(result.map(|response| response.map(|body| ResponseBody::new(body, answer))))
    }
}

/// Around a whole router the route is not seen when the request comes; a response may carry it. A name that a
/// handler has given meanwhile stays.
fn name<B>(entered: &Entered<'_>, response: &Response<B>, unmatched: &str) {
    let request = entered.current();
    if let Some(route) = describe::route(response.extensions())
        && request.info().is_some_and(|info| info.script_name.ends_with(unmatched))
    {
        request.set_script_name(route);
    }
}
