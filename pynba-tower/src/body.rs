//! The body of a response: the request ends with it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use pynba_runtime::{DetachedRequest, Entered};

use crate::future::Asks;

/// A request whose response is on its way.
#[derive(Debug)]
pub(crate) struct Answer {
    request: DetachedRequest,
    progress: Progress,
}

/// How far the body is.
#[derive(Debug)]
pub(crate) struct Progress {
    status: StatusCode,
    /// Bytes produced so far.
    size: u64,
    /// As many as there will be, where that is known: a server that has sent them may drop the body without asking
    /// whether there are more, as hyper does.
    expected: Option<u64>,
    /// Whether the client gets the bytes.
    counts: bool,
}

impl Progress {
    /// Takes note of the response. `None` when the body is at its end already.
    pub(crate) fn of<B: Body>(
        entered: &Entered<'_>,
        asks: Asks,
        response: &Response<B>,
    ) -> Option<Self> {
        let (status, body) = (response.status(), response.body());
        entered.returned(u32::from(status.as_u16()));
        let counts = has_body(asks, status);
        let expected = || content_length(response.headers()).or_else(|| body.size_hint().exact());
        let expected = if counts { expected() } else { Some(0) };
        let progress = Self { status, size: 0, expected, counts };
        if body.is_end_stream() {
            progress.tell(entered);
            return None;
        }
        Some(progress)
    }

    /// Counts the frame; `true` when it was the last one.
    fn saw<B: Body>(
        &mut self,
        entered: &Entered<'_>,
        body: &B,
        frame: Option<&Result<Frame<B::Data>, B::Error>>,
    ) -> bool {
        match frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    let size = u64::try_from(data.remaining()).unwrap_or(u64::MAX);
                    self.size = self.size.saturating_add(size);
                }
                // After the trailers nobody asks for more.
                frame.is_trailers() || body.is_end_stream()
            }
            Some(Err(_)) => {
                fail(entered);
                true
            }
            None => true,
        }
    }

    fn tell(&self, entered: &Entered<'_>) {
        if self.counts {
            entered.current().set_document_size(self.size);
        }
    }

    /// Whether the request has come to its end when the body is dropped: everything was produced, or it had
    /// failed before.
    fn is_over(&self) -> bool {
        let is_complete = self.expected.is_some_and(|expected| self.size >= expected);
        is_complete || self.status.is_client_error() || self.status.is_server_error()
    }
}

/// A body that breaks off is a failure whatever was said before, as a panic is.
fn fail(entered: &Entered<'_>) {
    let request = entered.current();
    if request.info().is_none_or(|info| info.status < 500) {
        request.set_status(500);
    }
}

/// Whether a response has one, RFC 9110, 6.4.1.
fn has_body(asks: Asks, status: StatusCode) -> bool {
    let never = status.is_informational()
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED;
    match asks {
        Asks::Head => false,
        Asks::Connect => !never && !status.is_success(),
        Asks::Other => !never,
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

impl Answer {
    /// `None` when the body is at its end already, and the request with it.
    pub(crate) fn new(request: DetachedRequest, progress: Option<Progress>) -> Option<Self> {
        let Some(progress) = progress else {
            request.finish();
            return None;
        };
        Some(Self { request, progress })
    }
}

pin_project! {
    /// The body of a response of a [`PynbaService`](crate::PynbaService): that of the service inside, frame by
    /// frame as it is.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        // `None` only once it has been dropped, which is the request's work, too.
        #[pin]
        body: Option<B>,
        answer: Option<Answer>,
    }

    impl<B> PinnedDrop for ResponseBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(Answer { mut request, progress }) = this.answer.take() {
                let entered = request.enter();
                this.body.set(None);
                progress.tell(&entered);
                drop(entered);
                if progress.is_over() {
                    request.finish();
                }
            }
        }
    }
}

impl<B> ResponseBody<B> {
    pub(crate) fn new(body: B, answer: Option<Answer>) -> Self {
        Self { body: Some(body), answer }
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(mut body) = this.body.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        let Some(Answer { request, progress }) = this.answer else {
            return body.poll_frame(context);
        };
        let entered = request.enter();
        let frame = ready!(body.as_mut().poll_frame(context));
        let is_last = progress.saw(&entered, &*body, frame.as_ref());
        if is_last {
            progress.tell(&entered);
        }
        drop(entered);
        if is_last && let Some(answer) = this.answer.take() {
            answer.request.finish();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

/// An empty body, as layers around this one may want to make it. It belongs to no request.
impl<B: Default> Default for ResponseBody<B> {
    fn default() -> Self {
        Self::new(B::default(), None)
    }
}
