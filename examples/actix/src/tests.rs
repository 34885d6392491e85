//! What Pinba is told.

mod server;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::mpsc::Sender;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody, to_bytes};
use actix_web::dev::ServiceResponse;
use actix_web::error::{ErrorForbidden, InternalError};
use actix_web::http::Method;
use actix_web::http::header::HOST;
use actix_web::middleware::{Next, NormalizePath, from_fn};
use actix_web::test::{TestRequest, init_service, try_call_service};
use actix_web::{App, HttpResponse, get, route, web};
use pynba::testing::{Captured, capture_async};
use pynba::{Reporter, timer};

use crate::{pinba, pretend_to_wait, routes};

/// What the shop has no use for.
fn odd_routes(config: &mut web::ServiceConfig) {
    let forbidden =
        from_fn(|_, _: Next<BoxBody>| async { Err::<ServiceResponse, _>(ErrorForbidden("no")) });
    let prepared = from_fn(|_, _: Next<BoxBody>| async {
        let response = HttpResponse::ImATeapot().body("short and stout");
        let error = InternalError::from_response("tea", response);
        Err::<ServiceResponse, _>(error.into())
    });
    let never = || web::get().to(HttpResponse::Ok);
    config
        .service(chunks)
        .service(text)
        .service(wait)
        .service(panics)
        .service(web::resource("/forbidden").wrap(forbidden).route(never()))
        .service(web::resource("/teapot").wrap(prepared).route(never()))
        .service(web::scope("/shops/{shop}").service(text));
}

#[get("/chunks")]
async fn chunks() -> HttpResponse {
    HttpResponse::Ok().body(Chunks(3))
}

#[route("/text", method = "GET", method = "HEAD")]
async fn text() -> &'static str {
    // The response's own go before these.
    pynba::current().set_status(302);
    pynba::current().set_document_size(9);
    "five\n"
}

#[get("/wait/{milliseconds}/{id}")]
async fn wait(path: web::Path<(u64, u32)>, entered: web::Data<Sender<u32>>) -> &'static str {
    let (milliseconds, id) = path.into_inner();
    let _timer = timer!(group = "wait", id);
    pynba::current().tag("id", id);
    entered.send(id).unwrap();
    timer!(op = "sleep", id => pretend_to_wait(milliseconds).await);
    // Others have begun meanwhile.
    drop(timer!(op = "work", id));
    "waited\n"
}

#[get("/panic")]
async fn panics() -> &'static str {
    let _timer = timer!(group = "panic");
    pretend_to_wait(1).await;
    panic!("a test wants it");
}

struct Chunks(u8);

impl MessageBody for Chunks {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<web::Bytes, Infallible>>> {
        self.0 = self.0.saturating_sub(1);
        Poll::Ready((self.0 > 0).then(|| Ok("chunk".into())))
    }
}

/// Asks the service without a server, and gives what was measured with the answer.
async fn ask(request: TestRequest) -> (Captured, u16, web::Bytes) {
    let reporter = Reporter::builder().server("127.0.0.1:9").build().unwrap();
    let mut answer = None;
    let mut requests = capture_async(async {
        let app = App::new()
            .wrap(from_fn(move |request, next| pinba::measure(&reporter, request, next)))
            .configure(routes)
            .configure(odd_routes)
            .wrap(NormalizePath::trim());
        let app = init_service(app).await;
        let response = match try_call_service(&app, request.to_request()).await {
            Ok(response) => response.into_parts().1.map_into_boxed_body(),
            // As the server does it.
            Err(error) => error.error_response(),
        };
        let status = response.status().as_u16();
        answer = Some((status, to_bytes(response.into_body()).await.unwrap()));
    })
    .await;
    assert_eq!(requests.len(), 1);
    let (status, body) = answer.unwrap();
    (requests.remove(0), status, body)
}

async fn get(path: &str) -> Captured {
    let (request, status, _) = ask(TestRequest::with_uri(path)).await;
    assert_eq!(request.status, Some(status.into()), "{path}: not what the client got");
    request
}

/// The tags of each timer.
fn timers(request: &Captured) -> Vec<String> {
    let pairs = |tags: Vec<(String, String)>| {
        tags.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    };
    request.timers().into_iter().map(|timer| pairs(timer.tags)).collect()
}

fn tags(request: &Captured) -> Vec<String> {
    request.tags().iter().map(|(name, value)| format!("{name}={value}")).collect()
}

