//! A server with real clients, which may go away.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::rt::System;
use actix_web::{App, HttpServer, web};
use pynba::Reporter;
use pynba::testing::{Captured, Collector};

use super::{odd_routes, tags, timers};
use crate::pinba;

const LONG: Duration = Duration::from_secs(10);

struct Server {
    address: SocketAddr,
    collector: Collector,
    entered: Receiver<u32>,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(allow_half_closed: bool) -> Self {
        let collector = Collector::bind().unwrap();
        let reporter = Reporter::builder().server(collector.address().to_string()).build().unwrap();
        let ((enter, entered), (tell, told)) = (mpsc::channel(), mpsc::channel());
        let serve = move || async move {
            let server = HttpServer::new(move || {
                let reporter = reporter.clone();
                App::new()
                    .wrap(from_fn(move |request, next| pinba::measure(&reporter, request, next)))
                    .app_data(web::Data::new(enter.clone()))
                    .configure(odd_routes)
            });
            let server = server
                .workers(2)
                .disable_signals()
                .h1_allow_half_closed(allow_half_closed)
                .bind(("127.0.0.1", 0))
                .unwrap();
            let address = server.addrs()[0];
            let server = server.run();
            tell.send((address, server.handle())).unwrap();
            server.await.unwrap();
        };
        let thread = Some(thread::spawn(|| System::new().block_on(serve())));
        let (address, handle) = told.recv_timeout(LONG).unwrap();
        Self { address, collector, entered, handle, thread }
    }

    fn connect(&self) -> TcpStream {
        let client = TcpStream::connect(self.address).unwrap();
        client.set_read_timeout(Some(LONG)).unwrap();
        client
    }

    fn send(mut client: &TcpStream, path: &str) {
        write!(client, "GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    }

    fn received(&self) -> Captured {
        self.collector.recv(LONG).expect("a packet")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The command is sent when it is made; nobody waits for what becomes of it but the thread.
        drop(self.handle.stop(false));
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(thread::panicking() || matches!(ended, Some(Ok(()))));
    }
}

#[test]
fn a_client_that_goes_away_takes_its_request_with_it() {
    let server = Server::start(false);
    let client = server.connect();
    Server::send(&client, "/wait/60000/1");
    assert_eq!(server.entered.recv_timeout(LONG), Ok(1));
    drop(client);
    let request = server.received();
    assert_eq!((&*request.script_name, request.status), ("/wait/{milliseconds}/{id}", Some(499)));
    assert_eq!((&*request.server_name, tags(&request)), ("localhost", vec!["id=1".to_owned()]));
    // They were running.
    assert_eq!(timers(&request), ["group=wait id=1", "id=1 op=sleep"]);
    assert!(request.request_time < 60.0);
}

/// What actix-web does by default: the client may have closed its own half only, and wait for the answer.
#[test]
fn half_closed_connections_are_answered_where_they_are_allowed() {
    let server = Server::start(true);
    let gone = server.connect();
    Server::send(&gone, "/wait/300/1");
    assert_eq!(server.entered.recv_timeout(LONG), Ok(1));
    drop(gone);
    let request = server.received();
    assert_eq!((request.status, request.document_size), (Some(200), 7));
    assert!(request.request_time >= 0.3, "the handler ran to its end: {request:?}");
}

#[test]
fn a_connection_that_is_reset_is_noticed_in_any_case() {
    let server = Server::start(true);
    let client = server.connect();
    Server::send(&client, "/text");
    Server::send(&client, "/wait/60000/1");
    assert_eq!(server.entered.recv_timeout(LONG), Ok(1));
    // The first answer is there. Closed with something unread, a connection is reset.
    client.peek(&mut [0]).unwrap();
    drop(client);
    let statuses = [server.received().status, server.received().status];
    assert_eq!(statuses, [Some(200), Some(499)]);
}

#[test]
fn a_panic_is_500() {
    let server = Server::start(false);
    let mut client = server.connect();
    Server::send(&client, "/panic");
    // The connection is closed without an answer.
    match client.read(&mut [0]) {
        Ok(read) => assert_eq!(read, 0),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    let request = server.received();
    assert_eq!((&*request.script_name, request.status), ("/panic", Some(500)));
    assert_eq!(timers(&request), ["group=panic"]);
}

#[test]
fn requests_that_share_a_thread_keep_their_timers_apart() {
    let server = Server::start(false);
    let clients: Vec<_> = (0..64).map(|_| server.connect()).collect();
    for (id, client) in clients.iter().enumerate() {
        // Those that begin last are the first to end.
        Server::send(client, &format!("/wait/{}/{id}", 200 - id));
    }
    let mut seen: Vec<u32> = (0..clients.len())
        .map(|_| {
            let request = server.received();
            let tags = request.tags();
            let [(_, id)] = &tags[..] else { panic!("{tags:?}") };
            let own = ["group=wait id=", "id= op=sleep", "id= op=work"];
            assert_eq!(timers(&request), own.map(|own| own.replace("id=", &format!("id={id}"))));
            id.parse().unwrap()
        })
        .collect();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..64));
}
