//! `#[monitor]` and `#[timed]` on what gives a future: one request for each, current whenever that is polled.
#![cfg(feature = "enable")]
#![allow(clippy::manual_async_fn, reason = "it is one of the forms")]
#![allow(
    clippy::large_types_passed_by_value,
    reason = "to be kept in a future whose size is asked"
)]

use async_trait::async_trait;
use futures_executor::block_on;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, LocalBoxFuture};
use futures_util::join;
use pynba::testing::{Captured, capture};
use pynba::{Reporter, monitor, timed, timer};
use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Future, pending, poll_fn, ready};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// Polls once.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Gives way once to whatever else there is.
async fn give_way() {
    let mut is_next = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if mem::replace(&mut is_next, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

fn is_open() -> bool {
    pynba::current().is_active()
}

/// What one call was sent as.
fn only(requests: &[Captured]) -> &Captured {
    assert_eq!(requests.len(), 1, "{requests:?}");
    &requests[0]
}

fn seen(requests: &[Captured]) -> Vec<(&str, Option<u32>)> {
    requests.iter().map(|one| (one.script_name.as_str(), one.status)).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The first tag of each timer.
fn timers(request: &Captured) -> Vec<(String, String)> {
    request.timers().into_iter().map(|timer| timer.tags[0].clone()).collect()
}

#[monitor]
async fn free(text: &str) -> Result<u32, std::num::ParseIntError> {
    assert!(is_open());
    give_way().await;
    assert!(is_open());
    if text == "early" {
        return Ok(0);
    }
    Ok(text.parse::<u32>()? + ready(1).await)
}

#[monitor]
async fn nothing() {
    give_way().await;
}

#[monitor(status = |()| 204)]
async fn looked_at() {
    give_way().await;
}

#[monitor]
async fn generic<T: Copy, const N: usize>(values: [T; N]) -> impl Iterator<Item = T> {
    give_way().await;
    values.into_iter()
}

struct Store {
    name: String,
}

impl Store {
    #[monitor(prefix = "store/", tags(name = self.name))]
    async fn by_reference<'a>(&'a mut self, other: &'a str) -> &'a str {
        give_way().await;
        self.name.push_str(other);
        &self.name
    }

    #[monitor]
    async fn by_value(self: Box<Self>) -> String {
        give_way().await;
        self.name
    }

    #[monitor(tags(name = self.name))]
    fn block(&self) -> impl Future<Output = usize> + Send {
        async { ready(self.name.len()).await }
    }

    #[monitor(script_name = name.clone(), document_size = |(len, _)| *len as u64)]
    fn prepared(&self, name: String) -> impl Future<Output = (usize, bool)> + Send + use<> {
        let sum = self.name.len() + name.len();
        async move {
            give_way().await;
            (sum, is_open())
        }
    }

    #[monitor]
    fn boxed(&self) -> Pin<Box<dyn Future<Output = Result<usize, String>> + Send + '_>> {
        Box::pin(async move {
            give_way().await;
            if self.name.is_empty() { Err(String::from("empty")) } else { Ok(self.name.len()) }
        })
    }

    #[monitor]
    fn alias(&self) -> BoxFuture<'_, usize> {
        ready(self.name.len()).boxed()
    }

    #[monitor]
    fn local_alias<'a>(&'a self) -> LocalBoxFuture<'a, bool> {
        if self.name.is_empty() {
            return ready(false).boxed_local();
        }
        async { is_open() }.boxed_local()
    }
}

trait Handler {
    #[monitor]
    async fn handle(&self) -> Result<String, String> {
        give_way().await;
        Err(self.name().await)
    }

    async fn name(&self) -> String;
}

impl Handler for Store {
    #[timed(layer = "store")]
    async fn name(&self) -> String {
        give_way().await;
        self.name.clone()
    }
}

#[async_trait]
trait Boxed: Sync {
    #[monitor(tags(id))]
    async fn provided(&self, id: u32) -> Result<u32, String> {
        let required = self.required(id).await?;
        Ok(required + 1)
    }

    async fn required(&self, id: u32) -> Result<u32, String>;
}

#[async_trait]
impl Boxed for Store {
    #[monitor(tags(id, name = self.name), document_size = |result| u64::from(result.is_ok()))]
    async fn required(&self, id: u32) -> Result<u32, String> {
        give_way().await;
        if id == 13 {
            return Err(self.name.clone());
        }
        self.timed(id).await;
        Ok(id)
    }
}

impl Store {
    async fn timed(&self, id: u32) {
        Timed::work(self, &id).await;
    }
}

