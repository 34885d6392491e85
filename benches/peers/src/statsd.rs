//! The workloads as metrics of `cadence`, for statsd.

use std::hint::black_box;
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

use cadence::prelude::*;
use cadence::{BufferedUdpMetricSink, StatsdClient, UdpMetricSink};

pub(crate) struct Statsd(StatsdClient);

pub(crate) type Workload = fn(&Statsd);

impl Statsd {
    pub(crate) fn buffered(server: SocketAddr) -> Self {
        let sink = BufferedUdpMetricSink::from(server, socket()).expect("a sink");
        Self(StatsdClient::from_sink("bench", sink))
    }

    pub(crate) fn unbuffered(server: SocketAddr) -> Self {
        let sink = UdpMetricSink::from(server, socket()).expect("a sink");
        Self(StatsdClient::from_sink("bench", sink))
    }

    #[inline]
    fn timer(&self, group: &str, op: &str) {
        let start = Instant::now();
        let time = start.elapsed();
        let metric = self.0.time_with_tags("timer", time);
        metric.with_tag("group", group).with_tag("op", op).send();
    }

    #[inline]
    fn sharded(&self, op: &str, shard: u32) {
        let start = Instant::now();
        let time = start.elapsed();
        let shard = shard.to_string();
        let metric = self.0.time_with_tags("timer", time);
        metric.with_tag("op", op).with_tag("shard", &shard).send();
    }

    fn request(&self, name: &str, fives: u32) {
        let start = Instant::now();
        for _ in 0..fives {
            self.timer("db", "select");
            self.timer("db", "update");
            self.timer("cache", "get");
            self.timer("cache", "set");
            self.timer("render", "page");
        }
        self.0.time_with_tags("request", start.elapsed()).with_tag("name", name).send();
    }

    fn sharded_request(&self) {
        let start = Instant::now();
        for shard in 0..2_u32 {
            let shard = black_box(shard);
            for op in ["select", "update", "get", "set", "page"] {
                self.sharded(op, shard);
            }
        }
        self.0.time_with_tags("request", start.elapsed()).with_tag("name", "d10").send();
    }
}

pub(crate) fn named(name: &str) -> Workload {
    match name {
        "w0" => |statsd| statsd.request("w0", 0),
        "w10" => |statsd| statsd.request("w10", 2),
        "w100" => |statsd| statsd.request("w100", 20),
        "d10" => Statsd::sharded_request,
        other => panic!("no workload {other}"),
    }
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a socket");
    socket.set_nonblocking(true).expect("a socket that does not wait");
    socket
}
