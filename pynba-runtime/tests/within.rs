//! What is inside of something else: transports that measure, futures that keep what measures, and requests that
//! are entered where they are counted already.
#![cfg(feature = "enable")]

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pynba_runtime::testing::{Captured, capture};
use pynba_runtime::{DetachedRequest, Reporter, Tags, Transport, current};

const MILLISECOND: Duration = Duration::from_millis(1);

type Act = Box<dyn FnMut() + Send>;

/// A transport that does something of its own after each packet.
#[derive(Clone, Default)]
struct Busy {
    sent: Arc<Mutex<Vec<Captured>>>,
    act: Arc<Mutex<Option<Act>>>,
}

impl Busy {
    fn does(&self, act: impl FnMut() + Send + 'static) {
        *self.act.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(act));
    }

    fn reporter(&self) -> Reporter {
        Reporter::builder().transport(self.clone()).build().unwrap()
    }

    /// Script names and numbers of timers.
    fn sent(&self) -> Vec<(String, usize)> {
        let sent = self.sent.lock().unwrap();
        sent.iter().map(|sent| (sent.script_name.clone(), sent.timers().len())).collect()
    }
}

impl Transport for Busy {
    fn send(&self, packet: &[u8]) -> io::Result<()> {
        self.sent.lock().unwrap().push(Captured::decode(packet).unwrap());
        // Not while it runs: it may send, too.
        let act = self.act.lock().unwrap().take();
        if let Some(mut act) = act {
            act();
            self.does(act);
        }
        Ok(())
    }
}

fn measure() {
    current().add_timer(Tags::new().with("of", "the transport"), MILLISECOND, 1);
}

fn owned<const N: usize>(sent: [(&str, usize); N]) -> Vec<(String, usize)> {
    sent.map(|(name, timers)| (name.to_owned(), timers)).to_vec()
}

#[test]
fn a_handle_that_runs_in_a_transport_leaves_the_requests_where_they_are() {
    let busy = Busy::default();
    let reporter = busy.reporter();
    let outer = reporter.open("outer");
    let handle = outer.current().handle().unwrap();
    busy.does(move || {
        handle.run(|| ());
        measure();
    });
    drop(reporter.open("inner"));
    drop(outer);
    assert_eq!(busy.sent(), owned([("inner", 0), ("outer", 0)]));
}

#[test]
fn a_handle_that_runs_in_a_transport_leaves_requests_between_where_they_are() {
    let busy = Busy::default();
    let reporter = busy.reporter();
    let outer = reporter.open("outer");
    let middle = reporter.open("middle");
    let handle = outer.current().handle().unwrap();
    busy.does(move || {
        handle.run(|| ());
        measure();
    });
    drop(reporter.open("inner"));
    current().tag("of", "the middle");
    drop(middle);
    drop(outer);
    assert_eq!(busy.sent(), owned([("inner", 0), ("middle", 0), ("outer", 0)]));
    let sent = busy.sent.lock().unwrap();
    let tags: Vec<_> = sent.iter().map(|sent| sent.tags().len()).collect();
    assert_eq!(tags, [0, 1, 0]);
}

#[test]
fn a_request_that_is_entered_in_a_transport_leaves_the_others_where_they_are() {
    let busy = Busy::default();
    let reporter = busy.reporter();
    let other: Arc<Mutex<Option<DetachedRequest>>> = Arc::default();
    *other.lock().unwrap() = Some(reporter.detached("other"));
    let outer = reporter.open("outer");
    let middle = reporter.open("middle");
    let entered = other.clone();
    busy.does(move || {
        let request = entered.lock().unwrap().take();
        if let Some(mut request) = request {
            drop(request.enter());
            *entered.lock().unwrap() = Some(request);
        }
        measure();
    });
    drop(reporter.open("inner"));
    drop(middle);
    drop(outer);
    let other = other.lock().unwrap().take().unwrap();
    other.finish();
    let names: Vec<_> = busy.sent().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["inner", "middle", "outer", "other"]);
}

/// Measures when it is dropped.
struct Last;

impl Drop for Last {
    fn drop(&mut self) {
        current().tag("last", true);
        current().add_timer(Tags::new().with("last", true), MILLISECOND, 1);
    }
}

#[test]
fn what_a_future_drops_when_it_is_ready_is_measured_in_its_request() {
    let reporter = Reporter::builder().server("127.0.0.1:9").build().unwrap();
    let requests = capture(|| {
        let _outer = reporter.open("outer");
        let last = Last;
        // Kept by the future itself: what an `async fn` has is dropped before it is ready.
        let ready = poll_fn(move |_| {
            let _kept = &last;
            Poll::Ready(())
        });
        let mut inner = pin!(reporter.monitor("inner", ready));
        assert!(inner.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    });
    let sent: Vec<_> = requests
        .iter()
        .map(|sent| (&*sent.script_name, sent.tags().len(), sent.timers().len()))
        .collect();
    assert_eq!(sent, [("inner", 1, 1), ("outer", 0, 0)]);
}

/// Elsewhere a thread's own time is not known.
#[cfg(all(target_os = "linux", not(pynba_portable)))]
mod processor_time {
    use std::time::Instant;

    use pynba_runtime::Rusage;

    use super::*;

    fn work(time: Duration) {
        let start = Instant::now();
        while start.elapsed() < time {}
    }

    /// No thread can use more time than there is.
    #[test]
    fn the_time_of_a_thread_counts_once_also_after_a_flush_inside_of_its_handle() {
        let reporter =
            Reporter::builder().server("127.0.0.1:9").rusage(Rusage::Thread).build().unwrap();
        let requests = capture(|| {
            let mut request = reporter.detached("test");
            let handle = request.handle().unwrap();
            handle.run(|| {
                let entered = request.enter();
                work(20 * MILLISECOND);
                entered.current().flush();
                work(100 * MILLISECOND);
            });
            request.finish();
        });
        let used: f32 = requests.iter().map(|sent| sent.ru_utime + sent.ru_stime).sum();
        let passed: f32 = requests.iter().map(|sent| sent.request_time).sum();
        assert_eq!(requests.len(), 2);
        assert!(used <= passed + 0.01, "{used} s of {passed} s");
        assert!(used > 0.0);
    }
}
