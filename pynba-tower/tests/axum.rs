//! axum over real sockets: what is said of a request, and when.
#![cfg(all(feature = "axum", feature = "enable"))]

mod common;

use std::time::Duration;

use axum::body::Body;
use axum::extract::{MatchedPath, Path, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Router};
use http_body_util::BodyExt;
use hyper::body::Frame;
use pynba::{current, tags, timer};
use tokio::io::AsyncReadExt;
use tokio::sync::oneshot;
use tower::{Layer, ServiceBuilder};

use common::{Client, begin, data, frames, layer, raw, serve, soon};

fn text(pairs: &[(String, String)]) -> String {
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join(" ")
}

async fn user(Path(id): Path<u32>) -> String {
    let name = timer!(group = "db", id => async {
        tokio::task::yield_now().await;
        format!("user {id}")
    }
    .await);
    current().tag("plan", "free");
    name
}

#[tokio::test]
async fn reports_a_request_under_its_route() {
    let (layer, mut packets) = layer();
    let layer = layer.tags(|parts| tags!(method = parts.method.as_str(), lang = ["nl", "en"]));
    let server = serve(Router::new().route("/users/{id}", get(user)).layer(layer)).await;
    for client in [Client::http1(server).await, Client::http2(server).await] {
        for id in [7, 4211] {
            let uri = format!("http://shop.example:81/users/{id}");
            let (status, body, _) = client.get(&uri).await;
            assert_eq!((status, &body[..]), (StatusCode::OK, format!("user {id}").as_bytes()));
            let packet = packets.next().await;
            assert_eq!(packet.script_name, "/users/{id}");
            assert_eq!(packet.server_name, "shop.example");
            assert_eq!(packet.status, Some(200));
            assert_eq!(packet.document_size as usize, body.len());
            assert_eq!(text(&packet.tags()), "lang=en lang=nl method=GET plan=free");
            assert_eq!(packet.timers().len(), 1);
            assert_eq!(text(&packet.timers()[0].tags), format!("group=db id={id}"));
        }
    }
    assert!(packets.is_empty());
}

#[tokio::test]
async fn gives_unmatched_requests_one_name() {
    let (layer, mut packets) = layer();
    let api = Router::new().route("/items/{item}", get(|| async { "item" }));
    let opaque = Router::new().route("/inside", get(|| async { "inside" }));
    let app = Router::new()
        .route("/", get(|| async { "index" }).post(|| async { "posted" }))
        .route("/files/{*path}", get(|| async { "file" }))
        .nest("/api", api)
        .nest_service("/opaque", opaque)
        .merge(Router::new().route("/merged/{a}/{b}", any(|| async { "merged" })));
    let server = serve(app.clone().layer(layer.clone())).await;
    let expected = [
        ("/", "/", 200),
        ("/?query", "/", 200),
        ("/files/a/b/c", "/files/{*path}", 200),
        ("/api/items/5", "/api/items/{item}", 200),
        ("/api/other", "(unmatched)", 404),
        ("/merged/1/2", "/merged/{a}/{b}", 200),
        ("/wp-login.php", "(unmatched)", 404),
        ("/.env", "(unmatched)", 404),
        // What is inside is not axum's to tell.
        ("/opaque/inside", "(unmatched)", 200),
    ];
    for (path, name, status) in expected {
        common::get(server, path).await;
        let packet = packets.next().await;
        assert_eq!((packet.script_name.as_str(), packet.status), (name, Some(status)), "{path}");
    }
    let delete = "DELETE / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert!(raw(server, delete).await.contains(" 405 "));
    assert_eq!(packets.summary().await, ("/".to_owned(), 405, 0));

    let fallback = app.fallback(|| async { "single page" }).layer(layer.unmatched("(other)"));
    let server = serve(fallback).await;
    common::get(server, "/anything").await;
    assert_eq!(packets.summary().await, ("(other)".to_owned(), 200, 11));
}

