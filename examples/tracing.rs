//! A service that knows `tracing` and nothing of Pinba: `cargo run -p pynba-tracing --example tracing`
//!
//! Its functions have `#[instrument]` and nothing else. One layer makes requests of the outermost spans and timers
//! of those inside; the datagrams that a Pinba server would receive are received here, and printed.
//!
//! With `PINBA_SERVER=host:port` they are sent to that server instead.

use std::error::Error;
use std::time::Duration;
use std::{env, fmt};

use pynba::Reporter;
use pynba::testing::{Captured, Collector};
use pynba_tracing::PinbaLayer;
use tokio::time::sleep;
use tracing::field::Empty;
use tracing::{Instrument, Level, Span, debug_span, instrument};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

// What was there before: a service with spans.

#[instrument(skip_all, err, fields(route = "/orders/{id}", user = order.user, status = Empty))]
async fn show_order(order: Order) -> Result<String, Gone> {
    // Two things at once. The user's number is a field, too, but not one that was chosen below.
    let (items, price) = tokio::join!(load_items(order.id), ask_for_price(order.id));
    let page = render(&items?, price).await;
    Span::current().record("status", 200);
    Ok(page)
}

#[instrument(fields(db.table = "items", rows = Empty))]
async fn load_items(order: u64) -> Result<Vec<&'static str>, Gone> {
    sleep(Duration::from_millis(4)).await;
    let items = if order == 7 { return Err(Gone) } else { vec!["lamp", "desk"] };
    Span::current().record("rows", items.len());
    Ok(items)
}

#[instrument]
async fn ask_for_price(order: u64) -> u64 {
    // In a task of its own, which is still part of the request.
    let task = async move {
        sleep(Duration::from_millis(9)).await;
        order * 100
    };
    tokio::spawn(task.in_current_span()).await.unwrap_or_default()
}

#[instrument(skip_all)]
async fn render(items: &[&str], price: u64) -> String {
    // Below `INFO`, and so not in Pinba.
    let parse = debug_span!("parse template");
    parse.in_scope(|| format!("{}: {price} ct\n", items.join(", ")))
}

#[derive(Clone, Copy)]
struct Order {
    id: u64,
    user: u64,
}

#[derive(Debug)]
struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such order")
    }
}

// What is new: the layer.

fn pinba(reporter: &Reporter) -> PinbaLayer {
    PinbaLayer::new()
        .with_requests(reporter, |span| span.name() == "show_order")
        .with_script_name_from("route")
        .with_status_from("status")
        .with_fields(["db.table", "rows"])
        .errors_are_failures(true)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let collector = Collector::bind()?;
    let servers = env::var("PINBA_SERVER");
    let server = servers.clone().unwrap_or_else(|_| collector.address().to_string());
    let reporter = Reporter::builder().servers(server).build()?;
    tracing_subscriber::registry().with(pinba(&reporter).with_filter(LevelFilter::INFO)).init();

    let orders = [(1, 12), (7, 12), (2, 34)].map(|(id, user)| Order { id, user });
    for order in orders {
        _ = show_order(order).await;
    }
    // Nobody waits for this one to its end; its task ends it.
    _ = tokio::time::timeout(Duration::from_millis(2), show_order(orders[0])).await;
    sleep(Duration::from_millis(50)).await;

    if let Ok(servers) = servers {
        println!("sent to {servers}: {}", reporter.stats());
        return Ok(());
    }
    println!("{} spans of the level {}, as Pinba receives them\n", orders.len() + 1, Level::INFO);
    for _ in 0..=orders.len() {
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
    for timer in request.timers() {
        // A twentieth of the request for each block, one at least.
        let share = timer.value / seconds * 20.0;
        let blocks = (1..=20_u8).filter(|&block| f32::from(block) <= share).count();
        let bar = "█".repeat(blocks.max(1));
        println!("├ {:>7.2} ms  {bar:<20}  {}", timer.value * 1000.0, pairs(&timer.tags));
    }
    println!("└ from {}\n", request.hostname);
}

fn pairs(tags: &[(String, String)]) -> String {
    let pairs: Vec<String> = tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("  ")
}
