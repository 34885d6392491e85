//! Walks through the table of `src/coming_from.md` from top to bottom. A test begins with the foreign way to say
//! it, and contains the way to say it here: `the_table_is_what_is_tested` compares.
#![cfg(feature = "enable")]

use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, Instant};
use std::{io, thread};

use pynba::testing::{Captured, CapturedTimer, Collector, capture};
use pynba::{
    Current, FlushOptions, Reporter, ScriptMonitor, Timer, TimerError, Transport, current, monitor,
    tags, timed, timer,
};

type Done = Result<(), Box<dyn Error>>;

const MILLISECOND: Duration = Duration::from_millis(1);
const WAIT: Duration = Duration::from_secs(10);

/// One that sends to nobody: what it measures is captured.
fn nobody() -> Reporter {
    Reporter::builder().server("127.0.0.1:9").build().unwrap()
}

/// All that is sent by a request in which `act` runs.
fn all_sent(act: impl FnOnce(Current) -> Done) -> Vec<Captured> {
    capture(|| {
        let _request = nobody().open("test");
        act(current()).unwrap();
    })
}

fn sent(act: impl FnOnce(Current) -> Done) -> Captured {
    let [request] = all_sent(act).try_into().unwrap();
    request
}

/// What a client sends that is told what `act` tells it.
fn client_sent(act: impl FnOnce(&ScriptMonitor) -> Done) -> Captured {
    let requests = capture(|| act(&ScriptMonitor::with_reporter(&nobody())).unwrap());
    let [request] = requests.try_into().unwrap();
    request
}

fn owned<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

fn one_timer(request: &Captured) -> CapturedTimer {
    let [timer] = request.timers().try_into().unwrap();
    timer
}

/// The tags of each timer, as `name=value`, joined by a space.
fn timers(request: &Captured) -> Vec<String> {
    let joined = |timer: CapturedTimer| {
        let pairs = timer.tags.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join(" ")
    };
    request.timers().into_iter().map(joined).collect()
}

// From the PHP extension: timers.

/// `pinba_timer_start($tags)`
#[test]
fn pinba_timer_start() {
    let request = sent(|_| {
        let timer = timer!(group = "db", op = ["select", "users"]);
        thread::sleep(2 * MILLISECOND);
        drop(timer);
        Ok(())
    });
    let timer = one_timer(&request);
    assert_eq!(timer.tags, owned([("group", "db"), ("op", "select"), ("op", "users")]));
    assert!(timer.hit_count == 1 && timer.value >= 0.002);
}

/// `pinba_timer_start($tags, $data)`
#[test]
fn pinba_timer_start_with_data() {
    let request = sent(|_| {
        let mut timer = Timer::new(tags!(group = "db"));
        timer.set_data(vec!["never sent"]);
        timer.start()?;
        timer.stop()?;
        timer.start()?;
        assert_eq!(timer.data(), Some(&vec!["never sent"]));
        Ok(())
    });
    assert_eq!(timers(&request), ["group=db"]);
}

/// `pinba_timer_start($tags, $data, $hit_count)`
#[test]
fn pinba_timer_start_with_hit_count() {
    let request = sent(|_| {
        let timer = timer!(group = "db");
        timer.set_hit_count(3);
        timer!(group = "none").set_hit_count(0);
        Ok(())
    });
    assert_eq!(request.timer_hit_count, [3, 1]);
}

/// `pinba_timer_add($tags, $value)`
#[test]
fn pinba_timer_add() {
    let request = sent(|request| {
        request.add_timer(tags!(group = "db"), Duration::from_millis(125), 1);
        Ok(())
    });
    assert_eq!(request.timer_value, [0.125]);
    assert_eq!(timers(&request), ["group=db"]);
}

/// `pinba_timer_stop($timer)`
#[test]
fn pinba_timer_stop() {
    let mut told = 0.0;
    let request = sent(|_| {
        let timer = timer!(group = "db");
        let time = timer.stop();
        thread::sleep(2 * MILLISECOND);
        told = time.as_secs_f32();
        let timer = Timer::new(tags!(group = "by hand"));
        assert_eq!(timer.stop(), Err(TimerError::NotStarted));
        Ok(())
    });
    assert_eq!(request.timer_value, [told]);
}

/// `pinba_timer_delete($timer)`
#[test]
fn pinba_timer_delete() {
    let request = sent(|_| {
        let timer = timer!(group = "db");
        timer.discard();
        Ok(())
    });
    assert_eq!(request.timers(), []);
}

/// `pinba_timer_data_merge($timer, $data)`
#[test]
fn pinba_timer_data_merge() {
    let request = sent(|_| {
        let mut timer = Timer::new(tags!(group = "db"));
        for _ in 0..3 {
            timer.set_data(timer.data::<u32>().map_or(1, |rows| rows + 1));
        }
        timer.start()?;
        assert_eq!(timer.data(), Some(&3_u32));
        Ok(())
    });
    assert_eq!(request.dictionary, ["group", "db"], "never sent");
}

/// `pinba_timer_data_replace($timer, $data)`
#[test]
fn pinba_timer_data_replace() {
    let request = sent(|_| {
        let mut timer = Timer::new(tags!(group = "db"));
        timer.set_data(12);
        timer.set_data("users, orders");
        timer.start()?;
        assert_eq!(timer.data::<&str>(), Some(&"users, orders"));
        assert_eq!(timer.data::<i32>(), None);
        Ok(())
    });
    assert_eq!(request.dictionary, ["group", "db"], "never sent");
}

