//! A small service of axum that shows itself: `cargo run -p pynba-tower --example axum`
//!
//! It serves HTTP on the loopback, makes a few requests to itself, receives the datagrams that a Pinba server would
//! receive, and prints what was measured.
//!
//! With `PINBA_SERVER=host:port` it sends to that server instead, and serves until interrupted.

use std::env;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use futures_util::stream;
use pynba::testing::{Captured, Collector};
use pynba::{Reporter, Rusage, Stats, tags, timed, timer};
use pynba_tower::PynbaLayer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

// The whole service. The layer comes after the routes: it then knows them, and sees what matches none of them.
fn app(reporter: &Reporter) -> Router {
    let layer = PynbaLayer::with_reporter(reporter)
        .tags(|request| tags!(method = request.method.as_str()))
        .filter(|request| request.uri.path() != "/health");
    Router::new()
        .route("/users/{id}", get(show_user))
        .route("/users/{id}/orders", post(order))
        .route("/export", get(export))
        .route("/health", get(async || "fine"))
        .layer(layer)
        .with_state(Database::new())
}

async fn show_user(
    State(database): State<Database>,
    Path(id): Path<usize>,
) -> Result<String, StatusCode> {
    let user = database.user(id).await.ok_or(StatusCode::NOT_FOUND)?;
    pynba::current().tag("plan", user.plan);
    // Two at once: each has its own time, and the request that of the longer one.
    let (orders, offers) = tokio::join!(database.orders(id), offers(user.plan));
    Ok(timer!(group = "render", template = "user" => {
        format!("Hello {}! {orders} orders, {offers} offers\n", user.name)
    }))
}

async fn order(State(database): State<Database>, Path(id): Path<usize>) -> (StatusCode, String) {
    let _timer = timer!(group = "order"); // until the handler returns, across every `.await`
    match database.insert_order(id).await {
        Ok(number) => (StatusCode::CREATED, format!("order {number}\n")),
        Err(error) => {
            pynba::current().tag("error", &error);
            (StatusCode::INTERNAL_SERVER_ERROR, error)
        }
    }
}

// The request ends with its last row, not when the handler returns.
async fn export(State(database): State<Database>) -> Body {
    let rows = stream::unfold(0, move |row| {
        let database = database.clone();
        async move {
            let user = database.user(row).await?;
            Some((Ok::<_, io::Error>(format!("{row};{};{}\n", user.name, user.plan)), row + 1))
        }
    });
    Body::from_stream(rows)
}

#[timed(group = "http", service = "offers", plan)]
async fn offers(plan: &str) -> usize {
    sleep(Duration::from_millis(20)).await;
    plan.len()
}

// What stands between the handlers and a database: each query is a timer, and no handler has to think of it.

#[derive(Clone)]
struct Database {
    orders: Arc<Mutex<Vec<usize>>>,
}

#[derive(Clone, Copy)]
struct User {
    name: &'static str,
    plan: &'static str,
}

impl Database {
    fn new() -> Self {
        Self { orders: Arc::default() }
    }

    async fn query<R>(&self, op: &str, table: &str, take: impl FnOnce(&mut Vec<usize>) -> R) -> R {
        let _timer = timer!(group = "db", op, table);
        sleep(Duration::from_millis(if op == "insert" { 5 } else { 2 })).await;
        take(&mut self.orders.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn user(&self, id: usize) -> Option<User> {
        const USERS: [User; 2] =
            [User { name: "Ada", plan: "premium" }, User { name: "Linus", plan: "free" }];
        self.query("select", "users", |_| USERS.get(id).copied()).await
    }

    async fn orders(&self, user: usize) -> usize {
        let count = |orders: &mut Vec<usize>| orders.iter().filter(|&&of| of == user).count();
        self.query("select", "orders", count).await
    }

    async fn insert_order(&self, user: usize) -> Result<usize, String> {
        if self.user(user).await.is_none() {
            return Err(format!("violates foreign key: users({user})"));
        }
        let insert = |orders: &mut Vec<usize>| {
            orders.push(user);
            orders.len()
        };
        Ok(self.query("insert", "orders", insert).await)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    // Many requests share this process: the processor time of each is what it used itself.
    let reporter = Reporter::builder().prefix("shop:").schema("http").rusage(Rusage::Thread);

    if let Ok(servers) = env::var("PINBA_SERVER") {
        let reporter = reporter.servers(&servers).build()?;
        println!("sending to {servers}; try: curl http://{address}/users/1");
        axum::serve(listener, app(&reporter)).await?;
        return Ok(());
    }

    let collector = Collector::bind()?;
    let reporter = reporter.server(collector.address().to_string()).build()?;
    let service = app(&reporter);
    tokio::spawn(async move { axum::serve(listener, service).await });

    let requests = [
        "GET /users/0",
        "POST /users/1/orders",
        "POST /users/7/orders",
        "GET /users/1",
        "GET /export",
        "HEAD /export",
        "GET /health",
        "GET /wp-login.php",
    ];
    println!("{} requests to http://{address}, as Pinba receives them\n", requests.len());
    for request in requests {
        ask(address, request).await?;
    }
    give_up(address, "GET /users/0").await?;

    if reporter.stats() == Stats::default() {
        println!("nothing is recorded: no feature `enable`, or PINBA_ENABLED=0");
        return Ok(());
    }
    // All but the one for `/health`, and the one that was given up.
    for _ in &requests {
        let request = collector.recv(Duration::from_secs(5)).ok_or("a packet is missing")?;
        print_request(&request);
    }
    println!("{}", reporter.stats());
    Ok(())
}

fn print_request(request: &Captured) {
    let status = request.status.unwrap_or_default();
    let seconds = request.request_time;
    println!("┌ {:<28} {status}  {:>7.2} ms", request.script_name, seconds * 1000.0);
    println!("│ {}", pairs(&request.tags()));
    for timer in request.timers() {
        // A twentieth of the request for each block, one at least.
        let share = timer.value / seconds * 20.0;
        let blocks = (1..=20_u8).filter(|&block| f32::from(block) <= share).count();
        let bar = "█".repeat(blocks.max(1));
        println!("├ {:>7.2} ms  {bar:<20}  {}", timer.value * 1000.0, pairs(&timer.tags));
    }
    println!("└ {} bytes of answer, from {}\n", request.document_size, request.server_name);
}

fn pairs(tags: &[(String, String)]) -> String {
    let pairs: Vec<String> = tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("  ")
}

// The rest is as little of a client as an example needs.

async fn ask(server: SocketAddr, request: &str) -> io::Result<String> {
    let mut answer = String::new();
    let mut stream = send(server, request).await?;
    timeout(Duration::from_secs(5), stream.read_to_string(&mut answer)).await??;
    Ok(answer)
}

/// A client that does not wait for the answer.
async fn give_up(server: SocketAddr, request: &str) -> io::Result<()> {
    let stream = send(server, request).await?;
    sleep(Duration::from_millis(5)).await;
    drop(stream);
    Ok(())
}

async fn send(server: SocketAddr, request: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(server).await?;
    let head = "host: shop.example.com\r\nconnection: close";
    stream.write_all(format!("{request} HTTP/1.1\r\n{head}\r\n\r\n").as_bytes()).await?;
    Ok(stream)
}
