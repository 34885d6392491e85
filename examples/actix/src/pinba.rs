//! The middleware, ready to copy: each request of an actix-web service is one of Pinba's.
//!
//! It is no crate, because there is nothing in it that a crate would hide. A middleware of actix-web is an `async fn`
//! around the handler ([`from_fn`](actix_web::middleware::from_fn)), so [`Reporter::monitor`] around the call is all: no
//! `Service` to be written, no body to be wrapped. What is left, the names, is what a service decides for itself.
//!
//! A request lasts until its response is made, which is when actix-web begins to write it. For nearly all of them that
//! is the whole work. A body that is a stream is produced later, and that is *not* measured: such a request has no
//! document size and says so with the tag `body=stream`, so that reports can tell it apart. Where streams matter,
//! [`Reporter::detached`] gives a request that a `MessageBody` around theirs may keep until its end.
//!
//! A handler that panics is reported as 500. One whose client goes away is 499, if actix-web gives it up: see
//! `h1_allow_half_closed` in `main.rs`.

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::BlockingError;
use actix_web::http::Method;
use actix_web::http::uri::Authority;
use actix_web::middleware::Next;
use actix_web::{Error, web};
use pynba::{Current, Reporter};

/// One name for every path without a route: a scanner cannot fill the server.
const UNMATCHED: &str = "(unmatched)";

/// `App::new().wrap(from_fn(move |request, next| pinba::measure(&reporter, request, next)))`
///
/// What is wrapped later is outside, and not measured. That is the place for `NormalizePath`, whose paths have the
/// routes, and for `Compress`, whose bodies are streams.
pub(crate) fn measure<B: MessageBody>(
    reporter: &Reporter,
    request: ServiceRequest,
    next: Next<B>,
) -> impl Future<Output = Result<ServiceResponse<B>, Error>> + use<B> {
    reporter.monitor(UNMATCHED, async move {
        let current = pynba::current();
        if !current.is_active() {
            return next.call(request).await;
        }
        describe(&current, &request);
        let result = next.call(request).await;
        conclude(&current, &result);
        result
    })
}

/// Before the handler, so that a request which it does not survive has its names, too.
fn describe(current: &Current, request: &ServiceRequest) {
    // The route, not the path: `/users/{id}` for all users.
    if let Some(route) = request.match_pattern() {
        current.set_script_name(route);
    }
    // It believes `Forwarded` and `X-Forwarded-*`, which is right behind a proxy that sets them. Without one, clients
    // choose these texts: only a name that can be one gets through, without its port, and one of two schemas.
    let connection = request.connection_info();
    if let Ok(authority) = connection.host().parse::<Authority>() {
        current.set_server_name(authority.host().to_ascii_lowercase());
    }
    let is_secure = connection.scheme().eq_ignore_ascii_case("https");
    current.set_schema(if is_secure { "https" } else { "http" });
}

/// After it. What the client gets is reported, whatever status and size the handler has set.
fn conclude<B: MessageBody>(current: &Current, result: &Result<ServiceResponse<B>, Error>) {
    match result {
        Ok(response) => {
            current.set_status(response.status().as_u16().into());
            match response.response().body().size() {
                _ if response.request().method() == Method::HEAD => current.set_document_size(0),
                BodySize::None => current.set_document_size(0),
                BodySize::Sized(bytes) => current.set_document_size(bytes),
                BodySize::Stream => current.tag("body", "stream"),
            }
        }
        // Of a middleware inside: those of handlers are responses already. Not `error_response()`, which some errors
        // can make only once, and that one is the client's.
        Err(error) => {
            current.set_status(error.as_response_error().status_code().as_u16().into());
        }
    }
}

/// [`web::block`], and what `work` measures joins the request that is open here.
pub(crate) fn block<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> impl Future<Output = Result<R, BlockingError>> {
    let request = pynba::current().handle();
    web::block(move || match request {
        Some(request) => request.run(work),
        None => work(), // nothing is recorded
    })
}