/// `pinba_timer_tags_merge($timer, $tags)`
#[test]
fn pinba_timer_tags_merge() {
    let request = sent(|_| {
        let timer = Timer::new(tags!(group = "db", op = ["select", "lock"]));
        timer.start()?;
        timer.merge_tags(tags!(op = "insert", table = "users"));
        timer!(group = "db", op = "select").tag("op", "insert");
        Ok(())
    });
    assert_eq!(timers(&request), ["group=db op=insert table=users", "group=db op=insert"]);
}

/// `pinba_timer_tags_replace($timer, $tags)`
#[test]
fn pinba_timer_tags_replace() {
    let request = sent(|_| {
        let timer = Timer::new(tags!(group = "db", op = "select"));
        timer.start()?;
        timer.replace_tags(tags!(group = "cache"));
        Ok(())
    });
    assert_eq!(timers(&request), ["group=cache"]);
}

/// `pinba_timer_get_info($timer)`
#[test]
fn pinba_timer_get_info() {
    let mut told = Vec::new();
    let request = sent(|_| {
        let mut timer = Timer::new(tags!(group = "db"));
        timer.set_data(12_u32);
        timer.start()?;
        timer.stop()?;
        let info = (timer.elapsed(), timer.tags(), timer.is_started(), timer.data::<u32>());
        assert_eq!((&info.1, info.2, info.3), (&tags!(group = "db"), false, Some(&12)));
        told.push(info.0.as_secs_f32());
        Ok(())
    });
    assert_eq!(request.timer_value, told);
}

/// `pinba_timers_stop()`
#[test]
fn pinba_timers_stop() {
    let request = sent(|request| {
        let _one = timer!(group = "db");
        let two = Timer::new(tags!(group = "mail"));
        two.start()?;
        request.stop_timers();
        thread::sleep(50 * MILLISECOND);
        assert!(!two.is_started());
        Ok(())
    });
    assert_eq!(timers(&request), ["group=db", "group=mail"]);
    assert!(request.timer_value.iter().all(|value| *value < request.request_time - 0.04));
}

/// `pinba_timers_get()`
#[test]
fn pinba_timers_get() {
    let mut told = Vec::new();
    let request = sent(|request| {
        let _timer = timer!(group = "db");
        request.add_timer(tags!(group = "mail"), MILLISECOND, 2);
        let timers = request.info().map_or(Vec::new(), |info| info.timers);
        told.extend(timers.into_iter().map(|timer| (timer.tags, timer.hit_count)));
        Ok(())
    });
    let timers = request.timers().into_iter().map(|timer| (timer.tags, timer.hit_count));
    assert_eq!(timers.collect::<Vec<_>>(), told);
    assert_eq!(told.len(), 2);
}

// From the PHP extension: the request.

/// `pinba_get_info()`
#[test]
fn pinba_get_info() {
    let mut told = None;
    let request = sent(|request| {
        request.tag("plan", "premium");
        request.set_status(404);
        let info = request.info();
        told = info;
        Ok(())
    });
    let told = told.unwrap();
    assert_eq!((told.script_name, told.tags), (request.script_name.clone(), request.tags()));
    assert_eq!((told.hostname, Some(told.status)), (request.hostname.clone(), request.status));
}

/// `pinba_get_data()`
#[test]
fn pinba_get_data() {
    let mut told = None;
    let request = sent(|request| {
        request.set_request_time(WAIT);
        request.set_rusage(WAIT, WAIT);
        request.set_memory_peak(1);
        request.add_timer(tags!(group = "db"), MILLISECOND, 1);
        let packet = request.packet();
        told = packet;
        Ok(())
    });
    assert_eq!(Captured::decode(&told.unwrap()).unwrap(), request);
}

/// `pinba_flush()`
#[test]
fn pinba_flush() {
    let since = Instant::now();
    let requests = all_sent(|request| {
        request.tag("plan", "free");
        drop(timer!(group = "db"));
        thread::sleep(20 * MILLISECOND);
        request.flush();
        drop(timer!(group = "mail"));
        Ok(())
    });
    let [first, second] = requests.try_into().unwrap();
    assert_eq!(
        (timers(&first), timers(&second)),
        (vec!["group=db".into()], vec!["group=mail".into()])
    );
    assert_eq!(
        (first.tags(), second.tags()),
        (owned([("plan", "free")]), owned([("plan", "free")]))
    );
    let both = since.elapsed().as_secs_f32() + 0.001;
    assert!(first.request_time >= 0.02 && first.request_time + second.request_time <= both);
}

/// `pinba_flush($script_name)`
#[test]
fn pinba_flush_with_a_name() {
    let requests = all_sent(|request| {
        request.flush_with(FlushOptions::new().script_name("/import/half"));
        Ok(())
    });
    let names: Vec<_> = requests.iter().map(|request| &*request.script_name).collect();
    assert_eq!(names, ["/import/half", "test"]);
}

/// `pinba_reset()`
#[test]
fn pinba_reset() {
    let request = sent(|request| {
        request.tag("plan", "free");
        request.set_document_size(5);
        request.set_request_time(WAIT);
        request.set_schema("https");
        drop(timer!(group = "db"));
        request.reset();
        Ok(())
    });
    assert_eq!((request.timers(), request.tags()), (vec![], vec![]));
    assert_eq!((request.document_size, request.schema.as_deref()), (0, Some("https")));
    assert!(request.request_time < 10.0);
}

/// `pinba_script_name_set($name)`
#[test]
fn pinba_script_name_set() {
    let request = sent(|request| {
        request.set_script_name("/users/{id}");
        Ok(())
    });
    assert_eq!(request.script_name, "/users/{id}");
}

