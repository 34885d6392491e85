//! Servers and clients over real sockets, and what a Pinba server would receive.
#![allow(dead_code, reason = "each test program uses some of it")]

use std::convert::Infallible;
use std::error::Error;
use std::fmt::Display;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body as AxumBody;
use axum::serve::ListenerExt;
use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use pynba_runtime::testing::Captured;
use pynba_runtime::{Reporter, Transport};
use pynba_tower::PynbaLayer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tower::Service;

/// Far more than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(20);

pub(crate) async fn soon<R>(future: impl Future<Output = R>) -> R {
    tokio::time::timeout(LONG, future).await.expect("it takes too long")
}

/// What was reported. Nothing is lost, as it would be where a socket's buffer is full.
pub(crate) struct Packets(mpsc::UnboundedReceiver<Captured>);

struct Channel(mpsc::UnboundedSender<Captured>);

impl Transport for Channel {
    fn send(&self, datagram: &[u8]) -> io::Result<()> {
        let packet = Captured::decode(datagram).expect("our own packet");
        packet.validate().expect("a valid packet");
        self.0.send(packet).map_err(io::Error::other)
    }
}

pub(crate) fn packets() -> (Reporter, Packets) {
    let (sender, packets) = mpsc::unbounded_channel();
    let builder = Reporter::builder().transport(Channel(sender)).server_name("of the reporter");
    (builder.build().expect("it has a transport"), Packets(packets))
}

pub(crate) fn layer() -> (PynbaLayer, Packets) {
    let (reporter, packets) = packets();
    (PynbaLayer::with_reporter(reporter), packets)
}

impl Packets {
    pub(crate) async fn next(&mut self) -> Captured {
        soon(self.0.recv()).await.expect("a packet")
    }

    pub(crate) fn is_empty(&mut self) -> bool {
        self.0.try_recv().is_err()
    }

    /// The next one's name, status and size.
    pub(crate) async fn summary(&mut self) -> (String, u32, u32) {
        let packet = self.next().await;
        (packet.script_name.clone(), packet.status.unwrap_or(0), packet.document_size)
    }
}

/// Serves it by axum, until the runtime ends.
pub(crate) async fn serve(app: axum::Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    // Small frames would otherwise wait for the client's delayed acknowledgements.
    let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// Serves it by hyper, HTTP/1.1 and HTTP/2, until the runtime ends.
pub(crate) async fn serve_by_hyper<S, B>(service: S) -> SocketAddr
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>> + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

/// Sends the text and gives everything that comes back.
pub(crate) async fn raw(server: SocketAddr, request: &str) -> String {
    soon(async {
        let mut stream = begin(server, request).await;
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        answer
    })
    .await
}

/// Sends the text and leaves the answer to the caller.
pub(crate) async fn begin(server: SocketAddr, request: &str) -> TcpStream {
    let mut stream = soon(TcpStream::connect(server)).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("it takes the request");
    stream
}

pub(crate) async fn get(server: SocketAddr, path: &str) -> String {
    raw(server, &format!("GET {path} HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n"))
        .await
}

/// One connection, over which many requests go.
#[derive(Clone)]
pub(crate) enum Client {
    One(std::sync::Arc<tokio::sync::Mutex<http1::SendRequest<AxumBody>>>),
    Two(http2::SendRequest<AxumBody>),
}

impl Client {
    pub(crate) async fn http1(server: SocketAddr) -> Self {
        let stream = TokioIo::new(soon(TcpStream::connect(server)).await.expect("a connection"));
        let (sender, connection) = soon(http1::handshake(stream)).await.expect("HTTP/1.1");
        tokio::spawn(connection);
        Self::One(std::sync::Arc::new(tokio::sync::Mutex::new(sender)))
    }

    /// HTTP/2 without being asked to.
    pub(crate) async fn http2(server: SocketAddr) -> Self {
        let stream = TokioIo::new(soon(TcpStream::connect(server)).await.expect("a connection"));
        let handshake = http2::handshake(TokioExecutor::new(), stream);
        let (sender, connection) = soon(handshake).await.expect("HTTP/2");
        tokio::spawn(connection);
        Self::Two(sender)
    }

    /// The response, its body not yet read.
    pub(crate) async fn send(
        &self,
        request: Request<AxumBody>,
    ) -> hyper::Result<Response<Incoming>> {
        match self {
            Self::One(sender) => {
                let mut sender = sender.lock().await;
                sender.ready().await?;
                sender.send_request(request).await
            }
            Self::Two(sender) => sender.clone().send_request(request).await,
        }
    }

    /// The whole body, and the trailers.
    pub(crate) async fn get(&self, uri: impl Display) -> (http::StatusCode, Bytes, Option<String>) {
        let request = Request::get(uri.to_string()).header("host", "b.example");
        let request = request.body(AxumBody::empty()).expect("a request");
        soon(async {
            let response = self.send(request).await.expect("a response");
            let status = response.status();
            let body = response.into_body().collect().await.expect("a body");
            let trailer = |trailers: &http::HeaderMap| {
                trailers.get("grpc-status").map(|value| value.to_str().unwrap().to_owned())
            };
            let trailer = body.trailers().and_then(trailer);
            (status, body.to_bytes(), trailer)
        })
        .await
    }
}

/// A body of frames that are made one after the other, each by a future.
pub(crate) struct Frames<S> {
    state: Option<S>,
    next: fn(S) -> Step<S>,
    pending: Option<Step<S>>,
    size: Option<u64>,
}

pub(crate) type Step<S> =
    Pin<Box<dyn Future<Output = Option<(Result<Frame<Bytes>, io::Error>, S)>> + Send>>;

/// A body without a size, whose end is seen only when it is asked for another frame.
pub(crate) fn frames<S>(state: S, next: fn(S) -> Step<S>) -> Frames<S> {
    Frames { state: Some(state), next, pending: None, size: None }
}

#[allow(clippy::unnecessary_wraps, reason = "so are the frames of a body")]
pub(crate) fn data(bytes: impl Into<Bytes>) -> Result<Frame<Bytes>, io::Error> {
    Ok(Frame::data(bytes.into()))
}

impl<S> Frames<S> {
    /// The size is known at the beginning, but not that the end is reached with it.
    pub(crate) fn with_size(self, size: u64) -> Self {
        Self { size: Some(size), ..self }
    }
}

impl<S: Unpin> Body for Frames<S> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        if let Some(state) = this.state.take() {
            this.pending = Some((this.next)(state));
        }
        let Some(pending) = &mut this.pending else { return Poll::Ready(None) };
        pending.as_mut().poll(context).map(|made| {
            this.pending = None;
            made.map(|(frame, state)| {
                this.state = Some(state);
                frame
            })
        })
    }

    fn size_hint(&self) -> SizeHint {
        self.size.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

pub(crate) type Never = Infallible;