#[async_trait]
trait Timed {
    async fn work(&self, id: &u32);
}

#[async_trait]
impl Timed for Store {
    #[timed(op = id)]
    async fn work(&self, id: &u32) {
        give_way().await;
    }
}

#[test]
fn functions_of_all_kinds() {
    let requests = capture(|| {
        block_on(async {
            assert_eq!(free("1").await, Ok(2));
            assert_eq!(free("early").await, Ok(0));
            assert!(free("one").await.is_err());
            nothing().await;
            looked_at().await;
            assert_eq!(generic([1, 2]).await.sum::<i32>(), 3);
            let mut store = Box::new(Store { name: String::from("a") });
            assert_eq!(store.by_reference("b").await, "ab");
            assert_eq!(store.block().await, 2);
            assert_eq!(store.prepared(String::from("c")).await, (3, true));
            assert_eq!(store.boxed().await, Ok(2));
            assert_eq!(store.alias().await, 2);
            assert!(store.local_alias().await);
            assert_eq!(store.handle().await, Err(String::from("ab")));
            assert_eq!(store.provided(1).await, Ok(2));
            assert_eq!(store.required(13).await, Err(String::from("ab")));
            assert_eq!(store.by_value().await, "ab");
            assert!(!is_open());
        });
    });
    let module = "async_monitor::";
    let found: Vec<_> = seen(&requests)
        .into_iter()
        .map(|(name, status)| (name.replace(module, ""), status.expect("a status")))
        .collect();
    let found: Vec<_> = found.iter().map(|(name, status)| (name.as_str(), *status)).collect();
    assert_eq!(
        found,
        [
            ("free", 200),
            ("free", 200),
            ("free", 500),
            ("nothing", 200),
            ("looked_at", 204),
            ("generic", 200),
            ("store/by_reference", 200),
            ("block", 200),
            ("c", 200),
            ("boxed", 200),
            ("alias", 200),
            ("local_alias", 200),
            ("handle", 500),
            ("required", 200),
            ("provided", 200),
            ("required", 500),
            ("by_value", 200),
        ]
    );
    assert_eq!(requests[6].tags(), pairs(&[("name", "a")]));
    assert_eq!(requests[7].tags(), pairs(&[("name", "ab")]));
    assert_eq!(requests[8].document_size, 3);
    assert_eq!(timers(&requests[12]), pairs(&[("layer", "store")]));
    assert_eq!(requests[13].tags(), pairs(&[("id", "1"), ("name", "ab")]));
    assert_eq!(requests[13].document_size, 1);
    assert_eq!(timers(&requests[13]), pairs(&[("op", "1")]));
    assert_eq!(requests[14].tags(), pairs(&[("id", "1")]));
    assert_eq!(requests[15].document_size, 0);
}

#[monitor(
    "127.0.0.1:30002",
    prefix = "shop:",
    script_name = format!("/users/{id}"),
    hostname = "web1",
    server_name = name.clone(),
    schema = "https",
    tags(kind = "user", id),
    status = |answer| u32::from(answer.0),
    document_size = |answer| answer.1.len() as u64,
    rusage = "thread",
    enabled = id != 13,
)]
async fn with_everything(id: u32, name: String) -> (u16, String) {
    give_way().await;
    let _timer = timer!(inside = "yes");
    (404, name)
}

#[test]
fn every_option() {
    let requests = capture(|| {
        block_on(with_everything(7, String::from("example.com")));
    });
    let request = only(&requests);
    assert_eq!(request.script_name, "shop:/users/7");
    assert_eq!(request.hostname, "web1");
    assert_eq!(request.server_name, "example.com");
    assert_eq!(request.schema.as_deref(), Some("https"));
    assert_eq!(request.status, Some(404));
    assert_eq!(request.document_size, 11);
    assert_eq!(request.tags(), pairs(&[("id", "7"), ("kind", "user")]));
}

#[monitor]
async fn outer(id: u32) {
    with_everything(id, String::new()).await;
}

#[test]
fn what_is_not_enabled_measures_into_nothing() {
    let requests = capture(|| block_on(outer(13)));
    assert_eq!(only(&requests).script_name, "async_monitor::outer");
    assert_eq!(requests[0].timers(), []);
}

#[monitor(reporter)]
async fn reported(reporter: &Reporter) -> u8 {
    give_way().await;
    5
}

#[monitor(reporter.lock().expect("no poison"))]
fn reported_later(reporter: &Mutex<Reporter>) -> impl Future<Output = u8> + Send + use<> {
    give_way().map(|()| 5)
}