/// `pinba_hostname_set($name)`
#[test]
fn pinba_hostname_set() {
    let request = sent(|request| {
        request.set_hostname("web1");
        Ok(())
    });
    assert_eq!(request.hostname, "web1");
}

/// `pinba_server_name_set($name)`
#[test]
fn pinba_server_name_set() {
    let request = sent(|request| {
        request.set_server_name("www.example.com");
        Ok(())
    });
    assert_eq!(request.server_name, "www.example.com");
    assert_eq!(sent(|_| Ok(())).server_name, request.hostname, "unless set");
}

/// `pinba_schema_set($schema)`
#[test]
fn pinba_schema_set() {
    let request = sent(|request| {
        request.set_schema("https");
        Ok(())
    });
    assert_eq!(request.schema.as_deref(), Some("https"));
}

/// `pinba_request_time_set($seconds)`
#[test]
fn pinba_request_time_set() {
    let request = sent(|request| {
        request.set_request_time(Duration::from_millis(250));
        Ok(())
    });
    assert_eq!((request.request_time, request.request_count), (0.25, 1));
}

/// `pinba_tag_set($name, $value)`
#[test]
fn pinba_tag_set() {
    let request = sent(|request| {
        request.tag("plan", "free");
        request.tag("plan", "premium");
        Ok(())
    });
    assert_eq!(request.tags(), owned([("plan", "premium")]));
}

/// `pinba_tag_get($name)`
#[test]
fn pinba_tag_get() {
    let mut told = None;
    let request = sent(|request| {
        request.tag("plan", "premium");
        request.tag("age", 7);
        let plan = request.tags().into_iter().find(|(name, _)| name == "plan");
        told = plan;
        Ok(())
    });
    assert_eq!(told.as_ref(), request.tags().last());
    assert_eq!(told.unwrap().1, "premium");
}

/// `pinba_tag_delete($name)`
#[test]
fn pinba_tag_delete() {
    let request = sent(|request| {
        request.tag("age", 7);
        request.tag("plan", "premium");
        request.tag("plan.kind", "yearly");
        request.remove_tag("plan");
        Ok(())
    });
    assert_eq!(request.tags(), owned([("age", "7")]));
}

/// `pinba_tags_get()`
#[test]
fn pinba_tags_get() {
    let mut told = Vec::new();
    let request = sent(|request| {
        request.tag("plan", "premium");
        request.tag("age", 7);
        let tags = request.tags();
        told = tags;
        Ok(())
    });
    assert_eq!(told, owned([("age", "7"), ("plan", "premium")]));
    assert_eq!(told, request.tags());
}

// From the PHP extension: flags and settings.

/// `PINBA_FLUSH_ONLY_STOPPED_TIMERS`
#[test]
fn pinba_flush_only_stopped_timers() {
    let requests = all_sent(|request| {
        let _running = timer!(group = "db");
        drop(timer!(group = "mail"));
        request.flush_with(FlushOptions::new().only_stopped(true));
        Ok(())
    });
    let sent: Vec<_> = requests.iter().map(timers).collect();
    assert_eq!(sent, [["group=mail"], ["group=db"]]);
}

/// `PINBA_FLUSH_RESET_DATA`
#[test]
fn pinba_flush_reset_data() {
    let requests = all_sent(|request| {
        request.tag("plan", "free");
        request.set_document_size(5);
        request.flush_with(FlushOptions::new().reset(true));
        Ok(())
    });
    let sent: Vec<_> = requests.iter().map(|sent| (sent.document_size, sent.tags())).collect();
    assert_eq!(sent, [(5, owned([("plan", "free")])), (0, vec![])]);
}

/// `PINBA_ONLY_STOPPED_TIMERS`
#[test]
fn pinba_only_stopped_timers() {
    let request = sent(|request| {
        let _running = timer!(group = "db");
        drop(timer!(group = "mail"));
        let info = request.info().unwrap();
        let stopped = info.timers.iter().filter(|timer| !timer.running);
        let tags: Vec<_> = stopped.map(|timer| timer.tags.clone()).collect();
        assert_eq!(tags, [owned([("group", "mail")])]);
        Ok(())
    });
    assert_eq!(timers(&request), ["group=db", "group=mail"]);
}

/// `PINBA_ONLY_RUNNING_TIMERS`
#[test]
fn pinba_only_running_timers() {
    let request = sent(|request| {
        let _running = timer!(group = "db");
        drop(timer!(group = "mail"));
        let info = request.info().unwrap();
        let running = info.timers.iter().filter(|timer| timer.running);
        let tags: Vec<_> = running.map(|timer| timer.tags.clone()).collect();
        assert_eq!(tags, [owned([("group", "db")])]);
        Ok(())
    });
    assert_eq!(timers(&request), ["group=db", "group=mail"]);
}

/// `PINBA_AUTO_FLUSH`
#[test]
fn pinba_auto_flush() {
    let requests = capture(|| {
        let client = ScriptMonitor::with_reporter(&nobody());
        client.set_script_name("/first");
        client.flush();
        client.set_script_name("/second");
        drop(client);
    });
    let names: Vec<_> = requests.iter().map(|request| &*request.script_name).collect();
    assert_eq!(names, ["/first", "/second"]);
}

/// `pinba.server`
#[test]
fn pinba_server() -> Done {
    let reporter = Reporter::builder().servers("127.0.0.1:30002, [::1]:30002").build()?;
    assert_eq!(reporter.stats().packets, 0);

    let collectors = [Collector::bind()?, Collector::bind()?];
    let list = format!("{}, {}", collectors[0].address(), collectors[1].address());
    drop(Reporter::builder().servers(list).build()?.open("/both"));
    for collector in &collectors {
        assert_eq!(collector.recv(WAIT).unwrap().script_name, "/both");
    }
    Ok(())
}

