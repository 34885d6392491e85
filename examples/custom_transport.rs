//! Packets to somewhere else than a Pinba server: `cargo run --example custom_transport`
//!
//! A `Transport` appends every packet to a file, each after its length. Then the file is read back: each
//! packet is decoded, checked as a server has to, and printed.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{env, process, thread};

use pynba::proto::Request;
use pynba::{Reporter, Stats, Transport, monitor, timer};

/// Each packet after its length: two bytes, which are enough for any datagram, the higher one first.
struct PacketFile(Mutex<File>);

impl PacketFile {
    fn create(path: &Path) -> io::Result<Self> {
        Ok(Self(Mutex::new(File::create_new(path)?)))
    }
}

// Called at the end of each request, on its thread. An error is counted in the reporter's stats and logged;
// the request does not see it. Where a disk may be slow, hand the packet to a thread of yours.
impl Transport for PacketFile {
    fn send(&self, datagram: &[u8]) -> io::Result<()> {
        let length = u16::try_from(datagram.len()).map_err(io::Error::other)?;
        // One write for both: a length without its packet would spoil all that follows.
        let record = [&length.to_be_bytes(), datagram].concat();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(&record)
    }
}

// The reporter may be any expression, an argument as well.
#[monitor(reporter, script_name = path, schema = "http", tags(method = "GET"))]
fn handle(reporter: &Reporter, path: &'static str) -> Result<String, &'static str> {
    {
        let _timer = timer!(group = "db", op = ["select", "pages"]);
        thread::sleep(Duration::from_millis(2));
    }
    if path == "/broken" {
        return Err("no such page");
    }
    pynba::current().tag("plan", "premium");
    Ok(timer!(group = "render", page = { path, lang = "en" } => format!("<h1>{path}</h1>")))
}

const PATHS: [&str; 3] = ["/", "/prices", "/broken"];

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::temp_dir().join(format!("pynba-{}.packets", process::id()));
    let file = PacketFile::create(&path)?;
    let done = record_and_show(file, &path);
    fs::remove_file(&path)?;
    done
}

fn record_and_show(file: PacketFile, path: &Path) -> Result<(), Box<dyn Error>> {
    let reporter = Reporter::builder().transport(file).hostname("web1").build()?;
    for path in PATHS {
        match handle(&reporter, path) {
            Ok(page) => println!("{path:<8}  {page}"),
            Err(error) => println!("{path:<8}  failed: {error}"),
        }
    }
    if reporter.stats() == Stats::default() {
        println!("\nnothing is recorded: no feature `enable`, or PINBA_ENABLED=0");
        return Ok(());
    }

    let bytes = fs::read(path)?;
    println!("\n{}: {} bytes\n", path.display(), bytes.len());
    let packets = split(&bytes)?;
    for packet in &packets {
        let request = Request::decode(*packet)?;
        request.validate()?;
        print_request(&request, packet);
    }
    println!("{}", reporter.stats());
    if packets.len() < PATHS.len() { Err("packets are missing".into()) } else { Ok(()) }
}

fn split(mut bytes: &[u8]) -> Result<Vec<&[u8]>, &'static str> {
    const CUT: &str = "the file ends within a packet";
    let mut packets = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk().ok_or(CUT)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (packet, rest) = rest.split_at_checked(length).ok_or(CUT)?;
        packets.push(packet);
        bytes = rest;
    }
    Ok(packets)
}

fn print_request(request: &Request, packet: &[u8]) {
    let start: Vec<_> = packet.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    println!("┌ {} bytes: {} …", packet.len(), start.join(" "));
    let (status, name) = (request.status.unwrap_or_default(), &request.script_name);
    println!("│ {name:<28} {status}  {:>7.2} ms", request.request_time * 1000.0);
    println!("│ {}", pairs(request.tags()));
    for timer in request.timers() {
        println!("├ {:>7.2} ms  {}", timer.value * 1000.0, pairs(timer.tags));
    }
    println!("└ valid, {} words in the dictionary\n", request.dictionary.len());
}

fn pairs<'a>(tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<_> = tags.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("  ")
}