#[test]
fn the_reporter_may_be_an_argument() {
    let reporter = Reporter::builder().server("127.0.0.1:30002").build().expect("a reporter");
    let requests = capture(|| {
        assert_eq!(block_on(reported(&reporter)), 5);
        assert_eq!(block_on(reported_later(&Mutex::new(reporter))), 5);
    });
    let expected = ["async_monitor::reported", "async_monitor::reported_later"];
    assert_eq!(seen(&requests), expected.map(|name| (name, Some(200))));
}

#[monitor]
async fn waits() -> u8 {
    let _timer = timer!(wait = "for ever");
    pending().await
}

#[monitor(tags(a = "b"))]
fn waits_boxed() -> Pin<Box<dyn Future<Output = u8>>> {
    Box::pin(async move { pending().await })
}

#[monitor]
fn waits_later() -> impl Future<Output = u8> {
    let for_ever = pending();
    for_ever.map(|for_ever| for_ever)
}

#[test]
fn a_future_that_is_dropped_before_its_end_was_given_up() {
    fn give_up(future: impl Future<Output = u8>) {
        assert!(poll(pin!(future)).is_pending());
    }
    let requests = capture(|| {
        give_up(waits());
        give_up(waits_boxed());
        give_up(waits_later());
    });
    let names =
        ["waits", "waits_boxed", "waits_later"].map(|name| format!("async_monitor::{name}"));
    assert_eq!(seen(&requests), [0, 1, 2].map(|i| (names[i].as_str(), Some(499))));
    assert_eq!(timers(&requests[0]), pairs(&[("wait", "for ever")]));
}

#[test]
fn a_future_that_is_never_polled_is_no_request() {
    let requests = capture(|| {
        drop(waits());
        drop(waits_boxed());
        drop(waits_later());
    });
    assert_eq!(requests, []);
}

#[monitor]
async fn panics(at_once: bool) -> u8 {
    assert!(!at_once, "as it must");
    give_way().await;
    panic!("as it must")
}

#[monitor]
fn panics_later() -> BoxFuture<'static, u8> {
    async { panic!("as it must") }.boxed()
}

#[monitor]
async fn never() -> ! {
    give_way().await;
    panic!("as it must")
}

#[test]
fn a_panic_is_500() {
    let requests = capture(|| {
        assert!(catch_unwind(|| block_on(panics(true))).is_err());
        assert!(catch_unwind(|| block_on(panics(false))).is_err());
        assert!(catch_unwind(|| block_on(panics_later())).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| block_on(async { never().await }))).is_err());
        assert!(!is_open());
    });
    let status: Vec<_> = requests.iter().map(|request| request.status).collect();
    assert_eq!(status, [Some(500); 4]);
}

#[monitor]
async fn void() -> Infallible {
    pending().await
}

#[test]
fn what_never_comes_out_may_be_declared() {
    let requests = capture(|| assert!(poll(pin!(void())).is_pending()));
    assert_eq!(only(&requests).status, Some(499));
}

#[test]
fn it_is_sent_when_it_is_ready_and_not_when_it_is_dropped() {
    fn is_sent<F: Future>(call: impl FnOnce() -> F) {
        let mut kept = None;
        let requests = capture(|| {
            block_on(kept.insert(Box::pin(call())));
        });
        assert_eq!(requests.len(), 1);
    }
    let store = Store { name: String::from("a") };
    is_sent(|| free("1"));
    is_sent(nothing);
    is_sent(|| store.block());
    is_sent(|| store.prepared(String::from("c")));
    is_sent(|| store.boxed());
    is_sent(|| store.alias());
    is_sent(|| store.required(1));
}

#[monitor(tags(id))]
async fn branch(id: u32) -> u32 {
    let _timer = timer!(id);
    for _ in 0..id {
        give_way().await;
        timer!(id => give_way().await);
        step(id).await;
    }
    id
}

#[timed(id)]
async fn step(id: u32) {
    give_way().await;
}

#[test]
fn branches_that_take_turns_do_not_mix() {
    let requests = capture(|| {
        block_on(async {
            join!(branch(3), branch(1), outer_of(branch(4)), branch(2));
        });
    });
    assert_eq!(requests.len(), 5);
    for request in &requests {
        let tags = request.tags();
        let id = tags.first().map_or(0, |(_, id)| id.parse().expect("a number"));
        let timers = timers(request);
        assert_eq!(timers.len(), if id == 0 { 0 } else { 1 + 2 * id });
        assert!(timers.iter().all(|timer| *timer == tags[0]), "{request:?}");
    }
}