/// `pinba.enabled`
#[test]
fn pinba_enabled() {
    let requests = all_sent(|request| {
        request.set_enabled(false);
        request.flush();
        Ok(())
    });
    assert_eq!(requests, []);
}

/// `pinba.auto_flush`
#[test]
fn pinba_without_auto_flush() {
    let request = sent(|request| {
        request.flush();
        request.set_enabled(false); // after request.flush()
        Ok(())
    });
    assert_eq!(request.script_name, "test");
}

// From the PHP extension: `PinbaClient`.

/// `new PinbaClient($servers, $flags)`
#[test]
fn client_new() -> Done {
    let collectors = [Collector::bind()?, Collector::bind()?];
    let list = format!("{},{}", collectors[0].address(), collectors[1].address());
    let client = ScriptMonitor::builder().reporter(|to| to.servers(list)).build()?;
    drop(client);
    for collector in &collectors {
        assert_eq!(collector.recv(WAIT).unwrap().request_count, 1);
    }
    assert!(ScriptMonitor::builder().reporter(|to| to.servers("nowhere")).build().is_err());
    Ok(())
}

/// `$client->setHostname($name)`
#[test]
fn client_set_hostname() {
    let request = client_sent(|client| {
        client.set_hostname("web1");
        Ok(())
    });
    assert_eq!(request.hostname, "web1");
}

/// `$client->setServername($name)`
#[test]
fn client_set_servername() {
    let request = client_sent(|client| {
        client.set_server_name("www.example.com");
        Ok(())
    });
    assert_eq!(request.server_name, "www.example.com");
}

/// `$client->setScriptname($name)`
#[test]
fn client_set_scriptname() {
    let request = client_sent(|client| {
        client.set_script_name("/import");
        Ok(())
    });
    assert_eq!(request.script_name, "/import");
}

/// `$client->setSchema($schema)`
#[test]
fn client_set_schema() {
    let request = client_sent(|client| {
        client.set_schema("https");
        Ok(())
    });
    assert_eq!(request.schema.as_deref(), Some("https"));
}

/// `$client->setRequestCount($count)`
#[test]
fn client_set_request_count() {
    let requests = capture(|| {
        let send = |client: &ScriptMonitor| -> Done {
            client.send()?; // once for each request
            Ok(())
        };
        let client = ScriptMonitor::with_reporter(&nobody());
        send(&client).unwrap();
        send(&client).unwrap();
    });
    let counts: Vec<_> = requests.iter().map(|request| request.request_count).collect();
    assert_eq!(counts, [1, 1]);
}

/// `$client->setDocumentSize($bytes)`
#[test]
fn client_set_document_size() {
    let request = client_sent(|client| {
        client.set_document_size(4096);
        Ok(())
    });
    assert_eq!(request.document_size, 4096);
    let request = client_sent(|client| {
        client.set_document_size(1 << 32);
        Ok(())
    });
    assert_eq!(request.document_size, u32::MAX);
}

/// `$client->setMemoryPeak($bytes)`
#[test]
fn client_set_memory_peak() {
    let request = client_sent(|client| {
        client.set_memory_peak(1 << 20);
        Ok(())
    });
    assert_eq!(request.memory_peak, 1 << 20);
}

/// `$client->setMemoryFootprint($bytes)`
#[test]
fn client_set_memory_footprint() {
    let request = client_sent(|client| {
        client.set_memory_footprint(1 << 19);
        Ok(())
    });
    assert_eq!(request.memory_footprint, Some(1 << 19));
}

/// `$client->setRusage([$user, $system])`
#[test]
fn client_set_rusage() {
    let request = client_sent(|client| {
        client.set_rusage(Duration::from_millis(500), Duration::from_millis(125));
        Ok(())
    });
    assert_eq!((request.ru_utime, request.ru_stime), (0.5, 0.125));
}

/// `$client->setRequestTime($seconds)`
#[test]
fn client_set_request_time() {
    let request = client_sent(|client| {
        client.set_request_time(Duration::from_millis(250));
        Ok(())
    });
    assert_eq!((request.request_time, request.request_count), (0.25, 1));
}

/// `$client->setStatus($status)`
#[test]
fn client_set_status() {
    let request = client_sent(|client| {
        client.set_status(404);
        Ok(())
    });
    assert_eq!(request.status, Some(404));
    assert_eq!(client_sent(|_| Ok(())).status, Some(200));
}

/// `$client->setTag($name, $value)`
#[test]
fn client_set_tag() {
    let request = client_sent(|client| {
        client.tag("plan", "premium");
        Ok(())
    });
    assert_eq!(request.tags(), owned([("plan", "premium")]));
}

/// `$client->addTimer($tags, $value, $rusage, $hit_count)`
#[test]
fn client_add_timer() {
    let add = |client: &ScriptMonitor| -> Done {
        client.add_timer(tags!(group = "db"), Duration::from_millis(125), 2);
        Ok(())
    };
    let request = client_sent(|client| add(client).and_then(|()| add(client)));
    assert_eq!((&*request.timer_value, &*request.timer_hit_count), (&[0.125; 2][..], &[2, 2][..]));

    let merging = || Reporter::builder().server("127.0.0.1:9").merge_timers(true).build();
    let requests = capture(|| {
        let client = ScriptMonitor::with_reporter(&merging().unwrap());
        add(&client).and_then(|()| add(&client)).unwrap();
    });
    assert_eq!((requests[0].timer_value[0], requests[0].timer_hit_count[0]), (0.25, 4));
}

