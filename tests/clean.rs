//! Every shape of every macro causes no warning under the strictest lints, and records what it says.
#![deny(warnings, clippy::pedantic, clippy::nursery)]
#![allow(unsafe_code, reason = "one function is `unsafe`, to see that it stays so")]

use pynba::testing::{Captured, capture};
use pynba::{Reporter, monitor, tags, timed, timer};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::future::ready as later_on;
use std::num::ParseIntError;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// The timers of the one request in `requests`, without their times.
fn timers(requests: &[Captured]) -> Vec<Vec<(String, String)>> {
    assert_eq!(requests.len(), 1);
    requests[0].timers().into_iter().map(|timer| timer.tags).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What `act` measures inside of one request.
fn timed_in(act: impl FnOnce()) -> Vec<Vec<(String, String)>> {
    let reporter = Reporter::builder().server("127.0.0.1:30002").build();
    let requests = capture(|| {
        let _request = reporter.as_ref().map(|reporter| reporter.open("test"));
        act();
    });
    timers(&requests)
}

#[derive(Debug)]
struct Plan;

impl Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("gold")
    }
}

#[test]
#[cfg_attr(not(feature = "enable"), ignore = "nothing is recorded")]
fn literals() {
    let recorded = timed_in(|| {
        let _timer = timer!(
            foo = "bar",
            baz = ["seq1", "seq2"],
            qux = { map1 = "val1" },
            db.host.r#type = 'm',
            r#type = true,
            "any text" = -1,
            "hex" = 0xff_u8,
            float = [1.0, -0.5, 1e16, 2f32],
            deep = { a = { b = [[1], [{ c = "d" }]], "e f" = ("g") } },
        );
    });
    let expected = [
        ("any text", "-1"),
        ("baz", "seq1"),
        ("baz", "seq2"),
        ("db.host.type", "m"),
        ("deep.a.b", "1"),
        ("deep.a.b.c", "d"),
        ("deep.a.e f", "g"),
        ("float", "-0.5"),
        ("float", "1.0"),
        ("float", "1e16"),
        ("float", "2.0"),
        ("foo", "bar"),
        ("hex", "255"),
        ("qux.map1", "val1"),
        ("type", "true"),
    ];
    assert_eq!(recorded, [pairs(&expected)]);
}

#[test]
#[cfg_attr(not(feature = "enable"), ignore = "nothing is recorded")]
fn expressions() {
    let group = String::from("db");
    let r#type = 5;
    let map = BTreeMap::from([("k", 1)]);
    let recorded = timed_in(|| {
        let _timer = timer!(
            group,
            r#type,
            host = { group, port = 1 + 1 },
            list = ["b", group, "a", %Plan],
            called = || group.len(),
            display = %Plan,
            debug = ?Plan,
            option = None::<u8>,
            slice = &[1, 2][..],
            indexed = [10, 20][1],
            repeated = [0; 3],
            block = {
                let twice = 2;
                group.repeat(twice)
            },
            conditional = if r#type == 5 { "five" } else { "other" },
            map,
        );
    });
    let expected = [
        ("block", "dbdb"),
        ("called", "2"),
        ("conditional", "five"),
        ("debug", "Plan"),
        ("display", "gold"),
        ("group", "db"),
        ("host.group", "db"),
        ("host.port", "2"),
        ("indexed", "20"),
        ("list", "a"),
        ("list", "b"),
        ("list", "db"),
        ("list", "gold"),
        ("map.k", "1"),
        ("repeated", "0"),
        ("slice", "1"),
        ("slice", "2"),
        ("type", "5"),
    ];
    assert_eq!(recorded, [pairs(&expected)]);
}

macro_rules! through_fragments {
    ($name:ident, $text:literal, $word:tt, $value:literal, $negative:literal, $expr:expr) => {
        tags!(
            $name = $value,
            $text = $negative,
            $word = $expr,
            nested = { $name = $value, list = [$value, $negative, $expr] },
        )
    };
}

