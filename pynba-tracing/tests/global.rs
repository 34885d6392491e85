//! A program with one subscriber for everything, on a runtime with several threads.
#![cfg(feature = "enable")]

mod common;

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use std::{io, thread};

use common::{LONG, tags, time, timers};
use pynba::testing::Captured;
use pynba::{Reporter, Transport, timer};
use pynba_tracing::PinbaLayer;
use tokio::runtime::{Builder, Runtime};
use tracing::field::Empty;
use tracing::{Instrument, Span, info, info_span, instrument};
use tracing_subscriber::prelude::*;

/// Keeps what is sent, and is traced itself.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Vec<u8>>>>);

impl Transport for Kept {
    fn send(&self, datagram: &[u8]) -> io::Result<()> {
        info!(size = datagram.len(), "sending");
        self.0.lock().unwrap().push(datagram.to_vec());
        Ok(())
    }
}

impl Kept {
    /// The requests with this name that have been sent.
    fn named(&self, name: &str) -> Vec<Captured> {
        let packets = self.0.lock().unwrap();
        let decoded = packets.iter().map(|packet| Captured::decode(packet).unwrap());
        decoded.filter(|request| request.script_name == name).collect()
    }

    fn one(&self, name: &str) -> Captured {
        let mut requests = self.named(name);
        assert_eq!(requests.len(), 1, "{requests:#?}");
        requests.remove(0)
    }
}

/// Sets the subscriber for the whole process, once. Each test has names of its own.
fn kept() -> &'static Kept {
    static KEPT: OnceLock<Kept> = OnceLock::new();
    KEPT.get_or_init(|| {
        let kept = Kept::default();
        let reporter = Reporter::builder().transport(kept.clone()).build().unwrap();
        let layer = PinbaLayer::new()
            .with_fields(["number", "nosy", "late"])
            .with_requests(&reporter, |span| span.name().starts_with("request"))
            .with_status_from("status");
        tracing_subscriber::registry().with(layer).init();
        kept
    })
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap()
}

#[instrument(name = "request of many", fields(status))]
async fn request(number: usize) {
    let (first, second) = tokio::join!(child(number, 3), child(number, 1));
    let spawned = tokio::spawn(child(number, 2).in_current_span());
    let elsewhere = tokio::spawn(child(number, 1).instrument(info_span!("task", number)));
    let span = Span::current();
    let blocking = tokio::task::spawn_blocking(move || {
        span.in_scope(|| {
            timer!(group = "blocking", number => ());
            pynba::current().tag("blocking", number);
        });
    });
    timer!(group = "after", number => blocking.await.unwrap());
    let total = first + second + spawned.await.unwrap() + elsewhere.await.unwrap();
    Span::current().record("status", 200 + total);
}

#[instrument]
async fn child(number: usize, depth: usize) -> usize {
    tokio::task::yield_now().await;
    if depth == 0 { 0 } else { 1 + Box::pin(child(number, depth - 1)).await }
}

#[test]
fn every_span_is_in_its_own_request() {
    const REQUESTS: usize = 500;
    let kept = kept();
    runtime().block_on(async {
        let all = (0..REQUESTS).map(|number| tokio::spawn(request(number)));
        for task in all.collect::<Vec<_>>() {
            tokio::time::timeout(LONG, task).await.expect("in time").unwrap();
        }
    });
    let requests = kept.named("request of many");
    assert_eq!(requests.len(), REQUESTS);
    let mut numbers: Vec<_> = requests.iter().map(check).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..REQUESTS));
}

/// All that belongs to the request is there, and nothing else. Gives its number.
fn check(request: &Captured) -> usize {
    let number = request.tags().into_iter().find(|(name, _)| name == "number").unwrap().1;
    assert_eq!(tags(request), format!("blocking={number} number={number}"));
    assert_eq!(request.status, Some(207));
    let child = format!("number={number} span=child");
    let mut expected = vec![child; 4 + 2 + 3 + 2];
    expected.push(format!("number={number} span=task"));
    expected.push(format!("group=blocking number={number}"));
    expected.push(format!("group=after number={number}"));
    expected.sort();
    assert_eq!(timers(request), expected);
    number.parse().unwrap()
}

#[test]
fn a_request_lasts_as_long_as_its_tasks() {
    let kept = kept();
    runtime().block_on(async {
        async {
            tokio::spawn(
                async {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    timer!(group = "late" => ());
                }
                .in_current_span(),
            );
        }
        .instrument(info_span!("request with a task"))
        .await;
        tokio::time::timeout(LONG, async {
            while kept.named("request with a task").is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .expect("in time");
    });
    let request = kept.one("request with a task");
    assert_eq!(timers(&request), ["group=late"]);
    assert!(request.request_time >= 0.020);
}

#[test]
fn a_task_that_panics_fails() {
    let kept = kept();
    let task = async {
        tokio::task::yield_now().await;
        panic!("on purpose")
    };
    runtime().block_on(async {
        let task = tokio::spawn(task.instrument(info_span!("request that panics", status = Empty)));
        assert!(task.await.unwrap_err().is_panic());
    });
    assert_eq!(kept.one("request that panics").status, Some(500));
}

#[test]
fn a_task_that_is_aborted_was_given_up() {
    let kept = kept();
    runtime().block_on(async {
        let span = info_span!("request that is aborted", status = Empty);
        let (started, wait) = tokio::sync::oneshot::channel();
        let task = async {
            started.send(()).unwrap();
            std::future::pending::<()>().await;
        };
        let task = tokio::spawn(task.instrument(span));
        wait.await.unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    });
    assert_eq!(kept.one("request that is aborted").status, Some(499));
}

#[test]
fn a_task_that_is_never_polled_sends_nothing() {
    let kept = kept();
    drop(info_span!("request never entered", number = 1, status = 200));
    drop(info_span!("request never entered"));
    let runtime = Builder::new_current_thread().build().unwrap();
    let span = info_span!("request never polled");
    runtime.spawn(async move {
        let _ = span.entered();
    });
    drop(runtime);
    assert!(kept.named("request never entered").is_empty());
    assert!(kept.named("request never polled").is_empty());
}

/// Its `Debug` makes spans, records fields and opens a request itself.
struct Nosy(u8);

impl fmt::Debug for Nosy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > 0 {
            let span = info_span!("formatting", nosy = ?Self(self.0 - 1), late = Empty).entered();
            span.record("late", tracing::field::debug(Self(self.0 - 1)));
            Span::current().record("nosy", "again");
        }
        info_span!("formatting itself").in_scope(|| write!(f, "nosy {}", self.0))
    }
}

#[test]
fn formatting_a_field_may_come_back() {
    let kept = kept();
    info_span!("request of the nosy", nosy = ?Nosy(1), late = Empty).in_scope(|| {
        Span::current().record("late", tracing::field::debug(Nosy(1)));
        let span = info_span!("work", nosy = ?Nosy(2), late = Empty);
        thread::scope(|scope| {
            scope.spawn(|| span.record("late", tracing::field::debug(Nosy(2))));
        });
        span.in_scope(|| thread::sleep(Duration::from_millis(5)));
    });
    let request = kept.one("request of the nosy");
    assert_eq!(tags(&request), "late=nosy 1 nosy=nosy 1");
    assert!(timers(&request).contains(&"late=nosy 2 nosy=nosy 2 span=work".to_owned()));
    assert!(time(&request, "work") >= 0.005);
}