/// `$client->setTimer($tags, $value, $rusage, $hit_count)`
#[test]
fn client_set_timer() {
    let request = client_sent(|client| {
        client.timer(tags!(group = "db")).discard();
        let timer = client.timer(tags!(group = "db"));
        timer.set_hit_count(2);
        Ok(())
    });
    assert_eq!((one_timer(&request).hit_count, timers(&request)), (2, vec!["group=db".into()]));
}

/// `$client->send()`
#[test]
fn client_send() {
    let request = client_sent(|client| {
        client.tag("plan", "free");
        client.send()?;
        Ok(())
    });
    assert_eq!(request.tags(), owned([("plan", "free")]), "once: the rest is nothing new");
}

/// `$client->getData()`
#[test]
fn client_get_data() -> Done {
    let mut told = None;
    let request = client_sent(|client| {
        client.set_script_name("/import");
        drop(client.timer(tags!(group = "db")));
        let packet = client.packet();
        told = packet;
        Ok(())
    });
    let packet = Captured::decode(&told.unwrap())?;
    assert_eq!((packet.timers(), &*packet.script_name), (request.timers(), "/import"));
    assert_eq!(timers(&packet), ["group=db"]);
    Ok(())
}

// From Pynba: `Timer`.

/// `with pynba.timer(foo="bar"):`
#[test]
fn with_timer() {
    let request = sent(|_| {
        let length = timer!(foo = "bar" => "text".len());
        assert_eq!(length, 4);
        Ok(())
    });
    assert_eq!(timers(&request), ["foo=bar"]);
}

/// `@pynba.timer(foo="bar")`
#[test]
fn timer_as_decorator() {
    #[timed(foo = "bar")]
    fn timed_function() {}

    let request = sent(|_| {
        timed_function();
        timed_function();
        Ok(())
    });
    assert_eq!(timers(&request), ["foo=bar", "foo=bar"]);
}

/// `pynba.timer(foo="bar")`
#[test]
fn timer_new() {
    let request = sent(|_| {
        let mut timer = Timer::new(tags!(foo = "bar", baz = || ["a", "b"]));
        timer.set_data("of it");
        timer.start()?;
        let _never_started = timer.clone();
        Ok(())
    });
    assert_eq!(timers(&request), ["baz=a baz=b foo=bar"]);
}

/// `timer.start()`
#[test]
fn timer_start() {
    let request = sent(|_| {
        let timer = Timer::new(tags!(foo = "bar"));
        timer.start()?;
        assert_eq!(timer.start(), Err(TimerError::AlreadyStarted));
        Ok(())
    });
    assert_eq!(timers(&request), ["foo=bar"]);
}

/// `timer.stop()`
#[test]
fn timer_stop() {
    let request = sent(|_| {
        let timer = Timer::new(tags!(foo = "bar"));
        timer.start()?;
        timer.stop()?;
        assert_eq!(timer.stop(), Err(TimerError::NotStarted));
        thread::sleep(50 * MILLISECOND);
        Ok(())
    });
    assert!(one_timer(&request).value < request.request_time - 0.04);
}

/// `timer.started`
#[test]
fn timer_started() {
    let request = sent(|_| {
        let timer = Timer::new(tags!(foo = "bar"));
        assert!(!timer.is_started());
        timer.start()?;
        let started = timer.is_started();
        assert!(started);
        Ok(())
    });
    assert_eq!(timers(&request), ["foo=bar"]);
}

/// `timer.elapsed`
#[test]
fn timer_elapsed() {
    let mut told = Duration::ZERO;
    let request = sent(|_| {
        let timer = Timer::new(tags!(foo = "bar"));
        timer.start()?;
        thread::sleep(MILLISECOND);
        assert!(timer.elapsed() >= MILLISECOND, "also while it runs");
        timer.stop()?;
        let time = timer.elapsed();
        told = time;
        Ok(())
    });
    assert_eq!(request.timer_value, [told.as_secs_f32()]);
}

/// `timer.dt_start`
#[test]
fn timer_dt_start() {
    let request = sent(|_| {
        let timer = Timer::new(tags!(foo = "bar"));
        timer.start()?;
        let after = Instant::now();
        thread::sleep(2 * MILLISECOND);
        let since = std::time::Instant::now().checked_sub(timer.elapsed());
        assert!(since.unwrap() <= after && since.unwrap() + WAIT > after);
        Ok(())
    });
    assert_eq!(timers(&request), ["foo=bar"]);
}

/// `timer.tags`
#[test]
fn timer_tags() {
    let request = sent(|_| {
        let timer = Timer::new(tags!(foo = "bar"));
        timer.start()?;
        let tags = timer.tags();
        timer.replace_tags(tags.with("more", 1));
        Ok(())
    });
    assert_eq!(timers(&request), ["foo=bar more=1"]);
}

/// `timer.data`
#[test]
fn timer_data() {
    let request = sent(|_| {
        let mut timer = Timer::new(tags!(foo = "bar"));
        timer.set_data("of it");
        timer.start()?;
        let data = timer.data::<&str>();
        assert_eq!(data, Some(&"of it"));
        Ok(())
    });
    assert_eq!(request.dictionary, ["foo", "bar"]);
}

/// `timer.clone()`
#[test]
fn timer_clone() {
    let request = sent(|_| {
        let mut timer = Timer::new(tags!(foo = "bar"));
        timer.set_data("of it");
        timer.start()?;
        let other = timer.clone();
        assert!(!other.is_started() && other.data::<&str>().is_none());
        other.start()?;
        Ok(())
    });
    assert_eq!(timers(&request), ["foo=bar", "foo=bar"]);
}

