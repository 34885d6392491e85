//! F, the floor to which every figure is a ratio: the workloads measured by hand, as one would who needed nothing else.
//!
//! Two `Instant::now` for each timer, a thread-local `Vec` that keeps its memory, an encoder written for these
//! packets into a reused buffer, one non-blocking `send` on a connected socket, no rusage. It knows neither
//! errors, splitting, merging, nor a second request on the same thread, and every timer has two tags. It has to stay
//! fast: a slow one makes everything else look good. `tests/floor.rs` compares its packets with ours.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::hint::black_box;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// What all packets share, and the socket.
pub(crate) struct Floor {
    hostname: &'static str,
    server_name: &'static str,
    /// Without one, packets are encoded and kept in memory.
    socket: Option<UdpSocket>,
}

pub(crate) type Workload = fn(&Floor);

pub(crate) fn named(name: &str) -> Option<Workload> {
    let workload: Workload = match name {
        "w0" => w0,
        "w1" => w1,
        "w10" => w10,
        "w100" => w100,
        "d10" => d10,
        _ => return None,
    };
    Some(workload)
}

/// The name that `#[monitor]` gives the same workload.
macro_rules! script {
    ($name:literal) => {
        concat!(env!("CARGO_CRATE_NAME"), "::workloads::", $name)
    };
}

pub(crate) fn w0(floor: &Floor) {
    let _request = floor.open(script!("w0"));
}

pub(crate) fn w1(floor: &Floor) {
    let _request = floor.open(script!("w1"));
    let _timer = timer(&[GROUP, DB, OP, SELECT]);
}

pub(crate) fn w10(floor: &Floor) {
    let _request = floor.open(script!("w10"));
    for _ in 0..2 {
        five_timers();
    }
}

pub(crate) fn w100(floor: &Floor) {
    let _request = floor.open(script!("w100"));
    for _ in 0..20 {
        five_timers();
    }
}

pub(crate) fn d10(floor: &Floor) {
    let _request = floor.open(script!("d10"));
    for shard in 0..2_u32 {
        let shard = black_box(shard);
        drop(timer_with(&[OP, SELECT, SHARD, AT_RUN_TIME], shard));
        drop(timer_with(&[OP, UPDATE, SHARD, AT_RUN_TIME], shard));
        drop(timer_with(&[OP, GET, SHARD, AT_RUN_TIME], shard));
        drop(timer_with(&[OP, SET, SHARD, AT_RUN_TIME], shard));
        drop(timer_with(&[OP, PAGE, SHARD, AT_RUN_TIME], shard));
    }
}

#[inline]
fn five_timers() {
    drop(timer(&[GROUP, DB, OP, SELECT]));
    drop(timer(&[GROUP, DB, OP, UPDATE]));
    drop(timer(&[GROUP, CACHE, OP, GET]));
    drop(timer(&[GROUP, CACHE, OP, SET]));
    drop(timer(&[GROUP, RENDER, OP, PAGE]));
}

/// All words that are known beforehand, and their numbers.
const WORDS: [&str; 11] =
    ["group", "db", "op", "select", "update", "cache", "get", "set", "render", "page", "shard"];
const GROUP: u8 = 0;
const DB: u8 = 1;
const OP: u8 = 2;
const SELECT: u8 = 3;
const UPDATE: u8 = 4;
const CACHE: u8 = 5;
const GET: u8 = 6;
const SET: u8 = 7;
const RENDER: u8 = 8;
const PAGE: u8 = 9;
const SHARD: u8 = 10;
const AT_RUN_TIME: u8 = 11;

/// Name, value, name, value: numbers of words.
type Tags = &'static [u8; 4];

#[derive(Default)]
struct Thread {
    timers: Vec<Measured>,
    /// The values that are made at run time, one after the other.
    text: String,
    packet: Vec<u8>,
    /// Of each timer.
    ids: Vec<[u8; 4]>,
    dictionary: Dictionary,
}

struct Measured {
    start: Instant,
    end: Instant,
    tags: Tags,
    /// Where in `text` the last value stands that is made at run time.
    last: Option<(u32, u32)>,
}

thread_local! {
    static THREAD: RefCell<Thread> = RefCell::default();
}

struct Request<'a> {
    floor: &'a Floor,
    script_name: &'static str,
    start: Instant,
}

struct Timer {
    at: usize,
}

#[inline]
fn timer(tags: Tags) -> Timer {
    THREAD.with_borrow_mut(|thread| thread.start(tags, None))
}

#[inline]
fn timer_with(tags: Tags, value: u32) -> Timer {
    THREAD.with_borrow_mut(|thread| {
        let start = position(thread.text.len());
        let _ = write!(thread.text, "{value}");
        let end = position(thread.text.len());
        thread.start(tags, Some((start, end)))
    })
}

impl Drop for Timer {
    #[inline]
    fn drop(&mut self) {
        THREAD.with_borrow_mut(|thread| thread.timers[self.at].end = Instant::now());
    }
}

impl Floor {
    pub(crate) fn new(
        hostname: &'static str,
        server_name: &'static str,
        to: Option<SocketAddr>,
    ) -> Self {
        let socket = to.map(|to| {
            let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a socket");
            socket.set_nonblocking(true).expect("a socket that does not wait");
            socket.connect(to).expect("a connected socket");
            socket
        });
        Self { hostname, server_name, socket }
    }