/// A request around one, which gets nothing of it.
#[monitor]
fn outer_of(inner: impl Future<Output = u32> + Send + 'static) -> BoxFuture<'static, u32> {
    inner.boxed()
}

#[test]
fn the_clock_runs_from_the_first_poll() {
    let requests = capture(|| {
        let store = Store { name: String::from("a") };
        let prepared = store.prepared(String::from("c"));
        let boxed = store.boxed();
        thread::sleep(Duration::from_millis(30));
        block_on(prepared);
        assert!(block_on(boxed).is_ok());
    });
    for request in requests {
        assert!(request.request_time < 0.03, "{request:?}");
    }
}

thread_local! {
    static COMPUTED: Cell<u32> = const { Cell::new(0) };
}

fn computed() -> u32 {
    COMPUTED.with(|computed| computed.replace(computed.get() + 1))
}

#[monitor(tags(computed = computed()))]
async fn lazy() {}

#[monitor(tags(computed = computed()))]
fn at_the_call() -> impl Future<Output = ()> {
    async {}
}

#[test]
fn options_are_computed_at_the_first_poll_or_at_the_call() {
    let requests = capture(|| {
        let (lazy, at_the_call) = (lazy(), at_the_call());
        assert_eq!(computed(), 1);
        block_on(lazy);
        block_on(at_the_call);
    });
    assert_eq!(requests[0].tags(), pairs(&[("computed", "2")]));
    assert_eq!(requests[1].tags(), pairs(&[("computed", "0")]));
}

#[timed(form = "block", text)]
fn timed_block(text: String) -> impl Future<Output = usize> {
    async move {
        give_way().await;
        text.len()
    }
}

#[timed(form = "boxed block", text)]
fn timed_boxed_block(text: String) -> Pin<Box<dyn Future<Output = usize>>> {
    Box::pin(async move {
        give_way().await;
        text.len()
    })
}

#[timed(form = "prepared", text)]
fn timed_prepared(text: String) -> impl Future<Output = usize> {
    let len = text.len();
    give_way().map(move |()| len)
}

#[timed(form = "boxed", text)]
fn timed_boxed(text: String) -> BoxFuture<'static, usize> {
    if text.is_empty() {
        return ready(0).boxed();
    }
    give_way().map(move |()| text.len()).boxed()
}

#[monitor]
async fn calls_timed(text: &str) {
    let started = Instant::now();
    let text = || String::from(text);
    assert_eq!(timed_block(text()).await, 1);
    assert_eq!(timed_boxed_block(text()).await, 1);
    assert_eq!(timed_prepared(text()).await, 1);
    assert_eq!(timed_boxed(text()).await, 1);
    let last = pin!(timed_block(text()));
    pynba::current().set_request_time(started.elapsed());
    last.await;
}

#[test]
fn a_timer_runs_until_the_future_is_ready() {
    let requests = capture(|| block_on(calls_timed("a")));
    let timers = only(&requests).timers();
    let tags = |form| pairs(&[("form", form), ("text", "a")]);
    let expected = ["block", "boxed block", "prepared", "boxed", "block"].map(tags);
    assert_eq!(timers.into_iter().map(|timer| timer.tags).collect::<Vec<_>>(), expected);
}

#[monitor]
async fn waits_with_timers() {
    // None of them runs yet.
    let made = (timed_pending(), timed_pending_block(), timed_pending_prepared());
    thread::sleep(Duration::from_millis(20));
    pynba::current().reset();
    let wait = async {
        join!(pending::<()>(), made.0, made.1, made.2);
    };
    let mut wait = pin!(wait);
    assert!(poll(wait.as_mut()).is_pending());
    thread::sleep(Duration::from_millis(20));
}

#[timed(wait = 1)]
async fn timed_pending() {
    pending().await
}

#[timed(wait = 2)]
fn timed_pending_block() -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(async move { pending().await })
}

#[timed(wait = 3)]
fn timed_pending_prepared() -> impl Future<Output = ()> {
    let for_ever = pending();
    for_ever.map(|for_ever| for_ever)
}

#[test]
fn a_timer_runs_from_the_first_poll_and_includes_waiting() {
    let requests = capture(|| block_on(waits_with_timers()));
    let timers = only(&requests).timers();
    assert_eq!(timers.len(), 3);
    assert!(timers.iter().all(|timer| timer.value >= 0.02), "{timers:?}");
    let time = requests[0].request_time;
    assert!(timers.iter().all(|timer| timer.value <= time), "{timers:?} in {time}");
}