#[test]
fn fragments_of_macro_rules() {
    let found = through_fragments!(foo, "a b", bar, "v", -1, ["x", "y"]);
    let expected = [
        ("a b", "-1"),
        ("bar", "x"),
        ("bar", "y"),
        ("foo", "v"),
        ("nested.foo", "v"),
        ("nested.list", "-1"),
        ("nested.list", "v"),
        ("nested.list", "x"),
        ("nested.list", "y"),
    ];
    assert_eq!(found.iter().collect::<Vec<_>>(), expected);
    let dynamic = through_fragments!(foo, "a b", bar, 1.0, -0.5, String::from("z"));
    assert_eq!(dynamic.iter().count(), 7);
}

#[test]
fn tags_of_all_kinds() {
    let name = "n";
    assert_eq!(tags!().iter().count(), 0);
    assert_eq!(tags!(b = 1, a = "x").iter().collect::<Vec<_>>(), [("a", "x"), ("b", "1")]);
    assert_eq!(tags!(b = 1, name).iter().collect::<Vec<_>>(), [("b", "1"), ("name", "n")]);
}

fn work(steps: &[Result<u32, String>]) -> Result<u32, String> {
    let mut sum = timer!(step = "none" => 0);
    for step in steps {
        sum += timer!(step = "one" => step.clone()?);
        if sum > 100 {
            timer!(step = "break" => break);
        }
        timer!(step = "block" => {
            const ONE: u32 = 1;
            sum += ONE;
        });
        timer!(step = sum => if sum == 8 { return Ok(8) });
    }
    timer!(step = "last" => Ok(sum))
}

#[test]
#[cfg_attr(not(feature = "enable"), ignore = "nothing is recorded")]
fn timing_one_expression() {
    assert_eq!(work(&[Ok(2), Ok(3), Ok(100), Ok(1)]), Ok(107));
    assert_eq!(work(&[Ok(7), Ok(3)]), Ok(8));
    assert_eq!(work(&[Err(String::from("no"))]), Err(String::from("no")));
    let recorded = timed_in(|| assert_eq!(timer!(a = "b" => { 1 + 1 }), 2));
    assert_eq!(recorded, [pairs(&[("a", "b")])]);
    let precedence = timer!(a = "b" => match 1 { n => n } + 1);
    assert_eq!(precedence, 2);
}

#[timed(group = "mail", to, size = to.len())]
fn send_mail(to: &str) -> usize {
    const NOTHING: usize = 0;
    if to.is_empty() {
        return NOTHING;
    }
    to.len()
}

#[timed(group = "async", name)]
async fn later(name: String) -> String {
    std::future::ready(name).await
}

/// Runs a future that never waits.
fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

const fn is_send<T: Send>(value: T) -> T {
    value
}

#[test]
#[cfg_attr(not(feature = "enable"), ignore = "nothing is recorded")]
fn timed_functions() {
    let recorded = timed_in(|| {
        assert_eq!(send_mail("a@b"), 3);
        assert_eq!(ready(is_send(later(String::from("x")))).as_deref(), Some("x"));
    });
    assert_eq!(
        recorded,
        [
            pairs(&[("group", "mail"), ("size", "3"), ("to", "a@b")]),
            pairs(&[("group", "async"), ("name", "x")]),
        ]
    );
}

#[monitor]
fn plain() {}

#[monitor]
fn parsed(text: &str, mut times: usize) -> Result<usize, ParseIntError> {
    if times == 0 {
        return Ok(0);
    }
    while times > 1 {
        times -= 1;
    }
    Ok(text.parse::<usize>()? * times)
}

