//! Requests that are polled again and again, in the shortest way where they can take it. So a transport keeps what they
//! send: what is captured takes a longer one.
#![cfg(feature = "enable")]

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use std::{io, mem, thread};

use pynba_runtime::__rt::Site;
use pynba_runtime::testing::Captured;
use pynba_runtime::{DetachedRequest, Reporter, Rusage, Transport, current};

const WAIT: Duration = Duration::from_millis(50);

#[derive(Clone, Default)]
struct Keep(Arc<Mutex<Vec<Captured>>>);

impl Keep {
    fn reporter(&self, rusage: Rusage) -> Reporter {
        Reporter::builder().transport(self.clone()).rusage(rusage).build().unwrap()
    }

    fn only(&self) -> Captured {
        let mut packets = self.0.lock().unwrap();
        assert_eq!(packets.len(), 1);
        packets.remove(0)
    }
}

impl Transport for Keep {
    fn send(&self, packet: &[u8]) -> io::Result<()> {
        let packet = Captured::decode(packet).map_err(io::Error::other)?;
        self.0.lock().unwrap().push(packet);
        Ok(())
    }
}

fn poll<R>(future: Pin<&mut impl Future<Output = R>>) -> Poll<R> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Acts at each of so many polls, and is ready with the last.
fn polls(times: u32, mut act: impl FnMut(u32)) -> impl Future<Output = ()> {
    let mut poll = 0;
    poll_fn(move |_| {
        poll += 1;
        act(poll);
        if poll == times { Poll::Ready(()) } else { Poll::Pending }
    })
}

#[cfg(all(target_os = "linux", not(pynba_portable)))]
#[test]
fn the_processor_time_of_each_poll_counts_and_no_other() {
    let work = || {
        let until = Instant::now() + WAIT;
        while Instant::now() < until {}
    };
    let kept = Keep::default();
    let used = |packet: Captured| f64::from(packet.ru_utime + packet.ru_stime);
    let mut future = pin!(kept.reporter(Rusage::Thread).monitor("/polls", polls(5, |_| work())));
    while poll(future.as_mut()).is_pending() {
        work();
        work();
    }
    let used = used(kept.only());
    // Others may have had the processor.
    let [least, most] = [1.0, 5.9].map(|times| times * WAIT.as_secs_f64());
    assert!((least..most).contains(&used), "{used}");
}

#[test]
fn the_clock_begins_with_the_first_poll_also_of_what_was_entered_before() {
    static SITE: Site = Site::new("/polls");
    let kept = Keep::default();
    let mut request = SITE.detached_with(&kept.reporter(Rusage::Off));
    for _ in 0..2 {
        request.enter().current().tag("user", "7");
        thread::sleep(WAIT);
    }
    let begun = Instant::now();
    let mut future = Box::pin(request.around(polls(3, |_| thread::sleep(WAIT))));
    while poll(future.as_mut()).is_pending() {}
    drop(future);
    request.finish();
    let (time, most) = (kept.only().request_time, begun.elapsed());
    assert!(time >= 2.9 * WAIT.as_secs_f32() && time <= most.as_secs_f32() * 1.01, "{time}");
}

#[test]
fn a_panic_in_a_later_poll_is_a_failure() {
    let kept = Keep::default();
    let what = polls(5, |poll| assert!(poll < 3, "as planned"));
    let mut future = Box::pin(kept.reporter(Rusage::Off).monitor("/polls", what));
    assert!(poll(future.as_mut()).is_pending() && poll(future.as_mut()).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| poll(future.as_mut()))).is_err());
    assert_eq!(kept.only().status, Some(500));
    assert!(!DetachedRequest::is_any_here());
    drop(future);
    assert!(kept.0.lock().unwrap().is_empty());
}

#[test]
fn what_a_poll_leaves_behind_takes_nothing_from_it() {
    let kept = Keep::default();
    let reporter = kept.reporter(Rusage::Off);
    let mut left = None;
    let opens = |poll| {
        current().tag(format!("poll {poll}"), "yes");
        match poll {
            2 => left = Some(reporter.open("/left")),
            // Back in its order, and the way is short again.
            4 => drop(left.take()),
            6 => mem::forget(reporter.open("/forgotten")),
            _ => {}
        }
    };
    let mut future = pin!(reporter.monitor("/polls", polls(8, opens)));
    while poll(future.as_mut()).is_pending() {}
    let packets: Vec<_> = mem::take(&mut *kept.0.lock().unwrap());
    let names: Vec<_> = packets.iter().map(|packet| packet.script_name.as_str()).collect();
    assert_eq!(names, ["/left", "/polls"]);
    assert_eq!(packets[1].tags().len(), 8);
}
