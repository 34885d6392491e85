//! `#[monitor]` and `#[timed]` on functions whose futures go from thread to thread.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pynba::testing::Captured;
use pynba::{Reporter, Transport, monitor, timed, timer};

#[derive(Clone, Default)]
struct Packets(Arc<Mutex<Vec<Vec<u8>>>>);

impl Transport for Packets {
    fn send(&self, packet: &[u8]) -> std::io::Result<()> {
        self.0.lock().expect("no poison").push(packet.to_vec());
        Ok(())
    }
}

#[monitor(reporter, tags(id))]
async fn task(reporter: Reporter, id: u32) {
    for _ in 0..3 {
        let timer = timer!(id);
        tokio::time::sleep(Duration::from_micros(u64::from(id) % 7)).await;
        tokio::task::yield_now().await;
        drop(timer);
        timed_task(id).await;
    }
}

#[timed(id)]
#[expect(clippy::manual_async_fn, reason = "a function that returns a future is what is tested")]
fn timed_task(id: u32) -> impl Future<Output = ()> + Send {
    async move { tokio::task::yield_now().await }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_keep_their_requests_from_thread_to_thread() {
    let packets = Packets::default();
    let reporter = Reporter::builder().transport(packets.clone()).build().expect("a reporter");
    let tasks: Vec<_> = (0..200).map(|id| tokio::spawn(task(reporter.clone(), id))).collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    let packets = packets.0.lock().expect("no poison");
    assert_eq!(packets.len(), 200);
    for packet in &*packets {
        let request = Captured::decode(packet).expect("our own packet");
        let tags = request.tags();
        let of_timers: Vec<_> = request.timers().into_iter().flat_map(|timer| timer.tags).collect();
        assert_eq!(of_timers, vec![tags[0].clone(); 6]);
    }
}