#[test]
#[cfg_attr(not(feature = "enable"), ignore = "nothing is recorded")]
fn monitored_results() {
    let requests = capture(|| {
        plain();
        assert_eq!(parsed("5", 3), Ok(5));
        assert_eq!(parsed("x", 0), Ok(0));
        assert!(parsed("x", 1).is_err());
    });
    let seen: Vec<_> = requests.iter().map(|one| (one.script_name.as_str(), one.status)).collect();
    assert_eq!(
        seen,
        [
            ("clean::plain", Some(200)),
            ("clean::parsed", Some(200)),
            ("clean::parsed", Some(200)),
            ("clean::parsed", Some(500)),
        ]
    );
}

struct Answer {
    code: u16,
    body: String,
}

#[monitor(
    "127.0.0.1:30002",
    prefix = "shop:",
    script_name = format!("/users/{id}"),
    hostname = "web1",
    server_name = name.clone(),
    schema = "https",
    tags(kind = "user", id, plan = %Plan),
    status = |answer| u32::from(answer.code),
    document_size = |answer| answer.body.len() as u64,
    rusage = "thread",
    enabled = id != 13,
)]
fn with_everything(id: u32, name: String) -> Answer {
    Answer { code: 404, body: name }
}

#[test]
#[cfg_attr(not(feature = "enable"), ignore = "nothing is recorded")]
fn every_option() {
    let requests = capture(|| {
        let answer = with_everything(7, String::from("example.com"));
        assert_eq!(answer.code, 404);
        with_everything(13, String::from("not recorded"));
    });
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    assert_eq!(request.script_name, "shop:/users/7");
    assert_eq!(request.hostname, "web1");
    assert_eq!(request.server_name, "example.com");
    assert_eq!(request.schema.as_deref(), Some("https"));
    assert_eq!(request.status, Some(404));
    assert_eq!(request.document_size, 11);
    assert_eq!(request.tags(), pairs(&[("id", "7"), ("kind", "user"), ("plan", "gold")]));
}

#[monitor(["127.0.0.1:30002", "[::1]:30002"], rusage = "off")]
fn list_of_servers() -> &'static str {
    "text"
}

#[monitor(reporter)]
fn reporter_in_an_argument(reporter: Arc<Reporter>) -> Arc<Reporter> {
    reporter
}

#[monitor(Reporter::builder().server("127.0.0.1:30002").build().as_ref().unwrap_or(other), enabled = true)]
fn reporter_from_a_temporary(other: &Reporter) -> &Reporter {
    other
}

struct Store {
    reporter: Reporter,
    items: Vec<String>,
}

impl Store {
    #[monitor(self.reporter)]
    fn first(&mut self) -> Option<&mut String> {
        self.items.first_mut()
    }

    #[monitor]
    fn name<'a>(&'a self, other: &'a str) -> &'a str {
        self.items.first().map_or(other, |first| first)
    }

    #[monitor(prefix = "into/")]
    fn into_items(self: Box<Self>) -> Vec<String> {
        self.items
    }

    #[monitor]
    fn iter(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(String::as_str)
    }

    #[monitor]
    fn fallible(&self) -> Result<impl Iterator<Item = u8>, (impl Copy, [impl Copy; 1])> {
        if self.items.is_empty() { Err((1, [2])) } else { Ok(self.items[0].bytes()) }
    }
}

trait Handler {
    #[monitor]
    fn handle(&self) -> String {
        self.name()
    }

    fn name(&self) -> String;
}

impl Handler for Store {
    #[timed(layer = "store")]
    fn name(&self) -> String {
        self.items.concat()
    }
}

