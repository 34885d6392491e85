//! A server that loses nothing, for tests that want every packet.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use pynba::testing::Captured;
use pynba::{Reporter, Stats, Transport};
use tokio::sync::Semaphore;

/// A socket's buffer of the usual size (`net.core.rmem_default`, 208 KiB) holds so many packets of up to 2 KB,
/// each of which the kernel counts as 4 or 5.
pub const ROOM: usize = 40;

type Packets = Arc<Mutex<Vec<Vec<u8>>>>;

/// Receives packets on several lanes, and lets senders know how much room there is: UDP tells nobody what was
/// lost.
#[derive(Debug)]
pub struct Server {
    lanes: Vec<Lane>,
    packets: Packets,
}

#[derive(Debug)]
struct Lane {
    reporter: Reporter,
    /// A permit for each packet that may be sent now.
    room: Arc<Semaphore>,
    receiver: Option<(SocketAddr, JoinHandle<()>)>,
}

impl Server {
    /// Sockets on the loopback, each with a thread that reads it.
    ///
    /// # Errors
    ///
    /// When the system has no sockets left.
    pub fn udp(lanes: usize) -> io::Result<Self> {
        let packets = Packets::default();
        let lane = |_| {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            let address = socket.local_addr()?;
            let reporter = Reporter::builder().server(address.to_string());
            let (room, packets) = (Arc::new(Semaphore::new(ROOM)), packets.clone());
            let kept = Kept { room: room.clone(), packets };
            let receiver = Some((address, thread::spawn(move || receive(&socket, &kept))));
            Ok(Lane { reporter: built(reporter)?, room, receiver })
        };
        let lanes = (0..lanes).map(lane).collect::<io::Result<_>>()?;
        Ok(Self { lanes, packets })
    }

    /// A transport that keeps the packets, on one lane.
    ///
    /// # Errors
    ///
    /// None.
    pub fn transport(room: usize) -> io::Result<Self> {
        let (packets, room) = (Packets::default(), Arc::new(Semaphore::new(room)));
        let kept = Kept { room: room.clone(), packets: packets.clone() };
        let reporter = built(Reporter::builder().transport(kept))?;
        Ok(Self { lanes: vec![Lane { reporter, room, receiver: None }], packets })
    }

    fn lane(&self, number: u32) -> &Lane {
        &self.lanes[number as usize % self.lanes.len()]
    }

    /// That of the lane of this number.
    #[must_use]
    pub fn reporter(&self, number: u32) -> &Reporter {
        &self.lane(number).reporter
    }

    /// Waits until so many packets may be sent on the lane of this number. They must be sent then.
    pub async fn room(&self, number: u32, packets: u32) {
        if let Ok(permits) = self.lane(number).room.acquire_many(packets).await {
            permits.forget(); // each packet gives one back
        }
    }

    /// What all lanes together did.
    #[must_use]
    pub fn stats(&self) -> Vec<Stats> {
        self.lanes.iter().map(|lane| lane.reporter.stats()).collect()
    }

    /// Everything that was received.
    ///
    /// # Panics
    ///
    /// When something else than packets was.
    #[must_use]
    pub fn into_packets(self) -> Vec<Captured> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        for (address, thread) in self.lanes.into_iter().filter_map(|lane| lane.receiver) {
            // Comes after all the others.
            socket.send_to(&[], address).expect("the loopback takes it");
            thread.join().expect("it does not panic");
        }
        let packets = self.packets.lock().expect("nobody panics while it is held");
        packets.iter().map(|packet| Captured::decode(packet).expect("a packet")).collect()
    }
}

fn built(reporter: pynba::ReporterBuilder) -> io::Result<Reporter> {
    reporter.build().map_err(io::Error::other)
}

struct Kept {
    room: Arc<Semaphore>,
    packets: Packets,
}

impl Transport for Kept {
    fn send(&self, packet: &[u8]) -> io::Result<()> {
        self.packets.lock().map_err(|_| io::ErrorKind::Other)?.push(packet.to_vec());
        self.room.add_permits(1);
        Ok(())
    }
}

/// Until an empty datagram says that there is no more.
fn receive(socket: &UdpSocket, kept: &Kept) {
    let mut buffer = vec![0; usize::from(u16::MAX)];
    while let Ok(length @ 1..) = socket.recv(&mut buffer) {
        let _ = kept.send(&buffer[..length]);
    }
}
