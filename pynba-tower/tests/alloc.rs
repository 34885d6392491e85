//! What a recorded request allocates: the two texts that the README names.
#![cfg(feature = "enable")]

use std::convert::Infallible;
use std::future::{Future, ready};
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use pynba::{Reporter, Transport, timer};
use pynba_tower::PynbaLayer;
use tower::{Layer, Service, service_fn};

struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

fn serve<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it is ready"),
    }
}

#[test]
fn allocates_two_names() {
    let reporter = Reporter::builder().transport(Nowhere).build().unwrap();
    let mut service = PynbaLayer::with_reporter(&reporter)
        .filter(|request| request.uri.path() != "/health")
        .layer(service_fn(|_: Request<()>| {
            let _timer = timer!(group = "db");
            ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("answer"))))
        }));
    for round in 0..20 {
        let request = Request::get("/path").header("host", "a.example").body(()).unwrap();
        let used = allocation_counter::measure(|| {
            let mut body = serve(service.call(request)).unwrap().into_body();
            while serve(body.frame()).is_some() {}
        });
        assert!(round < 10 || used.count_total == 2, "{used:?} in round {round}");
    }
    assert_eq!(reporter.stats().packets, 20);
}