#[tokio::test]
async fn sees_the_route_in_a_nested_router_and_on_a_handler() {
    let (layer, mut packets) = layer();
    let inner = Router::new().route("/items/{item}", get(|| async { "item" })).layer(layer.clone());
    let opaque =
        Router::new().route("/things/{thing}", get(|| async { "thing" })).layer(layer.clone());
    let app = Router::new()
        .nest("/api", inner)
        .nest_service("/opaque", opaque)
        .route("/one/{x}", get(|| async { "one" }).layer(layer.clone()))
        .route_service(
            "/service/{x}",
            layer.layer(tower::service_fn(|_: Request| async {
                Ok::<_, common::Never>(Response::new(Body::from("service")))
            })),
        )
        .route("/none", get(|| async { "not monitored" }));
    let server = serve(app).await;
    for (path, name) in [
        ("/api/items/1", "/api/items/{item}"),
        ("/opaque/things/1", "/opaque/things/{thing}"),
        ("/one/1", "/one/{x}"),
        ("/service/1", "/service/{x}"),
    ] {
        common::get(server, path).await;
        assert_eq!(packets.next().await.script_name, name);
    }
    common::get(server, "/none").await;
    assert!(packets.is_empty());
}

#[tokio::test]
async fn takes_the_route_from_the_response_around_a_whole_router() {
    async fn names(route: MatchedPath, request: Request, next: Next) -> Response {
        current().set_script_name(route.as_str().to_owned());
        next.run(request).await
    }
    let (layer, mut packets) = layer();
    let app = Router::new()
        .route("/plain/{id}", get(|| async { "plain" }))
        .route("/shown/{id}", get(|route: MatchedPath| async { (Extension(route), "shown") }))
        .route(
            "/said/{id}",
            get(|route: MatchedPath| async {
                current().set_script_name("said");
                (Extension(route), "said")
            }),
        )
        .route("/named/{id}", get(|| async { "named" }).layer(middleware::from_fn(names)));
    let service = ServiceBuilder::new().layer(layer.prefix("shop:")).service(app);
    let server = common::serve_by_hyper(service).await;
    for (path, name) in [
        ("/plain/1", "shop:(unmatched)"),
        ("/nothing", "shop:(unmatched)"),
        ("/shown/1", "shop:/shown/{id}"),
        ("/said/1", "shop:said"),
        ("/named/1", "shop:/named/{id}"),
    ] {
        common::get(server, path).await;
        assert_eq!(packets.next().await.script_name, name);
    }
}

#[tokio::test]
async fn names_requests_as_it_is_told() {
    let (layer, mut packets) = layer();
    let layer = layer.script_name(|parts| match parts.uri.path() {
        "/own" => format!("{} own", parts.method),
        "/panics" => panic!("on purpose"),
        _ => String::new(),
    });
    let handler = get(|route: MatchedPath| async {
        let tags = current().info().map_or(0, |info| info.tags.len());
        // The route on the response is for requests that have no name yet.
        (Extension(route), tags.to_string())
    });
    let app = Router::new().route("/own", handler.clone()).route("/{other}", handler);
    let layer = layer.tags(|parts| {
        assert_ne!(parts.uri.path(), "/panics", "on purpose");
        tags!(path = parts.uri.path())
    });
    let server = serve(app.layer(layer)).await;
    for (path, name, tags) in
        [("/own", "GET own", "1"), ("/other", "/{other}", "1"), ("/panics", "/{other}", "0")]
    {
        let answer = common::get(server, path).await;
        assert!(answer.ends_with(tags), "{answer}");
        assert_eq!(packets.next().await.script_name, name);
    }
}