    #[inline]
    fn open(&self, script_name: &'static str) -> Request<'_> {
        THREAD.with_borrow_mut(|thread| {
            thread.timers.clear();
            thread.text.clear();
        });
        Request { floor: self, script_name, start: Instant::now() }
    }

    /// This thread's last packet.
    #[allow(dead_code, reason = "not everybody looks at it")]
    pub(crate) fn last_packet() -> Vec<u8> {
        THREAD.with_borrow(|thread| thread.packet.clone())
    }
}

impl Drop for Request<'_> {
    #[inline]
    fn drop(&mut self) {
        let time = self.start.elapsed();
        THREAD.with_borrow_mut(|thread| {
            thread.encode(self.floor, self.script_name, time);
            if let Some(socket) = &self.floor.socket {
                let _ = socket.send(&thread.packet);
            } else {
                black_box(&thread.packet);
            }
        });
    }
}

impl Thread {
    #[inline]
    fn start(&mut self, tags: Tags, last: Option<(u32, u32)>) -> Timer {
        let at = self.timers.len();
        let start = Instant::now();
        self.timers.push(Measured { start, end: start, tags, last });
        Timer { at }
    }

    fn encode(&mut self, floor: &Floor, script_name: &str, time: Duration) {
        self.resolve();
        let Self { timers, packet, ids, dictionary, .. } = self;
        packet.clear();
        put_string(packet, 1, floor.hostname);
        put_string(packet, 2, floor.server_name);
        put_string(packet, 3, script_name);
        packet.extend_from_slice(&[4 << 3, 1, 5 << 3, 0, 6 << 3, 0]);
        packet.extend_from_slice(&float(7, time));
        packet.extend_from_slice(&float(8, Duration::ZERO));
        packet.extend_from_slice(&float(9, Duration::ZERO));
        if !timers.is_empty() {
            put_each(packet, timers, |_| [10 << 3, 1]);
            put_each(packet, timers, |timer| float(11, timer.end - timer.start));
            put_each(packet, timers, |_| [12 << 3, 2]);
            put_each(packet, ids, |ids| [13 << 3, ids[0], 13 << 3, ids[2]]);
            put_each(packet, ids, |ids| [14 << 3, ids[1], 14 << 3, ids[3]]);
            packet.extend_from_slice(&dictionary.encoded);
        }
        // Status 200, no footprint, no schema; their keys take two bytes.
        packet.extend_from_slice(&[0x80, 0x01, 0xc8, 0x01, 0x88, 0x01, 0, 0x9a, 0x01, 0]);
    }

    #[inline]
    fn resolve(&mut self) {
        let Self { timers, text, ids, dictionary, .. } = self;
        ids.clear();
        dictionary.clear();
        ids.extend(timers.iter().map(|timer| {
            let [name, value, other, last] = *timer.tags;
            [
                dictionary.id(name),
                dictionary.id(value),
                dictionary.id(other),
                match timer.last {
                    None => dictionary.id(last),
                    Some((start, end)) => {
                        dictionary.id_by_content(&text[start as usize..end as usize])
                    }
                },
            ]
        }));
    }
}

/// The words of a packet.
#[derive(Default)]
struct Dictionary {
    /// As the packet says them.
    encoded: Vec<u8>,
    count: u8,
    /// One more than the id of each word that is known beforehand.
    ids: [u8; WORDS.len()],
    /// The others: where in `encoded` they stand, and their ids. These packets have two.
    others: Vec<(u32, u32, u8)>,
}

impl Dictionary {
    #[inline]
    fn clear(&mut self) {
        self.encoded.clear();
        self.count = 0;
        self.ids = [0; WORDS.len()];
        self.others.clear();
    }

    #[inline]
    fn id(&mut self, word: u8) -> u8 {
        let at = usize::from(word);
        if self.ids[at] == 0 {
            self.ids[at] = self.add(WORDS[at]) + 1;
        }
        self.ids[at] - 1
    }

    fn id_by_content(&mut self, word: &str) -> u8 {
        let equal = |(start, end, _): &&(u32, u32, u8)| {
            self.encoded[*start as usize..*end as usize] == *word.as_bytes()
        };
        if let Some((.., id)) = self.others.iter().find(equal) {
            return *id;
        }
        let id = self.add(word);
        let end = self.encoded.len();
        self.others.push((position(end - word.len()), position(end), id));
        id
    }

    #[cold]
    fn add(&mut self, word: &str) -> u8 {
        put_string(&mut self.encoded, 15, word);
        self.count += 1;
        self.count - 1
    }
}

#[inline]
fn put_string(packet: &mut Vec<u8>, field: u8, text: &str) {
    packet.extend_from_slice(&[field << 3 | 2, byte(text.len())]);
    packet.extend_from_slice(text.as_bytes());
}

#[inline]
fn put_each<T, const N: usize>(packet: &mut Vec<u8>, all: &[T], bytes: impl Fn(&T) -> [u8; N]) {
    let start = packet.len();
    packet.resize(start + N * all.len(), 0);
    for (place, one) in packet[start..].chunks_exact_mut(N).zip(all) {
        place.copy_from_slice(&bytes(one));
    }
}

#[inline]
fn float(field: u8, time: Duration) -> [u8; 5] {
    let [a, b, c, d] = time.as_secs_f32().to_le_bytes();
    [field << 3 | 5, a, b, c, d]
}

/// All numbers of these packets are smaller than 128 and take one byte.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "none is that large")]
fn byte(number: usize) -> u8 {
    debug_assert!(number < 0x80);
    number as u8
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "none is that large")]
fn position(number: usize) -> u32 {
    number as u32
}