#[test]
#[cfg_attr(not(feature = "enable"), ignore = "nothing is recorded")]
fn methods() -> Result<(), pynba::Error> {
    let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    let mut store = Box::new(Store { reporter, items: vec![String::from("a")] });
    let requests = capture(|| {
        if let Some(first) = store.first() {
            first.push('b');
        }
        assert_eq!(store.name("other"), "ab");
        assert_eq!(store.iter().count(), 1);
        assert_eq!(store.fallible().map(Iterator::count).ok(), Some(2));
        assert_eq!(store.handle(), "ab");
        assert_eq!(list_of_servers(), "text");
        let shared = Arc::new(store.reporter.clone());
        reporter_from_a_temporary(&reporter_in_an_argument(shared));
        assert_eq!(store.into_items(), ["ab"]);
    });
    let names: Vec<_> = requests.iter().map(|one| one.script_name.as_str()).collect();
    assert_eq!(
        names,
        [
            "clean::first",
            "clean::name",
            "clean::iter",
            "clean::fallible",
            "clean::handle",
            "clean::list_of_servers",
            "clean::reporter_in_an_argument",
            "clean::reporter_from_a_temporary",
            "into/clean::into_items",
        ]
    );
    assert_eq!(requests[4].timers().len(), 1);
    Ok(())
}

#[monitor]
fn generic<T, const N: usize>(values: [T; N], (a, b): (T, T)) -> u64
where
    T: Into<u64> + Copy + Default,
{
    let zero = T::default();
    values.into_iter().chain([a, b, zero]).map(Into::into).sum()
}

/// # Safety
///
/// The pointer is valid.
#[monitor]
unsafe extern "C" fn pointed(pointer: *const u8) -> u8 {
    unsafe { *pointer }
}

#[monitor]
fn never() -> ! {
    panic!("as it must")
}

#[monitor(tags(a = "b"))]
fn never_with_tags(code: u8) -> ! {
    assert!(code != 0, "as it must");
    std::process::exit(1)
}

#[monitor]
#[track_caller]
fn located() -> &'static std::panic::Location<'static> {
    std::panic::Location::caller()
}

#[monitor(status = |()| 204)]
fn nothing_with_status() {}

#[monitor]
fn inner_attribute(kept: u32) -> u32 {
    #![allow(unused_variables)]
    let unused = 5;
    kept
}

#[test]
#[cfg_attr(not(feature = "enable"), ignore = "nothing is recorded")]
fn functions_of_all_kinds() {
    static SEVEN: u8 = 7;
    let line = line!() + 2;
    let requests = capture(|| {
        assert_eq!(located().line(), line);
        assert_eq!(generic([1_u8, 2], (3, 4)), 10);
        assert_eq!(unsafe { pointed(&raw const SEVEN) }, 7);
        assert!(std::panic::catch_unwind(|| never()).is_err());
        assert!(std::panic::catch_unwind(|| never_with_tags(0)).is_err());
        nothing_with_status();
        assert_eq!(inner_attribute(1), 1);
    });
    let status: Vec<_> = requests.iter().map(|one| one.status).collect();
    assert_eq!(status, [200, 200, 200, 500, 500, 204, 200].map(Some));
}

/// No `.await` in it, about which the lint for that says nothing once it is monitored: what monitors it awaits.
#[monitor]
async fn async_nothing() {}

#[monitor("127.0.0.1:30002", tags(text), enabled = !text.is_empty())]
async fn async_parsed(text: &str, mut times: usize) -> Result<usize, ParseIntError> {
    use std::future::ready as item_first;
    if times == 0 {
        return Ok(0);
    }
    while times > 1 {
        times -= item_first(1).await;
    }
    Ok(text.parse::<usize>()? * times)
}

#[monitor]
async fn async_closure() -> impl Fn(&str) -> usize + Send {
    later_on(str::len).await
}

#[monitor]
async fn async_opaque(texts: &[String]) -> Result<impl Iterator<Item = &str>, impl Copy> {
    let None = later_on(None::<u8>).await else { return Err(5) };
    Ok(texts.iter().map(String::as_str))
}

#[monitor]
async fn async_never(code: i32) -> ! {
    assert!(later_on(code).await != 0, "as it must");
    std::process::exit(code)
}

/// What gives a future is not one that forgot to await it.
#[monitor]
async fn async_handle() -> std::future::Ready<u8> {
    later_on(later_on(5)).await
}

/// Those who await it hear that it is large; it is not their only choice.
#[monitor]
async fn async_large() -> usize {
    let (large, larger) = ([1_u8; 9_000], [2_u8; 11_000]);
    later_on(()).await;
    large.len() + larger.len()
}