#[tokio::test]
async fn serves_what_is_filtered_as_if_there_were_no_layer() {
    let (layer, mut packets) = layer();
    let layer = layer.filter(|parts| {
        assert_ne!(parts.uri.path(), "/panics", "on purpose");
        parts.uri.path() != "/health"
    });
    let app = Router::new()
        .fallback(|| async { format!("active: {}", current().is_active()) })
        .layer(layer);
    let server = serve(app).await;
    assert!(common::get(server, "/health").await.ends_with("active: false"));
    assert!(common::get(server, "/panics").await.ends_with("active: true"));
    assert_eq!(packets.summary().await.2, 12);
    assert!(packets.is_empty());
}

#[tokio::test]
async fn takes_schema_and_server_name_from_what_it_may_trust() {
    let (layer, mut packets) = layer();
    let app = Router::new().fallback(|| async {});
    let careful = serve(app.clone().layer(layer.clone().server_names(["Known.example"]))).await;
    let trusting = serve(app.layer(layer.trust_forwarded(true))).await;
    let request = |host: &str| {
        format!(
            "GET / HTTP/1.1\r\nhost: {host}\r\nx-forwarded-proto: https\r\nconnection: close\r\n\r\n"
        )
    };
    for (server, host, name, schema) in [
        (careful, "known.EXAMPLE:80", "known.example", None),
        (careful, "other.example", "of the reporter", None),
        (trusting, "other.example", "other.example", Some("https")),
        (trusting, "<script>", "of the reporter", Some("https")),
    ] {
        raw(server, &request(host)).await;
        let packet = packets.next().await;
        assert_eq!(packet.server_name, name);
        assert_eq!(packet.schema.as_deref().filter(|schema| !schema.is_empty()), schema);
    }
    Client::http2(trusting).await.get("http://two.example/").await;
    let packet = packets.next().await;
    assert_eq!(
        (packet.server_name.as_str(), packet.schema.as_deref()),
        ("two.example", Some("http"))
    );
}

#[tokio::test]
async fn counts_the_bytes_that_the_client_gets() {
    let (layer, mut packets) = layer();
    let frames = || {
        frames(3, |left| {
            Box::pin(async move {
                tokio::task::yield_now().await;
                (left > 0).then(|| (data(vec![b'x'; left * 1000]), left - 1))
            })
        })
    };
    let chunks = move || Body::new(frames());
    let app = Router::new()
        .route("/whole", get(|| async { "x".repeat(100_000) }))
        .route("/chunks", get(move || async move { chunks() }))
        .route("/known", get(move || async move { ([("content-length", "6000")], chunks()) }))
        .route("/sized", get(move || async move { Body::new(frames().with_size(6000)) }))
        .route("/no-content", get(|| async { StatusCode::NO_CONTENT }))
        .route("/not-modified", get(move || async move { (StatusCode::NOT_MODIFIED, chunks()) }))
        .route("/error", get(|| async { (StatusCode::BAD_GATEWAY, "bad") }))
        .route("/echo", post(|body: Body| async { body }))
        .layer(layer);
    let server = serve(app).await;
    let clients = [Client::http1(server).await, Client::http2(server).await];
    for (path, status, size) in [
        ("/whole", 200, 100_000),
        ("/chunks", 200, 6000),
        // Whose body is dropped when as much was sent as the header says.
        ("/known", 200, 6000),
        ("/sized", 200, 6000),
        ("/no-content", 204, 0),
        ("/not-modified", 304, 0),
        ("/error", 502, 3),
    ] {
        for client in &clients {
            let (_, body, _) = client.get(format_args!("http://a.example{path}")).await;
            assert_eq!(packets.summary().await, (path.to_owned(), status, size), "{path}");
            // hyper sends what a 304 must not have, over HTTP/2.
            assert!(status == 304 || body.len() == size as usize, "{path}");
        }
    }
    for path in ["/whole", "/chunks", "/known"] {
        for client in &clients {
            let uri = format!("http://a.example{path}");
            let request = Request::head(uri).header("host", "x").body(Body::empty()).unwrap();
            soon(client.send(request)).await.unwrap();
            assert_eq!(packets.summary().await, (path.to_owned(), 200, 0), "HEAD {path}");
        }
    }
    for client in &clients {
        let request = Request::post("http://a.example/echo").header("host", "x");
        soon(client.send(request.body("x".repeat(70_000).into()).unwrap())).await.unwrap();
        assert_eq!(packets.summary().await, ("/echo".to_owned(), 200, 70_000));
    }
}

