//! The service by itself, and what a request is: when it is current, and when it ends.
#![cfg(feature = "enable")]

mod common;

use std::convert::Infallible;
use std::future::{Future, pending, ready};
use std::mem;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use axum::body::Body as AxumBody;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body, Bytes, Frame};
use pynba::current;
use pynba_tower::PynbaLayer;
use tower::{Layer, Service, ServiceExt, service_fn};

use common::{frames, layer};

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn request() -> Request<()> {
    Request::get("/path").body(()).unwrap()
}

/// A body that says after its only frame that it has ended.
#[derive(Debug)]
struct Once(bool);
impl Body for Once {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        current().tag("body", true);
        let is_over = mem::replace(&mut self.0, true);
        Poll::Ready((!is_over).then(|| Ok(Frame::data(Bytes::from_static(b"x")))))
    }

    fn is_end_stream(&self) -> bool {
        self.0
    }
}

/// In tests of a program, which need neither a server nor a socket.
#[tokio::test]
async fn shows_itself_to_a_capture() {
    let layer = PynbaLayer::new("127.0.0.1:9").unwrap();
    let requests = pynba::testing::capture_async(async {
        let service = layer.layer(service_fn(async |_: Request<()>| {
            current().tag("plan", "free");
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("12345")))
        }));
        let response = service.oneshot(request()).await.unwrap();
        assert!(!current().is_active());
        drop(response.into_body().collect().await);
    })
    .await;
    assert_eq!(requests.len(), 1);
    assert_eq!((requests[0].script_name.as_str(), requests[0].document_size), ("/path", 5));
    assert_eq!(requests[0].tags().len(), 1);
}

#[tokio::test]
async fn ends_each_request_once() {
    let (layer, mut packets) = layer();
    let mut service = layer.layer(service_fn(async |request: Request<&'static str>| {
        if *request.body() == "waits" {
            pending::<()>().await;
        }
        let body = frames(0, |number| {
            Box::pin(
                async move { (number < 2).then(|| (common::data("x".repeat(10)), number + 1)) },
            )
        });
        let has_body = *request.body() != "has no body";
        let body = if has_body { AxumBody::new(body) } else { AxumBody::empty() };
        let mut response = Response::new(body);
        if *request.body() == "fails" {
            *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        }
        Ok::<_, Infallible>(response)
    }));
    let mut call = |what| service.call(Request::new(what));
    let given_up = ("/".to_owned(), 499, 0);

    // `call` runs the service's code: with it the request has begun.
    drop(call("never polled"));
    assert_eq!(packets.summary().await, given_up);

    let mut waits = Box::pin(call("waits"));
    assert!(poll(waits.as_mut()).is_pending());
    assert!(packets.is_empty());
    drop(waits);
    assert_eq!(packets.summary().await, given_up);

    drop(call("never read").await);
    assert_eq!(packets.summary().await, given_up);

    drop(call("fails").await);
    assert_eq!(packets.summary().await, ("/".to_owned(), 500, 0));

    let mut half = call("half read").await.unwrap().into_body();
    half.frame().await.unwrap().unwrap();
    drop(half);
    assert_eq!(packets.summary().await, ("/".to_owned(), 499, 10));

    let empty = call("has no body").await;
    assert_eq!(
        packets.summary().await,
        ("/".to_owned(), 200, 0),
        "while the response is still there"
    );
    drop(empty);

    let mut whole = call("read").await.unwrap().into_body();
    while whole.frame().await.is_some() {}
    assert_eq!(packets.summary().await, ("/".to_owned(), 200, 20));
    drop(whole);

    let mut future = Box::pin(call("polled on"));
    assert!(poll(future.as_mut()).is_ready());
    assert!(poll(future.as_mut()).is_pending(), "it has given its answer, and does not panic");
    assert_eq!(packets.summary().await, given_up);
    assert!(packets.is_empty());
}

/// A server that is told by the body that there is no more does not ask for it.
#[tokio::test]
async fn ends_with_the_last_frame() {
    let (layer, mut packets) = layer();
    let service = layer
        .layer(service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Once(false)))));
    let mut body = service.oneshot(request()).await.unwrap().into_body();
    assert!(packets.is_empty());
    body.frame().await.unwrap().unwrap();
    assert_eq!(packets.summary().await, ("/path".to_owned(), 200, 1));
}

/// The service's own code is measured from `call` to the end of the body, and nothing outside of it is.
#[tokio::test]
async fn is_current_in_all_of_the_service() {
    struct Watched;
    impl Service<Request<()>> for Watched {
        type Response = Response<Once>;
        type Error = Infallible;
        type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>>>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            assert!(!current().is_active());
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request<()>) -> Self::Future {
            current().tag("call", true);
            Box::pin(async {
                current().tag("future", true);
                tokio::task::yield_now().await;
                current().tag("after await", true);
                Ok(Response::new(Once(false)))
            })
        }
    }
    let (layer, mut packets) = layer();
    let body = layer.layer(Watched).oneshot(request()).await.unwrap().into_body();
    assert!(!current().is_active());
    body.collect().await.unwrap();
    let names: Vec<_> = packets.next().await.tags().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["after await", "body", "call", "future"]);
}

/// Another request around, such as that of a test or of an outer layer, is left alone.
#[test]
fn gives_the_thread_back() {
    let (layer, mut packets) = layer();
    let requests = pynba::testing::capture(|| {
        let reporter = pynba::Reporter::builder().server("127.0.0.1:9").build().unwrap();
        let outer = reporter.open("outer");
        let service = layer.filter(|request| request.uri.path() != "/outer").layer(service_fn(
            |request: Request<()>| {
                current().tag(request.uri().path().to_owned(), true);
                ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())))
            },
        ));
        for uri in ["/inner", "/outer"] {
            let request = Request::get(uri).body(()).unwrap();
            assert!(poll(pin!(service.clone().oneshot(request))).is_ready());
        }
        outer.current().tag("after", true);
    });
    let names = |of: &pynba::testing::Captured| -> Vec<_> {
        of.tags().into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(requests.len(), 2);
    assert_eq!(names(&requests[0]), ["/inner"]);
    assert_eq!(names(&requests[1]), ["/outer", "after"]);
    assert!(packets.is_empty());
}