/// # Safety
///
/// The reference is valid.
#[monitor]
async unsafe fn async_pointed(number: &u8) -> u8 {
    let pointer = unsafe { *std::ptr::from_ref(number) };
    later_on(pointer).await
}

#[monitor(status = |answer| u32::from(answer.code), document_size = |answer| answer.body.len() as u64)]
fn future_prepared(name: String, code: u16) -> impl Future<Output = Answer> + Send {
    let body = name.repeat(2);
    drop(name);
    async move { later_on(Answer { code, body }).await }
}

#[monitor]
fn future_boxed<'a>(text: &'a str) -> Pin<Box<dyn Future<Output = usize> + Send + 'a>> {
    Box::pin(async move { later_on(text.len()).await })
}

#[timed(group = "async", name)]
fn timed_future(name: String) -> impl Future<Output = String> + Send {
    let twice = name.repeat(2);
    drop(name);
    async move { later_on(twice).await }
}

#[timed(group = "async", name)]
fn timed_boxed(name: String) -> Pin<Box<dyn Future<Output = String> + Send>> {
    Box::pin(async move { later_on(name).await })
}

trait AsyncHandler {
    #[monitor(script_name = "async handler")]
    async fn answer(&mut self) -> Option<&mut String> {
        later_on(()).await;
        self.first_one().await
    }

    async fn first_one(&mut self) -> Option<&mut String>;
}

impl AsyncHandler for Store {
    #[timed(layer = "store")]
    async fn first_one(&mut self) -> Option<&mut String> {
        later_on(self.items.first_mut()).await
    }
}

#[test]
#[cfg_attr(not(feature = "enable"), ignore = "nothing is recorded")]
fn asynchronous_functions() -> Result<(), pynba::Error> {
    let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    let mut store = Store { reporter, items: vec![String::from("a")] };
    let seven = 7;
    let requests = capture(|| {
        assert_eq!(ready(async_nothing()), Some(()));
        assert_eq!(ready(is_send(async_parsed("5", 3))), Some(Ok(5)));
        assert_eq!(ready(async_parsed("", 0)), Some(Ok(0)));
        assert!(ready(async_parsed("x", 1)).is_some_and(|parsed| parsed.is_err()));
        assert_eq!(ready(async_closure()).map(|len| len("abc")), Some(3));
        assert!(ready(async_opaque(&store.items)).is_some_and(|texts| texts.is_ok()));
        assert!(std::panic::catch_unwind(|| ready(is_send(async_never(0)))).is_err());
        assert!(ready(async_handle()).is_some());
        assert_eq!(ready(is_send(async_large())), Some(20_000));
        assert_eq!(ready(unsafe { async_pointed(&seven) }), Some(7));
        assert_eq!(
            ready(future_prepared(String::from("a"), 404)).map(|answer| answer.code),
            Some(404)
        );
        assert_eq!(ready(future_boxed("abc")), Some(3));
        assert_eq!(ready(store.answer()).flatten().map(|first| first.len()), Some(1));
    });
    let status: Vec<_> = requests.iter().map(|one| one.status).collect();
    assert_eq!(status, [200, 200, 500, 200, 200, 500, 200, 200, 200, 404, 200, 200].map(Some));
    assert_eq!(requests[9].document_size, 2);
    assert_eq!(requests[11].script_name, "async handler");
    assert_eq!(timers(&requests[11..]), [pairs(&[("layer", "store")])]);
    let recorded = timed_in(|| {
        assert_eq!(ready(is_send(timed_future(String::from("x")))).as_deref(), Some("xx"));
        assert_eq!(ready(is_send(timed_boxed(String::from("y")))).as_deref(), Some("y"));
    });
    assert_eq!(recorded, ["x", "y"].map(|name| pairs(&[("group", "async"), ("name", name)])));
    Ok(())
}