#[tokio::test]
async fn goes_on_until_the_body_ends() {
    let (layer, mut packets) = layer();
    let app = Router::new().route(
        "/",
        get(|| async {
            Body::new(frames(0, |number| {
                Box::pin(async move {
                    let _timer = timer!(group = "row", number);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    current().tag("last", number);
                    (number < 3).then(|| (data("row\n"), number + 1))
                })
            }))
        }),
    );
    let server = serve(app.layer(layer)).await;
    let mut stream = begin(server, "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    let mut first = [0; 16];
    soon(stream.read_exact(&mut first)).await.unwrap();
    assert!(packets.is_empty(), "the body has not ended");
    let mut rest = String::new();
    soon(stream.read_to_string(&mut rest)).await.unwrap();
    let packet = packets.next().await;
    assert!(packet.request_time >= 0.08, "{}", packet.request_time);
    assert_eq!((packet.document_size, packet.status), (12, Some(200)));
    assert_eq!(text(&packet.tags()), "last=3");
    let timers = packet.timers();
    assert_eq!(timers.len(), 4);
    assert!(timers.iter().all(|timer| timer.value >= 0.02), "{timers:?}");
}

#[tokio::test]
async fn ends_with_the_trailers() {
    let (layer, mut packets) = layer();
    let app = Router::new().route(
        "/grpc",
        any(|| async {
            Body::new(frames(0, |number| {
                Box::pin(async move {
                    let trailers = HeaderMap::from_iter([(
                        "grpc-status".parse().unwrap(),
                        "5".parse().unwrap(),
                    )]);
                    match number {
                        0 => Some((data("message"), 1)),
                        1 => Some((Ok(Frame::trailers(trailers)), 2)),
                        _ => std::future::pending().await, // nobody comes to know
                    }
                })
            }))
        }),
    );
    let client = Client::http2(serve(app.layer(layer)).await).await;
    let (status, body, trailer) = client.get("http://a.example/grpc").await;
    assert_eq!(
        (status, &body[..], trailer.as_deref()),
        (StatusCode::OK, &b"message"[..], Some("5"))
    );
    assert_eq!(packets.summary().await, ("/grpc".to_owned(), 200, 7));
}

fn failing(status: StatusCode) -> Response {
    let body = frames(0, |number| {
        Box::pin(async move {
            let frame =
                if number < 2 { data("part") } else { Err(std::io::Error::other("on purpose")) };
            Some((frame, number + 1))
        })
    });
    (status, Body::new(body)).into_response()
}

#[tokio::test]
async fn a_failing_body_is_a_failure() {
    let (layer, mut packets) = layer();
    let app = Router::new()
        .route("/ok", get(|| async { failing(StatusCode::OK) }))
        .route("/missing", get(|| async { failing(StatusCode::NOT_FOUND) }))
        .route("/broken", get(|| async { failing(StatusCode::SERVICE_UNAVAILABLE) }))
        .route(
            "/told",
            get(|| async {
                current().set_status(207);
                failing(StatusCode::OK)
            }),
        );
    let server = serve(app.layer(layer)).await;
    for (path, status) in [("/ok", 500), ("/missing", 500), ("/broken", 503), ("/told", 500)] {
        common::get(server, path).await;
        assert_eq!(packets.summary().await, (path.to_owned(), status, 8));
        let client = Client::http2(server).await;
        let request = Request::get(format!("http://x{path}")).body(Body::empty()).unwrap();
        // The stream may be reset before the client has seen the head.
        if let Ok(response) = soon(client.send(request)).await {
            assert!(soon(response.into_body().collect()).await.is_err());
        }
        assert_eq!(packets.summary().await, (path.to_owned(), status, 8));
    }
}

#[tokio::test]
async fn a_panic_is_a_failure() {
    let (layer, mut packets) = layer();
    let app = Router::new()
        .route(
            "/handler",
            get(|| async {
                let _timer = timer!(group = "db");
                tokio::task::yield_now().await;
                assert!(!current().is_active(), "on purpose");
            }),
        )
        .route(
            "/body",
            get(|| async {
                Body::new(frames(0, |number| {
                    Box::pin(async move {
                        assert!(number < 2, "on purpose");
                        Some((data("part"), number + 1))
                    })
                }))
            }),
        );
    let server = serve(app.layer(layer)).await;
    common::get(server, "/handler").await;
    let packet = packets.next().await;
    assert_eq!((packet.status, packet.timers().len()), (Some(500), 1));
    common::get(server, "/body").await;
    assert_eq!(packets.next().await.status, Some(500));
    assert!(packets.is_empty());
}

#[tokio::test]
async fn a_client_that_leaves_is_499() {
    let (layer, mut packets) = layer();
    let (tell, told) = oneshot::channel();
    let tell = std::sync::Arc::new(std::sync::Mutex::new(Some(tell)));
    let app = Router::new()
        .route(
            "/waits",
            get(move || async move {
                let _timer = timer!(group = "queue");
                current().tag("came", "this far");
                let _ = tell.lock().unwrap().take().unwrap().send(());
                std::future::pending::<()>().await;
            }),
        )
        .route("/stream", get(|| async { Body::new(endless()) }))
        .route("/missing", get(|| async { (StatusCode::NOT_FOUND, Body::new(endless())) }));
    let server = serve(app.layer(layer)).await;

    let stream = begin(server, "GET /waits HTTP/1.1\r\nhost: x\r\n\r\n").await;
    soon(told).await.unwrap();
    assert!(packets.is_empty());
    drop(stream);
    let packet = packets.next().await;
    assert_eq!((packet.script_name.as_str(), packet.status), ("/waits", Some(499)));
    assert_eq!((text(&packet.tags()), packet.timers().len()), ("came=this far".to_owned(), 1));

    for (path, status) in [("/stream", 499), ("/missing", 404)] {
        let mut stream = begin(server, &format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
        soon(stream.read_exact(&mut [0; 2000])).await.unwrap();
        drop(stream);
        let packet = packets.next().await;
        assert_eq!((packet.script_name.as_str(), packet.status), (path, Some(status)));
        assert!(packet.document_size >= 1000, "{}", packet.document_size);

        let client = Client::http2(server).await;
        let request = Request::get(format!("http://x{path}")).body(Body::empty()).unwrap();
        let mut response = soon(client.send(request)).await.unwrap();
        soon(response.body_mut().frame()).await.unwrap().unwrap();
        drop(response); // resets the stream; the connection stays
        let packet = packets.next().await;
        assert_eq!((packet.script_name.as_str(), packet.status), (path, Some(status)));
    }
    assert!(packets.is_empty());
}

fn endless() -> impl hyper::body::Body<Data = hyper::body::Bytes, Error = std::io::Error> + Send {
    frames((), |()| {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Some((data(vec![b'x'; 1000]), ()))
        })
    })
}

#[tokio::test]
async fn two_layers_are_two_requests() {
    let (layer, mut packets) = layer();
    let app = Router::new()
        .route("/x", get(|| async { current().tag("of", "the inner one") }))
        .layer(layer.clone())
        .layer(layer);
    common::get(serve(app).await, "/x").await;
    let (inner, outer) = (packets.next().await, packets.next().await);
    assert_eq!((inner.tags().len(), outer.tags().len()), (1, 0));
}
