//! The floor of the benchmarks is an honest one: its packets are ours, byte for byte, but for the times.
#![cfg(feature = "enable")]

use std::io;
use std::net::UdpSocket;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pynba::{Reporter, Rusage, Transport};

#[path = "../benches/floor/mod.rs"]
mod floor;
#[path = "../benches/workloads/mod.rs"]
mod workloads;

use floor::Floor;

const HOSTNAME: &str = "web7";
const SERVER_NAME: &str = "www.example.org";

#[derive(Clone, Default)]
struct Packets(Arc<Mutex<Vec<Vec<u8>>>>);

impl Transport for Packets {
    fn send(&self, packet: &[u8]) -> io::Result<()> {
        self.0.lock().unwrap().push(packet.to_vec());
        Ok(())
    }
}

fn ours(workload: &str) -> Vec<u8> {
    let packets = Packets::default();
    let builder = Reporter::builder().transport(packets.clone()).rusage(Rusage::Off);
    let reporter = builder.hostname(HOSTNAME).server_name(SERVER_NAME).build().unwrap();
    workloads::named(workload).unwrap()(&reporter);
    let mut packets = packets.0.lock().unwrap();
    assert_eq!(packets.len(), 1);
    packets.remove(0)
}

fn by_hand(workload: &str) -> Vec<u8> {
    floor::named(workload).unwrap()(&Floor::new(HOSTNAME, SERVER_NAME, None));
    Floor::last_packet()
}

/// The packet with zeros for what the clock said, in fields 7 and 11, and how many of these were not zero.
fn without_times(mut packet: Vec<u8>) -> (Vec<u8>, usize) {
    let (mut at, mut times) = (0, 0);
    let varint = |packet: &[u8], at: &mut usize| {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            *at += 1;
            value |= usize::from(packet[*at - 1] & 0x7f) << shift;
            if packet[*at - 1] < 0x80 {
                break;
            }
        }
        value
    };
    while at < packet.len() {
        let key = varint(&packet, &mut at);
        match (key >> 3, key & 7) {
            (_, 0) => _ = varint(&packet, &mut at),
            (_, 2) => at += varint(&packet, &mut at),
            (field, 5) => {
                if [7, 11].contains(&field) {
                    times += usize::from(packet[at..at + 4] != [0; 4]);
                    packet[at..at + 4].fill(0);
                }
                at += 4;
            }
            other => panic!("no packet of Pinba has {other:?}"),
        }
    }
    (packet, times)
}

#[test]
fn its_packets_are_ours() {
    for (workload, timers) in workloads::NAMES.into_iter().zip([0, 1, 10, 100, 10]) {
        let (ours, _) = without_times(ours(workload));
        let packet = by_hand(workload);
        assert_eq!(pynba::testing::Captured::decode(&packet).unwrap().timers().len(), timers);
        let (by_hand, times) = without_times(packet);
        assert_eq!(ours, by_hand, "{workload}");
        // The clock is read for each, even if two readings may be equal now and then.
        assert!(times > timers / 2, "{workload}: {times}");
    }
}

#[test]
fn its_packets_are_sent() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    receiver.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let floor = Floor::new(HOSTNAME, SERVER_NAME, Some(receiver.local_addr().unwrap()));
    floor::named("w10").unwrap()(&floor);
    let mut packet = [0; 1000];
    let length = receiver.recv(&mut packet).unwrap();
    assert_eq!(packet[..length], Floor::last_packet());
}