/// `timer.delete()`
#[test]
fn timer_delete() {
    let request = sent(|_| {
        let timer = Timer::new(tags!(foo = "bar"));
        timer.start()?;
        timer.delete();
        Ok(())
    });
    assert_eq!(request.timers(), []);
}

/// `timer.parent`
#[test]
fn timer_parent() {
    let request = sent(|_| {
        let timer = Timer::new(tags!(foo = "bar"));
        timer.start()?;
        let request = current();
        request.tag("timers", request.info().map(|info| info.timers.len()));
        Ok(())
    });
    assert_eq!(request.tags(), owned([("timers", "1")]));
}

// From Pynba: `DataCollector`.

/// `pynba.enabled = False`
#[test]
fn collector_enabled() {
    let requests = all_sent(|request| {
        request.set_enabled(false);
        Ok(())
    });
    assert_eq!(requests, []);
}

/// `pynba.scriptname = name`
#[test]
fn collector_set_scriptname() {
    let request = sent(|request| {
        request.set_script_name("/users/{id}");
        Ok(())
    });
    assert_eq!(request.script_name, "/users/{id}");
}

/// `pynba.scriptname`
#[test]
fn collector_scriptname() {
    let mut told = None;
    let reporter = Reporter::builder().server("127.0.0.1:9").prefix("shop:").build().unwrap();
    let requests = capture(|| {
        let _request = reporter.open("/index");
        let request = current();
        let name = request.info().map(|info| info.script_name);
        told = name;
    });
    assert_eq!(told.as_deref(), Some("shop:/index"));
    assert_eq!(requests[0].script_name, "shop:/index");
}

/// `pynba.hostname = name`
#[test]
fn collector_hostname() {
    let request = sent(|request| {
        request.set_hostname("web1");
        Ok(())
    });
    assert_eq!(request.hostname, "web1");
}

/// `pynba.schema = schema`
#[test]
fn collector_schema() {
    let request = sent(|request| {
        request.set_schema("https");
        Ok(())
    });
    assert_eq!(request.schema.as_deref(), Some("https"));
}

/// `pynba.tags[name] = value`
#[test]
fn collector_tags() {
    let request = sent(|request| {
        request.tag("plan", ["free", "trial"]);
        Ok(())
    });
    assert_eq!(request.tags(), owned([("plan", "free"), ("plan", "trial")]), "without timers");
}

/// `pynba.document_size = bytes`
#[test]
fn collector_document_size() {
    let request = sent(|request| {
        request.set_document_size(4096);
        Ok(())
    });
    assert_eq!(request.document_size, 4096);
}

/// `pynba.memory_peak = bytes`
#[test]
fn collector_memory_peak() {
    let request = sent(|request| {
        request.set_memory_peak(1 << 20);
        Ok(())
    });
    assert_eq!(request.memory_peak, 1 << 20);
}

/// `pynba.memory_footprint = bytes`
#[test]
fn collector_memory_footprint() {
    let request = sent(|request| {
        request.set_memory_footprint(1 << 19);
        Ok(())
    });
    assert_eq!(request.memory_footprint, Some(1 << 19));
}

/// `pynba.timers`
#[test]
fn collector_timers() {
    let mut told = Vec::new();
    let request = sent(|request| {
        request.add_timer(tags!(group = "mail"), MILLISECOND, 2);
        let timers = request.info().map_or(Vec::new(), |info| info.timers);
        told = timers;
        Ok(())
    });
    assert_eq!((&told[0].tags, told.len()), (&one_timer(&request).tags, 1));
}

/// `pynba.timer(**tags)`
#[test]
fn collector_timer() {
    let request = sent(|_| {
        let map = BTreeMap::from([("foo".to_owned(), 1), ("bar".to_owned(), 2)]);
        let timer = Timer::new(map.into_iter().collect());
        timer.start()?;
        Ok(())
    });
    assert_eq!(timers(&request), ["bar=2 foo=1"]);
}

/// `pynba.start()`
#[test]
fn collector_start() {
    let requests = capture(|| {
        let reporter = nobody();
        let guard = reporter.open("/import");
        assert!(guard.is_recording());
    });
    assert_eq!(requests[0].script_name, "/import");
}

/// `pynba.started`
#[test]
fn collector_started() {
    let request = sent(|request| {
        let started = request.is_active();
        assert!(started);
        Ok(())
    });
    assert_eq!((request.request_count, current().is_active()), (1, false));
}

/// `pynba.elapsed`
#[test]
fn collector_elapsed() {
    let mut told = None;
    let request = sent(|request| {
        thread::sleep(MILLISECOND);
        let time = request.elapsed();
        told = time;
        Ok(())
    });
    assert!((0.001..=request.request_time).contains(&told.unwrap().as_secs_f32()));
}

/// `pynba.stop()`
#[test]
fn collector_stop() {
    let request = sent(|request| {
        let _timer = timer!(foo = "bar");
        request.stop_timers();
        thread::sleep(50 * MILLISECOND);
        Ok(())
    });
    assert!(one_timer(&request).value < request.request_time - 0.04);
}

/// `pynba.flush()`
#[test]
fn collector_flush() {
    let request = sent(|request| {
        drop(timer!(foo = "bar"));
        thread::sleep(50 * MILLISECOND);
        let since = Instant::now();
        request.reset();
        assert!(request.elapsed() <= Some(since.elapsed()));
        Ok(())
    });
    assert_eq!(request.timers(), [], "and only one packet");
}

// From Pynba: `Reporter`.

