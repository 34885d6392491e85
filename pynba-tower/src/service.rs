//! The service: opens the requests.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use pynba_runtime::DetachedRequest;
use tower_service::Service;

use crate::body::ResponseBody;
use crate::describe;
use crate::future::{Open, ResponseFuture};
use crate::layer::PynbaLayer;

/// A service whose requests are reported, made by [`PynbaLayer`].
#[derive(Clone, Debug)]
pub struct PynbaService<S> {
    inner: S,
    layer: PynbaLayer,
    /// Whether axum names the requests.
    is_routed: bool,
}

impl<S> PynbaService<S> {
    pub(crate) fn new(inner: S, layer: PynbaLayer) -> Self {
        Self { inner, layer, is_routed: describe::is_routed::<S>() }
    }
}

impl<S, B, R> Service<Request<B>> for PynbaService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture<S::Future> {
        let recorded = self.layer.reporter.detached("");
        if !recorded.is_recording() {
            return ResponseFuture::plain(self.inner.call(request));
        }
        let (parts, body) = request.into_parts();
        let settings = &self.layer.settings;
        if !settings.takes(&parts) {
            forget(recorded);
            return ResponseFuture::plain(self.inner.call(Request::from_parts(parts, body)));
        }
        let mut open = Open::new(recorded, &parts.method);
        let entered = open.request.enter();
        let is_named = settings.describe(&entered, &parts, self.is_routed);
        let future = self.inner.call(Request::from_parts(parts, body));
        drop(entered);
        open.unmatched = (!is_named).then(|| Arc::clone(settings));
        ResponseFuture::new(future, open)
    }
}

fn forget(mut request: DetachedRequest) {
    request.enter().current().set_enabled(false);
    request.finish();
}
