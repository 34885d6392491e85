//! hyper over real sockets, without axum: HTTP/1.1 and HTTP/2.
#![cfg(feature = "enable")]

mod common;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Frame, Incoming};
use pynba::{current, timer};
use pynba_runtime::Reporter;
use pynba_runtime::testing::Collector;
use pynba_tower::PynbaLayer;
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;
use tower::{Layer, ServiceBuilder, service_fn};

use common::{Client, begin, data, frames, layer, raw, serve_by_hyper, soon};

async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let _timer = timer!(group = "hello", path = request.uri().path());
    tokio::task::yield_now().await;
    Ok(Response::new(Full::from("hello")))
}

#[tokio::test]
async fn reports_a_request_under_its_path() {
    let (layer, mut packets) = layer();
    let server = serve_by_hyper(layer.layer(service_fn(hello))).await;
    for client in [Client::http1(server).await, Client::http2(server).await] {
        let (status, body, _) = client.get("http://a.example/users/42?secret").await;
        assert_eq!((status, &body[..]), (StatusCode::OK, &b"hello"[..]));
        let packet = packets.next().await;
        assert_eq!(packet.script_name, "/users/42");
        assert_eq!((packet.status, packet.document_size), (Some(200), 5));
        assert_eq!(packet.timers()[0].tags[1].1, "/users/42");
    }
}

#[tokio::test]
async fn sends_over_udp() {
    let collector = Collector::bind().unwrap();
    let layer = PynbaLayer::new(collector.address().to_string()).unwrap();
    let server = serve_by_hyper(layer.layer(service_fn(hello))).await;
    Client::http2(server).await.get("http://a.example/udp").await;
    let packet = collector.recv(common::LONG).expect("a packet");
    assert_eq!((packet.script_name.as_str(), packet.server_name.as_str()), ("/udp", "a.example"));
}

#[tokio::test]
async fn head_has_no_document() {
    let (layer, mut packets) = layer();
    // Unlike axum it answers with the document, and leaves it to the server not to send it.
    let server = serve_by_hyper(layer.layer(service_fn(hello))).await;
    let answer = raw(server, "HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.contains("content-length: 5") && !answer.contains("hello"), "{answer}");
    assert_eq!(packets.summary().await, ("/".to_owned(), 200, 0));
    let request = Request::head("http://a.example/").body(Body::empty()).unwrap();
    // That hyper sends it over HTTP/2 is the service's fault.
    let _ = soon(Client::http2(server).await.send(request)).await;
    assert_eq!(packets.summary().await, ("/".to_owned(), 200, 0));
}

#[tokio::test]
async fn an_error_of_the_service_is_500() {
    async fn fails(request: Request<Incoming>) -> io::Result<Response<Empty<Bytes>>> {
        if request.method() == Method::PUT {
            current().set_status(502);
        }
        Err(io::Error::other("on purpose"))
    }
    let (layer, mut packets) = layer();
    let server = serve_by_hyper(layer.layer(service_fn(fails))).await;
    for (method, status) in [("GET", 500), ("PUT", 502)] {
        raw(server, &format!("{method} / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await;
        assert_eq!(packets.summary().await, ("/".to_owned(), status, 0));
    }
}

#[tokio::test]
async fn an_upgrade_ends_with_the_response() {
    async fn upgrade(mut request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let upgraded = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut stream = hyper_util::rt::TokioIo::new(upgraded.await.unwrap());
            stream.write_all(b"and on it goes").await.unwrap();
        });
        let is_tunnel = request.method() == Method::CONNECT;
        let status = if is_tunnel { StatusCode::OK } else { StatusCode::SWITCHING_PROTOCOLS };
        let response = Response::builder().status(status).header("upgrade", "own");
        // Such a response has no body, and the server does not ask for it.
        let body = Body::new(frames((), |()| Box::pin(async { Some((data("x"), ())) })));
        Ok(response.header("connection", "upgrade").body(body).unwrap())
    }
    let (layer, mut packets) = layer();
    let service = layer.layer(service_fn(upgrade));
    let server = serve_upgrading(service).await;
    for (target, name, status) in
        [("GET /chat", "/chat", 101), ("CONNECT a.example:80", "(unmatched)", 200)]
    {
        let head =
            format!("{target} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: own\r\n\r\n");
        let answer = raw(server, &head).await;
        assert!(answer.ends_with("and on it goes"), "{answer}");
        assert_eq!(packets.summary().await, (name.to_owned(), status, 0));
    }
}

async fn serve_upgrading<S>(service: S) -> std::net::SocketAddr
where
    S: tower::Service<
            Request<Incoming>,
            Response = Response<pynba_tower::ResponseBody<Body>>,
            Error = Infallible,
            Future: Send,
        > + Clone
        + Send
        + 'static,
{
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = hyper_util::service::TowerToHyperService::new(service.clone());
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(hyper_util::rt::TokioIo::new(stream), service)
                .with_upgrades();
            tokio::spawn(connection);
        }
    });
    address
}