#[monitor]
async fn keeps_timed() {
    let mut kept = pin!(timed_prepared(String::from("a")));
    let mut kept_block = pin!(timed_block(String::from("a")));
    kept.as_mut().await;
    kept_block.as_mut().await;
    thread::sleep(Duration::from_millis(20));
}

#[test]
fn a_timer_ends_when_the_future_is_ready_and_not_when_it_is_dropped() {
    let requests = capture(|| block_on(keeps_timed()));
    let timers = only(&requests).timers();
    assert_eq!(timers.len(), 2);
    assert!(timers.iter().all(|timer| timer.value < 0.02), "{timers:?}");
}

#[timed(order = "first attribute")]
#[monitor]
async fn timed_first(text: &str) -> usize {
    let _timer = timer!(order = "body");
    give_way().await;
    text.len()
}

#[monitor]
#[timed(order = "second attribute")]
fn monitored_first() -> BoxFuture<'static, u8> {
    async {
        give_way().await;
        5
    }
    .boxed()
}

#[monitor]
async fn calls_both() {
    timed_first("a").await;
    monitored_first().await;
}

/// The compiler expands the first attribute first, and the second goes around what became of it.
#[test]
fn both_attributes_go_together() {
    let requests = capture(|| block_on(calls_both()));
    let order = |name: &str| (String::from("order"), String::from(name));
    assert_eq!(timers(&requests[0]), [order("first attribute"), order("body")]);
    assert_eq!(timers(&requests[1]), []);
    assert_eq!(timers(&requests[2]), [order("second attribute")]);
}

const ARGUMENT: usize = 1000;

async fn plain(bytes: [u8; ARGUMENT]) -> usize {
    let kept = [0_u8; ARGUMENT];
    give_way().await;
    bytes.len() + kept.len()
}

#[monitor(tags(a = "b"))]
async fn measured(bytes: [u8; ARGUMENT]) -> usize {
    let kept = [0_u8; ARGUMENT];
    give_way().await;
    bytes.len() + kept.len()
}

fn plain_block(bytes: [u8; ARGUMENT]) -> impl Future<Output = usize> {
    async move {
        let kept = [0_u8; ARGUMENT];
        give_way().await;
        bytes.len() + kept.len()
    }
}

#[monitor(tags(a = "b"), status = |len| if *len == 0 { 404 } else { 200 })]
fn measured_block(bytes: [u8; ARGUMENT]) -> impl Future<Output = usize> {
    async move {
        let kept = [0_u8; ARGUMENT];
        give_way().await;
        bytes.len() + kept.len()
    }
}

#[monitor]
#[timed(a = "b")]
fn measured_and_timed(bytes: [u8; ARGUMENT]) -> impl Future<Output = usize> {
    plain_block(bytes)
}

#[timed(a = "b")]
fn timed_in_place(bytes: [u8; ARGUMENT]) -> impl Future<Output = usize> {
    async move {
        let kept = [0_u8; ARGUMENT];
        give_way().await;
        bytes.len() + kept.len()
    }
}

/// What the attributes add does not grow with what the function keeps.
#[test]
fn futures_stay_small() {
    let bytes = [0; ARGUMENT];
    let plain = size_of_val(&plain(bytes));
    let measured = size_of_val(&measured(bytes));
    assert!(measured <= plain + 64, "{plain} became {measured}");
    let plain = size_of_val(&plain_block(bytes));
    for (what, measured) in [
        ("measured", size_of_val(&measured_block(bytes))),
        ("measured and timed", size_of_val(&measured_and_timed(bytes))),
        ("timed", size_of_val(&timed_in_place(bytes))),
    ] {
        assert!(measured <= plain + 128, "{plain} became {measured} when {what}");
    }
}

/// Stays one that may be moved.
#[monitor]
#[timed(a = "b", text)]
fn movable(text: &str) -> impl Future<Output = usize> + Unpin + use<> {
    ready(text.len())
}

#[test]
fn a_future_that_may_be_moved_still_may() {
    fn move_about(future: impl Future<Output = usize> + Unpin) -> impl Future<Output = usize> {
        let mut moved = Box::new(future);
        poll_fn(move |context| Pin::new(&mut moved).poll(context))
    }
    let requests = capture(|| assert_eq!(block_on(move_about(movable("a"))), 1));
    assert_eq!(only(&requests).timers(), []);
}
