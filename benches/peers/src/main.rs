//! What a request costs with pynba's peers, interleaved with the floor: see `README.md`.
//!
//! Each does what it does in the shortest way its documentation shows: a span or a metric for each timer, with two
//! tags. `fastrace` hands its spans to a thread of its own, which drops them; the layer for `tracing` sends the
//! packet of Pinba; `cadence` sends one metric for each timer, one by one or several to a datagram.

mod fastrace_spans;
#[path = "../../floor/mod.rs"]
mod floor;
mod layer;
#[path = "../../receiver/mod.rs"]
mod receiver;
mod statsd;
#[path = "../../table/mod.rs"]
mod table;
mod tracing_spans;
#[path = "../../workloads/mod.rs"]
mod workloads;

use std::thread;
use std::time::Duration;

use pynba::{Reporter, Rusage};

use floor::Floor;
use receiver::Receiver;
use statsd::Statsd;
use table::{Contender, Row, Run, each, interleave};

const HOSTNAME: &str = "web7.example.org";
const SERVER_NAME: &str = "www.example.org";

const WHO: [&str; 6] = ["F", "pynba", "fastrace", "tracing", "cadence, buffered", "cadence"];

fn main() {
    receiver::receive_if_asked();
    let run = Run::from_arguments();
    let receiver = Receiver::start();
    let server = receiver.address;

    fastrace_spans::start();
    layer::start(server);
    let by_hand = Floor::new(HOSTNAME, SERVER_NAME, Some(server));
    let ours = Reporter::builder().hostname(HOSTNAME).server_name(SERVER_NAME);
    let ours = ours.rusage(Rusage::Off).server(server.to_string()).build().expect("a reporter");
    let (buffered, unbuffered) = (Statsd::buffered(server), Statsd::unbuffered(server));
    check();

    let names = ["w0", "w10", "w100", "d10"];
    let mut contenders = Vec::new();
    for name in names {
        let times = run.times(if name == "w100" { 50 } else { 400 });
        let floor = floor::named(name).expect("a workload");
        let pynba = workloads::named(name).expect("a workload");
        let metrics = statsd::named(name);
        let (by_hand, ours, buffered, unbuffered) = (&by_hand, &ours, &buffered, &unbuffered);
        contenders.push(contender(times, move || floor(by_hand)));
        contenders.push(contender(times, move || pynba(ours)));
        contenders.push(contender(times, fastrace_spans::named(name)));
        contenders.push(contender(times, tracing_spans::named(name)));
        contenders.push(contender(times, move || metrics(buffered)));
        contenders.push(contender(times, move || metrics(unbuffered)));
        // Our clock finds out what the counter is worth, which takes 50 ms and two requests.
        pynba(ours);
        thread::sleep(Duration::from_millis(60));
    }
    interleave(run.rounds(), &mut contenders);

    let mut rows = Vec::new();
    for (name, contenders) in names.iter().zip(contenders.chunks_exact(WHO.len())) {
        for (who, contender) in WHO.iter().zip(contenders) {
            let what = format!("{}, {who}", name.to_uppercase());
            rows.push(Row::ratio(what, &contender.rounds, &contenders[0].rounds));
        }
    }
    table::print("peers", &rows);
    receiver.stop();
}

fn contender<'a>(times: u32, request: impl Fn() + 'a) -> Contender<'a> {
    Contender::new(move || each(times, &request))
}

/// That the peers measure what they say.
fn check() {
    for (name, timers) in [("w0", 0), ("w10", 10), ("w100", 100), ("d10", 10)] {
        let before = fastrace_spans::reported();
        fastrace_spans::named(name)();
        fastrace::flush();
        assert_eq!(fastrace_spans::reported() - before, timers + 1);
        tracing_spans::named(name)();
        let packet = layer::last_packet();
        let packet = pynba::testing::Captured::decode(&packet).expect("a packet of Pinba");
        assert_eq!(packet.validate(), Ok(()));
        assert_eq!(packet.timers().len(), timers);
        assert!(packet.timers().iter().all(|timer| timer.tags.len() == 2));
    }
}
