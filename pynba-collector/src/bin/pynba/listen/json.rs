//! A request as one line of JSON.

use std::borrow::Cow;
use std::io::{self, Write};

use pynba_collector::{Request, Text, Timer};
use serde::Serialize;

use crate::{clock, json};

/// Names are those of Pinba's fields; times are seconds, sizes bytes.
#[derive(Serialize)]
struct Object<'a> {
    /// How many came before it.
    id: u64,
    /// When it came.
    time: String,
    hostname: Cow<'a, str>,
    server_name: Cow<'a, str>,
    script_name: Cow<'a, str>,
    schema: Cow<'a, str>,
    status: u32,
    request_count: u32,
    request_time: f32,
    ru_utime: f32,
    ru_stime: f32,
    document_size: u32,
    memory_peak: u32,
    memory_footprint: u32,
    tags: Vec<Pair<'a>>,
    timers: Vec<TimerObject<'a>>,
}

#[derive(Serialize)]
struct TimerObject<'a> {
    hit_count: u32,
    value: f32,
    ru_utime: f32,
    ru_stime: f32,
    tags: Vec<Pair<'a>>,
}

/// Name and value. No object, for a name may come several times, and the order is the client's.
type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

pub(super) fn print(out: &mut dyn Write, request: &Request<'_>) -> io::Result<()> {
    json::write(out, &object(request))
}

fn object<'a>(request: &Request<'a>) -> Object<'a> {
    Object {
        id: request.id(),
        time: clock::rfc3339(request.came_at(), 6),
        hostname: request.hostname().to_str(),
        server_name: request.server_name().to_str(),
        script_name: request.script_name().to_str(),
        schema: request.schema().to_str(),
        status: request.status(),
        request_count: request.request_count(),
        request_time: request.request_time(),
        ru_utime: request.ru_utime(),
        ru_stime: request.ru_stime(),
        document_size: request.document_size(),
        memory_peak: request.memory_peak(),
        memory_footprint: request.memory_footprint(),
        tags: request.tags().map(pair).collect(),
        timers: request.timers().map(|timer| of_timer(&timer)).collect(),
    }
}

fn pair<'a>((name, value): (Text<'a>, Text<'a>)) -> Pair<'a> {
    (name.to_str(), value.to_str())
}

fn of_timer<'a>(timer: &Timer<'a>) -> TimerObject<'a> {
    TimerObject {
        hit_count: timer.hit_count(),
        value: timer.value(),
        ru_utime: timer.ru_utime(),
        ru_stime: timer.ru_stime(),
        tags: timer.tags().map(pair).collect(),
    }
}