/// Waits under `/waits`, and elsewhere sends without end. Says when it has begun.
async fn endless(
    begun: Arc<Notify>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let _dropped = TagWhenDropped("handler");
    if request.uri().path() == "/waits" {
        let _timer = timer!(group = "queue");
        begun.notify_one();
        std::future::pending::<()>().await;
    }
    let body = frames((TagWhenDropped("body"), begun), |(guard, begun)| {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            begun.notify_one();
            Some((data("x".repeat(100)), (guard, begun)))
        })
    });
    Ok(Response::new(Body::new(body)))
}

struct TagWhenDropped(&'static str);

impl Drop for TagWhenDropped {
    fn drop(&mut self) {
        current().tag(self.0, "dropped");
    }
}

#[tokio::test]
async fn a_client_that_leaves_is_499() {
    let (layer, mut packets) = layer();
    let begun = Arc::new(Notify::new());
    let tell = Arc::clone(&begun);
    let service = service_fn(move |request| endless(Arc::clone(&tell), request));
    let server = serve_by_hyper(layer.layer(service)).await;
    for (path, dropped) in [("/waits", &["handler"][..]), ("/streams", &["body", "handler"])] {
        for is_http2 in [false, true] {
            let leave: Box<dyn Send> = if is_http2 {
                let client = Client::http2(server).await;
                let request = Request::get(format!("http://x{path}")).body(Body::empty()).unwrap();
                // The client goes with the task, and the connection with the client.
                let task = tokio::spawn(async move {
                    let response = client.send(request).await;
                    std::future::pending::<()>().await;
                    drop(response);
                });
                Box::new(AbortWhenDropped(task))
            } else {
                Box::new(begin(server, &format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")).await)
            };
            soon(begun.notified()).await;
            assert!(packets.is_empty());
            drop(leave);
            let packet = packets.next().await;
            assert_eq!((packet.script_name.as_str(), packet.status), (path, Some(499)));
            // What is dropped then still belongs to the request.
            let names: Vec<_> = packet.tags().into_iter().map(|(name, _)| name).collect();
            assert_eq!(names, dropped);
            assert_eq!(packet.timers().len(), usize::from(path == "/waits"));
        }
        while let Ok(()) = tokio::time::timeout(Duration::from_millis(5), begun.notified()).await {}
    }
}

struct AbortWhenDropped(tokio::task::JoinHandle<()>);

impl Drop for AbortWhenDropped {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[tokio::test]
async fn trailers_pass() {
    async fn grpc(_: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let body = Full::new(Bytes::from("message")).with_trailers(async {
            let trailer = ("grpc-status".parse().unwrap(), "0".parse().unwrap());
            Some(Ok(http::HeaderMap::from_iter([trailer])))
        });
        Ok(Response::new(Body::new(body)))
    }
    let (layer, mut packets) = layer();
    let service = ServiceBuilder::new().layer(layer).service_fn(grpc);
    let client = Client::http2(serve_by_hyper(service).await).await;
    let (_, body, trailer) = client.get("http://a.example/package.Service/Method").await;
    assert_eq!((&body[..], trailer.as_deref()), (&b"message"[..], Some("0")));
    assert_eq!(packets.summary().await, ("/package.Service/Method".to_owned(), 200, 7));
}

#[tokio::test]
async fn frames_of_other_kinds_do_not_end_it() {
    async fn empty_frames(_: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let body = frames(0, |number| {
            Box::pin(async move {
                let frame = Frame::data(Bytes::from_static(if number == 5 { b"end" } else { b"" }));
                (number < 6).then_some((Ok(frame), number + 1))
            })
        });
        Ok(Response::new(Body::new(body)))
    }
    let (layer, mut packets) = layer();
    let server = serve_by_hyper(layer.layer(service_fn(empty_frames))).await;
    for client in [Client::http1(server).await, Client::http2(server).await] {
        assert_eq!(&client.get("http://a.example/").await.1[..], b"end");
        assert_eq!(packets.summary().await, ("/".to_owned(), 200, 3));
    }
}

/// A reporter of the program's own, by value and by reference.
#[test]
fn takes_a_reporter_either_way() {
    let reporter = Reporter::builder().server("127.0.0.1:9").build().unwrap();
    let layer = PynbaLayer::with_reporter(&reporter);
    assert!(format!("{layer:?}").contains("(unmatched)"));
    assert!(
        format!("{:?}", PynbaLayer::with_reporter(reporter).layer(())).contains("PynbaService")
    );
    assert!(PynbaLayer::new("nowhere").is_err());
}
