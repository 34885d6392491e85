//! A web shop on actix-web that shows itself: `cargo run` in this folder
//!
//! It serves HTTP on the loopback, makes a few requests to itself, receives the datagrams that a Pinba server would
//! receive, and prints what was measured. The middleware to copy is `pinba.rs`.
//!
//! With `PINBA_SERVER=host:port` it sends to that server instead, and serves until interrupted.

mod pinba;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use std::{env, fmt, thread};

use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::rt::time::sleep;
use actix_web::{App, HttpServer, ResponseError, get, rt, web};
use pynba::testing::{Captured, Collector};
use pynba::{Reporter, Rusage, timed, timer};

fn routes(config: &mut web::ServiceConfig) {
    config.service(show_user).service(print_invoice);
}

#[get("/users/{id}")]
async fn show_user(id: web::Path<usize>) -> Result<String, Failure> {
    let user = find_user(*id).await?;
    pynba::current().tag("plan", user.plan);

    // A guard measures until it is dropped, also across an `.await`.
    let _timer = timer!(group = "page", name = "user");
    // An expression, which may wait as well.
    let visits = timer!(group = "cache", op = "get", key = "visits" => count_visits().await);
    send_mail(user.name).await;
    Ok(format!("Hello {}, you are visitor {visits}!\n", user.name))
}

#[get("/users/{id}/invoice")]
async fn print_invoice(id: web::Path<usize>) -> Result<String, Failure> {
    let user = find_user(*id).await?;
    // What takes the processor for long would hold up everybody else on this thread.
    pinba::block(move || print(user)).await.unwrap_or(Err(Failure::Printer))
}

fn print(user: &User) -> Result<String, Failure> {
    let _timer = timer!(group = "cpu", op = "print", template = user.plan);
    thread::sleep(Duration::from_millis(6));
    // What is said here reaches the request, too.
    pynba::current().tag("printer", "laser");
    if user.plan == "free" { Err(Failure::Printer) } else { Ok("Invoice: 5 €\n".to_owned()) }
}

// Every call of a function, from its first poll to its end.
#[timed(group = "db", op = ["select", "users"])]
async fn find_user(id: usize) -> Result<&'static User, Failure> {
    static USERS: [User; 2] =
        [User { name: "Ada", plan: "premium" }, User { name: "Linus", plan: "free" }];
    pretend_to_wait(4).await;
    USERS.get(id).ok_or(Failure::NoSuchUser)
}

async fn count_visits() -> u32 {
    pretend_to_wait(2).await;
    42
}

#[timed(group = "mail", to)]
async fn send_mail(to: &str) {
    let _ = to;
    pretend_to_wait(1).await;
}

async fn pretend_to_wait(milliseconds: u64) {
    sleep(Duration::from_millis(milliseconds)).await;
}

struct User {
    name: &'static str,
    plan: &'static str,
}

#[derive(Debug)]
enum Failure {
    NoSuchUser,
    Printer,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSuchUser => "no such user\n",
            Self::Printer => "the printer is out of paper\n",
        })
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NoSuchUser => StatusCode::NOT_FOUND,
            Self::Printer => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let collector = Collector::bind()?;
    let told = env::var("PINBA_SERVER").ok();
    let servers = told.clone().unwrap_or_else(|| collector.address().to_string());
    let reporter = Reporter::builder()
        .servers(servers)
        // Many requests share a process: each is charged with what the threads used while they ran it.
        .rusage(Rusage::Thread)
        .build()?;

    let server = HttpServer::new(move || {
        let reporter = reporter.clone();
        App::new()
            .wrap(from_fn(move |request, next| pinba::measure(&reporter, request, next)))
            .configure(routes)
    })
    .workers(2)
    // A client that goes away takes its request with it, which is then reported as 499. By default its handler runs to
    // its end: the client might have closed only its own half of the connection.
    .h1_allow_half_closed(false)
    .bind(("127.0.0.1", 0))?;
    let address = server.addrs()[0];
    let server = server.run();

    if let Some(servers) = told {
        println!("sending to {servers}; try: curl http://{address}/users/1");
        return Ok(server.await?);
    }
    let handle = server.handle();
    let server = rt::spawn(server);
    web::block(move || show(address, &collector)).await??;
    handle.stop(true).await;
    Ok(server.await??)
}

fn show(address: SocketAddr, collector: &Collector) -> io::Result<()> {
    let paths = ["/users/0", "/users/1/invoice", "/users/7", "/wp-login.php"];
    println!("{} requests to http://{address}, as Pinba receives them\n", paths.len());
    for path in paths {
        get(address, path)?;
        let Some(request) = collector.recv(Duration::from_secs(5)) else {
            println!(
                "nothing received: is `pynba` built without `enable`, or PINBA_ENABLED=0 set?"
            );
            return Ok(());
        };
        print_request(&request);
    }
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
    let schema = request.schema.as_deref().unwrap_or_default();
    let site = &request.server_name;
    println!("└ {} bytes of answer, from {schema}://{site}\n", request.document_size);
}

fn pairs(tags: &[(String, String)]) -> String {
    let pairs: Vec<String> = tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("  ")
}

// As little HTTP as a client needs.
fn get(server: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(server)?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