#[actix_web::test]
async fn a_request_is_reported_with_all_that_was_measured() {
    let asked = TestRequest::with_uri("/users/0").insert_header((HOST, "Shop.Example.COM:8080"));
    let (request, status, body) = ask(asked).await;
    assert_eq!((status, request.status), (200, Some(200)));
    assert_eq!(request.script_name, "/users/{id}");
    assert_eq!(request.server_name, "shop.example.com");
    assert_eq!(request.schema.as_deref(), Some("http"));
    assert_eq!(request.document_size as usize, body.len());
    assert_eq!(tags(&request), ["plan=premium"]);
    assert_eq!(
        timers(&request),
        [
            "group=db op=select op=users",
            "group=page name=user",
            "group=cache key=visits op=get",
            "group=mail to=Ada",
        ]
    );
    let [db, page, cache, mail] = request.timers().try_into().unwrap();
    assert!(db.value >= 0.004 && page.value >= cache.value + mail.value, "{request:?}");
    assert!(request.request_time >= db.value + page.value, "{request:?}");
}

#[actix_web::test]
async fn a_request_has_the_name_of_its_route() {
    for (path, route) in [
        ("/users/1?from=mail", "/users/{id}"),
        ("/users/1/", "/users/{id}"),
        ("/users/no-number", "/users/{id}"),
        ("/users/0/invoice", "/users/{id}/invoice"),
        ("/shops/7/text", "/shops/{shop}/text"),
    ] {
        assert_eq!(get(path).await.script_name, route, "{path}");
    }
}

#[actix_web::test]
async fn what_has_no_route_shares_a_name() {
    for path in ["/", "/wp-login.php", "/users", "/users/1/2/3", "/shops/7", "/%00"] {
        let request = get(path).await;
        assert_eq!((&*request.script_name, request.status), ("(unmatched)", Some(404)), "{path}");
    }
    // The path has a route, the method has not.
    let (request, ..) = ask(TestRequest::with_uri("/users/1").method(Method::POST)).await;
    assert_eq!((&*request.script_name, request.status), ("/users/{id}", Some(404)));
}

#[actix_web::test]
async fn errors_have_the_status_that_the_client_gets() {
    for (path, status) in [
        ("/users/7", 404),
        ("/users/no-number", 404),
        ("/users/1/invoice", 500),
        ("/forbidden", 403),
        ("/teapot", 418),
    ] {
        assert_eq!(get(path).await.status, Some(status), "{path}");
    }
    assert_eq!(timers(&get("/users/7").await), ["group=db op=select op=users"]);
    let (.., body) = ask(TestRequest::with_uri("/teapot")).await;
    assert_eq!(body, "short and stout", "the error can make its response only once");
}

#[actix_web::test]
async fn blocking_work_is_part_of_its_request() {
    let request = get("/users/1/invoice").await;
    assert_eq!(tags(&request), ["printer=laser"]);
    let printed = "group=cpu op=print template=free";
    assert_eq!(timers(&request), ["group=db op=select op=users", printed]);
    assert!(request.timers()[1].value >= 0.006, "{request:?}");
}

#[actix_web::test]
async fn the_size_is_that_of_a_body_which_is_known() {
    let request = get("/text").await;
    assert_eq!((request.document_size, tags(&request)), (5, vec![]));
    let (request, status, _) = ask(TestRequest::with_uri("/text").method(Method::HEAD)).await;
    assert_eq!((status, request.document_size), (200, 0));
    let (request, _, body) = ask(TestRequest::with_uri("/chunks")).await;
    assert_eq!((request.document_size, tags(&request)), (0, vec!["body=stream".to_owned()]));
    assert_eq!(body, "chunkchunk");
}

#[actix_web::test]
async fn clients_cannot_make_up_names() {
    let this_machine = get("/text").await.hostname.clone();
    for (header, value, server_name, schema) in [
        ("forwarded", "host=\"[::1]:80\";proto=HTTPS", "[::1]", "https"),
        ("x-forwarded-host", "a.example, b.example", "a.example", "http"),
        ("x-forwarded-proto", "javascript", "localhost", "http"),
        ("host", "<script>", &*this_machine, "http"),
        ("host", ":80", &*this_machine, "http"),
    ] {
        let asked = TestRequest::with_uri("/text").insert_header((HOST, "localhost:8080"));
        let (request, ..) = ask(asked.insert_header((header, value))).await;
        assert_eq!(request.server_name, server_name, "{header}: {value}");
        assert_eq!(request.schema.as_deref(), Some(schema), "{header}: {value}");
    }
}
