//! Thousands of requests at once on two threads: nothing of one is in another.
#![cfg(all(feature = "axum", feature = "enable"))]

mod common;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use pynba::testing::Captured;
use pynba::{current, tags, timer};
use tokio::task::{JoinSet, yield_now};

use common::{Client, data, frames, layer, serve};

const CONNECTIONS: usize = 20;
/// On each connection; those of HTTP/2 all at once.
const REQUESTS: usize = 200;

async fn query(number: usize, op: &'static str) {
    let _timer = timer!(group = "db", op, number);
    for _ in 0..number % 3 {
        yield_now().await;
    }
    if number.is_multiple_of(16) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn status(number: usize) -> StatusCode {
    if number.is_multiple_of(5) { StatusCode::NOT_FOUND } else { StatusCode::OK }
}

fn rows(number: usize) -> usize {
    number % 4
}

async fn handler(Path(number): Path<usize>) -> Response {
    let _whole = timer!(group = "handler", number);
    query(number, "select").await;
    tokio::join!(query(number, "left"), query(number, "right"));
    let request = current().handle().expect("it is open");
    let spawned = tokio::spawn(request.instrument(query(number, "spawned")));
    let blocking = tokio::task::spawn_blocking(move || {
        request.run(|| drop(timer!(group = "cpu", number)));
    });
    spawned.await.expect("it does not panic");
    blocking.await.expect("it does not panic");
    current().tag("answered", number);
    let body = frames((number, rows(number)), |(number, left)| {
        Box::pin(async move {
            query(number, "fetch").await;
            (left > 0).then(|| (data(vec![b'x'; number + left]), (number, left - 1)))
        })
    });
    (status(number), Body::new(body)).into_response()
}

fn check(packet: &Captured) -> usize {
    let tags = packet.tags();
    let number: usize = tags[0].1.parse().expect("a number");
    let own = number.to_string();
    assert_eq!(tags, [("answered".to_owned(), own.clone()), ("asked".to_owned(), own.clone())]);
    assert_eq!(packet.script_name, "/work/{number}");
    assert_eq!(packet.status, Some(u32::from(status(number).as_u16())));
    let size: usize = (1..=rows(number)).map(|left| number + left).sum();
    assert_eq!(packet.document_size as usize, size);
    let timers = packet.timers();
    let is_own = |(name, value): &(String, String)| name != "number" || *value == own;
    assert!(timers.iter().all(|timer| timer.tags.iter().all(is_own)), "{timers:?}");
    assert_eq!(timers.len(), 7 + rows(number), "{timers:?}");
    number
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_one_request_is_in_another() {
    let (layer, mut packets) = layer();
    let layer = layer.tags(|parts| tags!(asked = parts.uri.path().trim_start_matches("/work/")));
    let server = serve(Router::new().route("/work/{number}", get(handler)).layer(layer)).await;
    let mut clients = JoinSet::new();
    for connection in 0..CONNECTIONS {
        clients.spawn(async move {
            let is_http2 = connection % 2 == 0;
            let client =
                if is_http2 { Client::http2(server).await } else { Client::http1(server).await };
            let mut answers = JoinSet::new();
            for number in connection * REQUESTS..(connection + 1) * REQUESTS {
                let client = client.clone();
                answers.spawn(async move {
                    let uri = format!("http://a.example/work/{number}");
                    assert_eq!(client.get(uri).await.0, status(number));
                });
            }
            answers.join_all().await;
        });
    }
    clients.join_all().await;
    let mut numbers = Vec::new();
    for _ in 0..CONNECTIONS * REQUESTS {
        numbers.push(check(&packets.next().await));
    }
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..CONNECTIONS * REQUESTS), "each of them once");
    assert!(packets.is_empty());
}
