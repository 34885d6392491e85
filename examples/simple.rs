//! A small web shop that shows itself: `cargo run --example simple`
//!
//! It serves HTTP on the loopback with one monitored handler, makes a few requests to itself, receives the
//! datagrams that a Pinba server would receive, and prints what was measured.
//!
//! With `PINBA_SERVER=host:port` it sends to that server instead, and serves until interrupted.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;
use std::{env, thread};

use pynba::testing::{Captured, Collector};
use pynba::{Reporter, monitor, timed, timer};

// One request to Pinba for each call. Without a server in the attribute it goes to the process's reporter.
#[monitor(
    script_name = request.route(),
    schema = "http",
    tags(method = request.method),
    status = |response| response.status,
    document_size = |response| response.body.len() as u64,
)]
fn handle(request: &Request) -> Response {
    // The first way: a guard, which measures until it is dropped.
    let user = {
        let _timer = timer!(group = "db", op = ["select", "users"], id = request.id());
        pretend_to_work(4);
        find_user(request.id())
    };
    let Some(user) = user else {
        return Response { status: 404, body: "no such user\n".to_owned() };
    };

    // The second way: an expression.
    let body = timer!(foo = "bar", baz = ["seq1", "seq2"], qux = { map1 = "val1" } => {
        pretend_to_work(2);
        format!("Hello {}!\n", user.name)
    });

    pynba::current().tag("plan", user.plan);
    send_mail(user.name, 1 + request.id() % 2);
    Response { status: 200, body }
}

// The third way: every call of a function.
#[timed(group = "mail", to, attempts = attempts)]
fn send_mail(to: &str, attempts: usize) {
    let _ = to;
    pretend_to_work(attempts as u64);
}

struct User {
    name: &'static str,
    plan: &'static str,
}

fn find_user(id: usize) -> Option<&'static User> {
    static USERS: [User; 2] =
        [User { name: "Ada", plan: "premium" }, User { name: "Linus", plan: "free" }];
    USERS.get(id)
}

fn pretend_to_work(milliseconds: u64) {
    thread::sleep(Duration::from_millis(milliseconds));
}

const WATCH_IT_LIVE: &str = "\
Watch it live: `cargo run -p pynba-collector -- top` in one terminal, and in another
`PINBA_SERVER=127.0.0.1:30002 cargo run --example simple`, which then serves until interrupted.";

fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;

    if let Ok(servers) = env::var("PINBA_SERVER") {
        pynba::set_reporter(Reporter::builder().servers(&servers).build()?);
        println!("sending to {servers}; try: curl http://{address}/users/1");
        serve(&listener, usize::MAX);
    }

    let collector = Collector::bind()?;
    let server = collector.address().to_string();
    pynba::set_reporter(Reporter::builder().server(server).build()?);

    let paths = ["/users/0", "/users/1", "/users/7"];
    let server = thread::spawn(move || serve(&listener, paths.len()));
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
    server.join().expect("the server does not panic");
    println!("{WATCH_IT_LIVE}");
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
    println!("└ {} bytes of answer, from {}\n", request.document_size, request.hostname);
}

fn pairs(tags: &[(String, String)]) -> String {
    let pairs: Vec<String> = tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("  ")
}

// The rest is as little HTTP as an example needs.

struct Request {
    method: String,
    path: String,
}

struct Response {
    status: u32,
    body: String,
}

impl Request {
    fn read(stream: &TcpStream) -> io::Result<Self> {
        let mut lines = BufReader::new(stream).lines();
        let first = lines.next().unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))?;
        let mut words = first.split(' ').map(str::to_owned);
        let mut word = || words.next().unwrap_or_default();
        let request = Self { method: word(), path: word() };
        for line in lines {
            if line?.is_empty() {
                break;
            }
        }
        Ok(request)
    }

    fn id(&self) -> usize {
        self.path.rsplit('/').next().and_then(|id| id.parse().ok()).unwrap_or(usize::MAX)
    }

    // The route, not the path: one name for all users keeps the reports short.
    fn route(&self) -> &'static str {
        if self.path.starts_with("/users/") { "/users/{id}" } else { "(unmatched)" }
    }
}

fn serve(listener: &TcpListener, requests: usize) {
    for stream in listener.incoming().take(requests) {
        if let Err(error) = stream.and_then(answer) {
            eprintln!("a client went away: {error}");
        }
    }
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    let Response { status, body } = handle(&Request::read(&stream)?);
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} \r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

fn get(server: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(server)?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {server}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
