//! The service by itself: what it passes on as it is.

mod common;

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Future, ready};
use std::mem;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use axum::body::Body as AxumBody;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body, Bytes, Frame, SizeHint};
use pynba_tower::{PynbaLayer, PynbaService, ResponseBody, ResponseFuture};
use tower::{Layer, Service, ServiceExt, service_fn};

use common::layer;

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn request() -> Request<()> {
    Request::get("/path").body(()).unwrap()
}

#[test]
fn is_what_servers_ask_for() {
    fn is_shared<T: Clone + Debug + Send + Sync + Unpin + 'static>() {}
    fn is_sent<T: Debug + Send + Sync + Unpin + 'static>() {}
    is_shared::<PynbaLayer>();
    is_shared::<PynbaService<axum::Router>>();
    is_sent::<ResponseFuture<std::future::Ready<()>>>();
    is_sent::<ResponseBody<Full<Bytes>>>();
    is_sent::<ResponseBody<http_body_util::combinators::BoxBody<Bytes, Infallible>>>();
    let _: ResponseBody<AxumBody> = ResponseBody::default();
    // What it adds stays small.
    let added = mem::size_of::<ResponseFuture<[u64; 8]>>() - mem::size_of::<[u64; 8]>();
    assert!(added <= 64, "{added}");
    let added = mem::size_of::<ResponseBody<[u64; 8]>>() - mem::size_of::<[u64; 8]>();
    assert!(added <= 80, "{added}");
}

#[test]
fn is_ready_when_the_service_inside_is() {
    struct Slow(u32);
    impl Service<Request<()>> for Slow {
        type Response = Response<Empty<Bytes>>;
        type Error = &'static str;
        type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

        fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            self.0 += 1;
            context.waker().wake_by_ref();
            match self.0 {
                1 => Poll::Pending,
                2 => Poll::Ready(Ok(())),
                _ => Poll::Ready(Err("broken")),
            }
        }

        fn call(&mut self, _: Request<()>) -> Self::Future {
            assert_eq!(self.0, 2, "it is the one that was ready");
            ready(Ok(Response::new(Empty::new())))
        }
    }
    let mut service = layer().0.layer(Slow(0));
    let mut context = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut context).is_pending());
    assert!(service.poll_ready(&mut context).is_ready());
    assert!(poll(pin!(service.call(request()))).is_ready());
    assert_eq!(service.poll_ready(&mut context), Poll::Ready(Err("broken")));
}

fn answered<B: Body + Clone>(body: &B) -> ResponseBody<B> {
    let service = layer().0.layer(service_fn(|_: Request<()>| {
        ready(Ok::<_, Infallible>(Response::new(body.clone())))
    }));
    match poll(pin!(service.oneshot(request()))) {
        Poll::Ready(Ok(response)) => response.into_body(),
        _ => panic!("it is ready"),
    }
}

/// Knows only about how large it is.
#[derive(Clone)]
struct Odd;
impl Body for Odd {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(3);
        hint.set_upper(8);
        hint
    }
}

#[test]
fn tells_the_truth_about_the_body() {
    let full = Full::<Bytes>::from("12345");
    let mut body = answered(&full);
    assert_eq!(body.size_hint().exact(), Some(5));
    assert!(!body.is_end_stream());
    let frame = poll(pin!(body.frame()));
    assert!(matches!(frame, Poll::Ready(Some(Ok(frame))) if frame.data_ref().unwrap() == "12345"));
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(body.is_end_stream());
    assert!(matches!(poll(pin!(body.frame())), Poll::Ready(None)));

    let empty = answered(&Empty::<Bytes>::new());
    assert!(empty.is_end_stream());
    assert_eq!(empty.size_hint().exact(), Some(0));
    assert!(ResponseBody::<Empty<Bytes>>::default().is_end_stream());

    let hint = answered(&Odd).size_hint();
    assert_eq!((hint.lower(), hint.upper()), (3, Some(8)));
}
