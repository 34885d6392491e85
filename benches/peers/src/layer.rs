//! The smallest layer for `tracing` that sends a packet of Pinba: a root span is the request, the others are timers.

use std::fmt::{Debug, Write as _};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Subscriber, subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry};

struct Pinba {
    socket: UdpSocket,
    packet: Mutex<Packet>,
}

/// What a span carries.
struct Measured {
    start: Instant,
    tags: Tags,
    /// Of a request: its timers that have ended.
    timers: Vec<(Duration, Tags)>,
}

#[derive(Default)]
struct Tags(Vec<(&'static str, String)>);

pub(crate) fn start(server: SocketAddr) {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a socket");
    socket.set_nonblocking(true).expect("a socket that does not wait");
    socket.connect(server).expect("a connected socket");
    let layer = Pinba { socket, packet: Mutex::default() };
    subscriber::set_global_default(Registry::default().with(layer)).expect("no subscriber before");
}

/// What was encoded last.
pub(crate) fn last_packet() -> Vec<u8> {
    tracing::dispatcher::get_default(|dispatch| {
        let layer = dispatch.downcast_ref::<Pinba>().expect("this layer");
        layer.packet.lock().expect("no panic").bytes.clone()
    })
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Pinba {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut tags = Tags::default();
        attributes.record(&mut tags);
        let measured = Measured { start: Instant::now(), tags, timers: Vec::new() };
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(measured);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(measured) = span.extensions_mut().remove::<Measured>() else { return };
        let time = measured.start.elapsed();
        if let Some(parent) = span.parent() {
            if let Some(request) = parent.extensions_mut().get_mut::<Measured>() {
                request.timers.push((time, measured.tags));
            }
        } else if let Ok(mut packet) = self.packet.lock() {
            packet.encode(time, &measured);
            let _ = self.socket.send(&packet.bytes);
        }
    }
}

impl Visit for Tags {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.to_owned()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.push((field.name(), value.to_string()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = String::new();
        let _ = write!(text, "{value:?}");
        self.0.push((field.name(), text));
    }
}

/// A packet whose numbers all take one byte, in memory that is kept.
#[derive(Default)]
struct Packet {
    bytes: Vec<u8>,
    dictionary: Vec<u8>,
    /// Where in the dictionary each word stands.
    words: Vec<(usize, usize)>,
    names: Vec<u8>,
    values: Vec<u8>,
}

impl Packet {
    fn encode(&mut self, time: Duration, request: &Measured) {
        let Self { bytes, dictionary, words, names, values } = self;
        for memory in [&mut *bytes, dictionary, names, values] {
            memory.clear();
        }
        words.clear();
        let name = request.tags.0.first().map_or("", |(_, name)| name);
        for (key, text) in [(0x0a, super::HOSTNAME), (0x12, super::SERVER_NAME), (0x1a, name)] {
            put_text(bytes, key, text);
        }
        bytes.extend_from_slice(&[0x20, 1, 0x28, 0, 0x30, 0]);
        put_float(bytes, 0x3d, time);
        put_float(bytes, 0x45, Duration::ZERO);
        put_float(bytes, 0x4d, Duration::ZERO);
        for (_, tags) in &request.timers {
            for (name, value) in &tags.0 {
                names.extend_from_slice(&[0x68, id(dictionary, words, name)]);
                values.extend_from_slice(&[0x70, id(dictionary, words, value)]);
            }
        }
        for _ in &request.timers {
            bytes.extend_from_slice(&[0x50, 1]);
        }
        for (time, _) in &request.timers {
            put_float(bytes, 0x5d, *time);
        }
        for (_, tags) in &request.timers {
            bytes.extend_from_slice(&[0x60, byte(tags.0.len())]);
        }
        for part in [names, values, dictionary] {
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(&[0x80, 0x01, 0xc8, 0x01, 0x88, 0x01, 0, 0x9a, 0x01, 0]);
    }
}

fn id(dictionary: &mut Vec<u8>, words: &mut Vec<(usize, usize)>, word: &str) -> u8 {
    let equal = |(start, end): &(usize, usize)| dictionary[*start..*end] == *word.as_bytes();
    byte(words.iter().position(equal).unwrap_or_else(|| {
        put_text(dictionary, 0x7a, word);
        words.push((dictionary.len() - word.len(), dictionary.len()));
        words.len() - 1
    }))
}

fn put_text(bytes: &mut Vec<u8>, key: u8, text: &str) {
    bytes.extend_from_slice(&[key, byte(text.len())]);
    bytes.extend_from_slice(text.as_bytes());
}

fn put_float(bytes: &mut Vec<u8>, key: u8, time: Duration) {
    bytes.push(key);
    bytes.extend_from_slice(&time.as_secs_f32().to_le_bytes());
}

#[expect(clippy::cast_possible_truncation, reason = "none is that large")]
fn byte(number: usize) -> u8 {
    debug_assert!(number < 0x80);
    number as u8
}