/// `Reporter((host, port))`
#[test]
fn reporter_new() -> Done {
    let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    let requests = capture(|| drop(reporter.open("/import")));
    assert_eq!(requests[0].script_name, "/import");
    Ok(())
}

/// Nothing gets through.
struct Full;

impl Transport for Full {
    fn send(&self, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

/// `Reporter(address, raise_on_fail=True)`
#[test]
fn reporter_raise_on_fail() -> Done {
    let full = Full;
    let reporter = Reporter::builder().transport(full).raise_on_fail(true).build()?;
    assert!(ScriptMonitor::with_reporter(&reporter).send().is_err());
    drop(reporter.open("/import"));
    assert_eq!(reporter.stats().buffer_full, 2);

    let quiet = Reporter::builder().transport(Full).build()?;
    assert!(ScriptMonitor::with_reporter(&quiet).send().is_ok());
    Ok(())
}

/// `reporter(server_name, hostname, script_name, …)`
#[test]
fn reporter_call() {
    let requests = capture(|| {
        let reporter = nobody();
        drop(reporter.open("/import"));
    });
    assert_eq!((requests.len(), &*requests[0].script_name), (1, "/import"));
}

/// `reporter.prepare(…)`
#[test]
fn reporter_prepare() -> Done {
    let mut told = None;
    let requests = capture(|| {
        let guard = nobody().open("/import");
        let packet = guard.current().packet();
        guard.current().set_enabled(false);
        told = packet;
    });
    assert_eq!(Captured::decode(&told.unwrap())?.script_name, "/import");
    assert_eq!(requests, [], "prepared, not sent");
    Ok(())
}

/// `reporter.send(message)`
#[test]
fn reporter_send() -> Done {
    let collector = Collector::bind()?;
    let reporter = Reporter::builder().server(collector.address().to_string()).build()?;
    let mut packet = Vec::new();
    capture(|| packet.extend(nobody().open("/import").current().packet().unwrap()));
    reporter.send(&packet)?;
    assert_eq!(collector.recv(WAIT), Some(Captured::decode(&packet)?));
    Ok(())
}

/// `flattener(tags)`
#[test]
fn flattener() {
    let tags = tags!(foo = "bar", baz = ["2", "1"], qux = { map1 = "val1" });
    let pairs: Vec<_> = tags.iter().collect();
    let expected = [("baz", "1"), ("baz", "2"), ("foo", "bar"), ("qux.map1", "val1")];
    assert_eq!(pairs, expected);
    let request = sent(|request| {
        request.add_timer(tags.clone(), MILLISECOND, 1);
        Ok(())
    });
    assert_eq!(one_timer(&request).tags, owned(expected));
}

// From Pynba: `ScriptMonitor`.

/// `ScriptMonitor((host, port))`
#[test]
fn script_monitor_new() -> Done {
    let collector = Collector::bind()?;
    let server = collector.address().to_string();
    let monitor = ScriptMonitor::new(server)?;
    drop(monitor);
    let name = collector.recv(WAIT).unwrap().script_name.clone();
    assert!(name.starts_with("coming_from") && !name.contains([' ', '/']), "{name}");
    Ok(())
}

/// `ScriptMonitor(address, scriptname=name)`
#[test]
fn script_monitor_scriptname() -> Done {
    let collector = Collector::bind()?;
    let server = collector.address().to_string();
    let monitor = ScriptMonitor::builder().server(server).script_name("import").build()?;
    drop(monitor);
    assert_eq!(collector.recv(WAIT).unwrap().script_name, "import");
    Ok(())
}

/// `ScriptMonitor(address, hostname=name, servername=name)`
#[test]
fn script_monitor_names() {
    let request = client_sent(|monitor| {
        monitor.set_hostname("web1");
        monitor.set_server_name("www.example.com");
        Ok(())
    });
    assert_eq!((&*request.hostname, &*request.server_name), ("web1", "www.example.com"));
}

/// `ScriptMonitor(address, reporter=reporter)`
#[test]
fn script_monitor_reporter() -> Done {
    let collector = Collector::bind()?;
    let reporter = Reporter::builder().server(collector.address().to_string()).build()?;
    let monitor = ScriptMonitor::with_reporter(&reporter);
    drop(monitor);
    assert!(collector.recv(WAIT).is_some());
    assert_eq!(reporter.stats().packets, 1);
    Ok(())
}

/// `ScriptMonitor(address, tags=tags)`
#[test]
fn script_monitor_tags() {
    let request = client_sent(|monitor| {
        monitor.tag("plan", "premium");
        Ok(())
    });
    assert_eq!(request.tags(), owned([("plan", "premium")]));
}

/// `monitor.start()`
#[test]
fn monitor_start() {
    let request = client_sent(|monitor| {
        thread::sleep(20 * MILLISECOND);
        let since = Instant::now();
        monitor.send()?; // begins the next round
        assert!(monitor.elapsed() <= since.elapsed());
        Ok(())
    });
    assert!(request.request_time >= 0.02);
}

/// `monitor.tags`
#[test]
fn monitor_tags() {
    let mut told = Vec::new();
    let request = client_sent(|monitor| {
        monitor.tag("plan", "premium");
        monitor.tag("age", 7);
        monitor.remove_tag("plan");
        let tags = monitor.tags();
        told = tags;
        Ok(())
    });
    assert_eq!(told, owned([("age", "7")]));
    assert_eq!(request.tags(), told);
}

/// `monitor.timer(**tags)`
#[test]
fn monitor_timer() {
    let mut told = Duration::ZERO;
    let request = client_sent(|monitor| {
        let timer = monitor.timer(tags!(foo = "bar"));
        told = timer.stop();
        Ok(())
    });
    assert_eq!(
        (timers(&request), one_timer(&request).value),
        (vec!["foo=bar".into()], told.as_secs_f32())
    );
}

/// `monitor.stop()`
#[test]
fn monitor_stop() {
    let mut told = Duration::ZERO;
    let request = client_sent(|monitor| {
        let _timer = monitor.timer(tags!(foo = "bar"));
        monitor.stop();
        told = monitor.elapsed();
        thread::sleep(2 * MILLISECOND);
        Ok(())
    });
    assert_eq!((request.request_time, request.request_count), (told.as_secs_f32(), 1));
    assert!(one_timer(&request).value <= request.request_time);
}

/// `monitor.send()`
#[test]
fn monitor_send() {
    let requests = capture(|| {
        let round = |monitor: &ScriptMonitor, what| -> Done {
            drop(monitor.timer(tags!(what)));
            monitor.send()?;
            Ok(())
        };
        let monitor = ScriptMonitor::with_reporter(&nobody());
        round(&monitor, 1).and_then(|()| round(&monitor, 2)).unwrap();
    });
    assert_eq!(requests.iter().map(timers).collect::<Vec<_>>(), [["what=1"], ["what=2"]]);
}

/// `monitor.flush()`
#[test]
fn monitor_flush() {
    let request = client_sent(|monitor| {
        monitor.tag("plan", "premium");
        drop(monitor.timer(tags!(foo = "forgotten")));
        monitor.set_enabled(false);
        monitor.flush();
        monitor.set_enabled(true);
        drop(monitor.timer(tags!(foo = "bar")));
        Ok(())
    });
    assert_eq!(timers(&request), ["foo=bar"]);
    assert_eq!(request.tags(), owned([("plan", "premium")]));
    let request = client_sent(|monitor| {
        monitor.tag("plan", "premium");
        drop(monitor.timer(tags!(foo = "forgotten")));
        monitor.reset();
        Ok(())
    });
    assert_eq!((timers(&request), request.tags()), (vec![], vec![]));
}

// From Pynba: `monitor`.

/// `@monitor((host, port))`
#[test]
fn monitor_attribute() {
    #[monitor("127.0.0.1:30002")]
    fn handler(fails: bool) -> Result<(), ()> {
        if fails { Err(()) } else { Ok(()) }
    }

    let requests = capture(|| [handler(false), handler(true)]);
    let sent: Vec<_> = requests.iter().map(|sent| (&*sent.script_name, sent.status)).collect();
    let name = "coming_from::handler";
    assert_eq!(sent, [(name, Some(200)), (name, Some(500))]);
}

/// `@monitor(address, prefix=prefix, tags=tags)`
#[test]
fn monitor_with_prefix_and_tags() {
    #[monitor(reporter, prefix = "shop:", tags(plan = "free"))]
    fn handler(reporter: &Reporter) {}

    let requests = capture(|| handler(&nobody()));
    assert_eq!(requests[0].script_name, "shop:coming_from::handler");
    assert_eq!(requests[0].tags(), owned([("plan", "free")]));
}

/// `RequestContext(reporter, environ)`
#[test]
fn request_context() {
    let requests = all_sent(|_| {
        let reporter = nobody();
        let guard = reporter.open("/import");
        drop(timer!(of = "inner"));
        drop(guard);
        drop(timer!(of = "outer"));
        Ok(())
    });
    assert_eq!(requests.iter().map(timers).collect::<Vec<_>>(), [["of=inner"], ["of=outer"]]);
}

/// `context.flush()`
#[test]
fn context_flush() {
    let requests = capture(|| {
        let guard = nobody().open("/import");
        drop(timer!(of = "first"));
        guard.current().flush();
        drop(timer!(of = "second"));
    });
    assert_eq!(requests.iter().map(timers).collect::<Vec<_>>(), [["of=first"], ["of=second"]]);
}

/// `context.pop()`
#[test]
fn context_pop() {
    let requests = capture(|| {
        let guard = nobody().open("/import");
        drop(guard);
        assert!(!current().is_active());
    });
    assert_eq!(requests.len(), 1);
}

/// `LocalProxy(enabled=False)`
#[test]
fn outside_of_a_request() {
    let requests = capture(|| {
        let request = current();
        let enabled = request.is_active();
        assert!(!enabled && request.elapsed().is_none());
        request.set_script_name("/nowhere");
        drop(timer!(foo = "bar"));
    });
    assert_eq!(requests, []);
}

/// Each row has its test, in the same order, which contains its line.
#[test]
fn the_table_is_what_is_tested() {
    let table = include_str!("../src/coming_from.md").replace("\\|", "\u{0}");
    let code = |cell: &str| {
        let code = cell.trim().strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
        code.unwrap_or_else(|| panic!("no code: {cell}")).replace('\u{0}', "|")
    };
    // Without what the formatter may change.
    let packed = |text: &str| text.split_whitespace().collect::<String>();

    let mut tests = include_str!("coming_from.rs");
    let mut rows = 0;
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.split('|').collect();
        assert_eq!(cells.len(), 5, "{row}");
        let (theirs, ours) = (code(cells[1]), code(cells[2]));
        let title = format!("\n/// `{theirs}`\n");
        let at = tests.find(&title).unwrap_or_else(|| panic!("no test, or not here: {theirs}"));
        tests = &tests[at + title.len()..];
        let test = tests.split("\n/// ").next().unwrap();
        assert!(packed(test).contains(&packed(&ours)), "{theirs} is tested without {ours}");
        rows += 1;
    }
    assert_eq!(rows, include_str!("coming_from.rs").matches("\n/// `").count(), "tests and rows");
}
