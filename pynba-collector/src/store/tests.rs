use std::time::{Duration, SystemTime};

use pynba_runtime::proto::{Message, Request};

use super::*;

use crate::packet::Decoder;
use crate::snapshot::Timer;
use crate::text::Text;
use crate::{Query, Report};

fn packet(script: &str) -> Vec<u8> {
    Request {
        hostname: "web1".into(),
        server_name: "shop".into(),
        script_name: script.into(),
        request_time: 0.25,
        timer_hit_count: vec![1, 3],
        timer_value: vec![0.125, 0.5],
        timer_tag_count: vec![1, 2],
        timer_tag_name: vec![0, 0, 2],
        timer_tag_value: vec![1, 3, 1],
        dictionary: ["group", "db", "op", "cache"].map(String::from).to_vec(),
        tag_name: vec![2],
        tag_value: vec![3],
        ..Request::default()
    }
    .encode_to_vec()
}

fn push(store: &mut Store, seconds: f64, script: &str) {
    let mut decoder = Decoder::new();
    let packet = packet(script);
    let packets = decoder.decode(&packet).expect("a packet");
    for packet in packets.iter() {
        store.push(Duration::from_secs_f64(seconds), &packet);
    }
}

fn scripts(snapshot: &Snapshot) -> Vec<String> {
    snapshot.requests().map(|request| request.script_name().to_string()).collect()
}

fn shown<'a>(tags: impl Iterator<Item = (Text<'a>, Text<'a>)>) -> String {
    tags.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

fn store(limits: Limits) -> Store {
    Store::new(limits, SystemTime::UNIX_EPOCH)
}

#[test]
fn texts_are_what_came_and_have_a_number() {
    let mut store = store(Limits::default());
    push(&mut store, 1.0, "/menu");
    let before = store.snapshot(Duration::from_secs(1));
    let mut latin1 = packet("/men_");
    let place = latin1.windows(5).position(|bytes| bytes == b"/men_").expect("the script");
    latin1[place + 4] = 0xFC;
    let mut decoder = Decoder::new();
    for packet in decoder.decode(&latin1).expect("a packet").iter() {
        store.push(Duration::from_secs(2), &packet);
    }
    let after = store.snapshot(Duration::from_secs(2));

    let request = after.requests().next_back().unwrap();
    let script = request.script_name();
    assert_eq!((script.as_bytes(), script.to_str()), (&b"/men\xFC"[..], "/men\\xFC".into()));
    assert_eq!((format!("{script:>9}|"), script.is_empty()), (" /men\\xFC|".into(), false));
    let first = before.requests().next().unwrap();
    assert_eq!(
        (first.hostname(), first.hostname().id()),
        (request.hostname(), request.hostname().id())
    );
    assert!(first.script_name() != script && first.script_name().id() != script.id());
    assert!(script != "/men\\xFC" && first.script_name() == "/menu");
}

#[test]
fn requests_are_kept_as_they_came() {
    let mut store = store(Limits::default());
    push(&mut store, 1.5, "/a");
    push(&mut store, 1.75, "/b");
    let snapshot = store.snapshot(Duration::from_secs(2));
    let request = snapshot.requests().nth(1).unwrap();
    assert_eq!(request.id(), 1);
    assert!(request.script_name() == "/b" && request.hostname() == "web1", "{request:?}");
    assert_eq!(request.came_at(), SystemTime::UNIX_EPOCH + Duration::from_millis(1750));
    assert_eq!(shown(request.tags()), "op=cache");
    let timers: Vec<_> = request.timers().collect();
    assert_eq!(timers.iter().map(Timer::id).collect::<Vec<_>>(), [2, 3]);
    assert_eq!((timers[0].value(), timers[0].hit_count()), (0.125, 1));
    assert_eq!(shown(timers[0].tags()), "group=db");
    assert_eq!((timers[1].value(), timers[1].hit_count()), (0.5, 3));
    assert_eq!(shown(timers[1].tags()), "group=cache op=db");
    assert_eq!(snapshot.get(1).map(|request| request.id()), Some(1));
    assert!(snapshot.get(2).is_none());
    assert_eq!((snapshot.len(), snapshot.span()), (2, Duration::from_secs(2)));
}

#[test]
fn the_window_slides() {
    let mut store = store(Limits::default().window(Duration::from_secs(10)));
    for second in 0..30 {
        push(&mut store, f64::from(second), &format!("/{second}"));
    }
    let snapshot = store.snapshot(Duration::from_secs(30));
    assert_eq!(scripts(&snapshot).first().unwrap(), "/20");
    assert_eq!(snapshot.span(), Duration::from_secs(10));
    assert_eq!(scripts(&snapshot.last(Duration::from_secs(3))), ["/27", "/28", "/29"]);
    assert_eq!(snapshot.last(Duration::from_secs(3)).span(), Duration::from_secs(3));
    assert_eq!(snapshot.get(25).unwrap().script_name(), "/25");
    assert!(snapshot.get(5).is_none());
    assert!(snapshot.requests_from(28).map(|request| request.id()).eq(28..30));
    assert!(snapshot.requests_from(5).map(|request| request.id()).eq(20..30));
    assert!(snapshot.requests_from(28).rev().map(|request| request.id()).eq([29, 28]));
    assert_eq!((snapshot.requests_from(30).count(), snapshot.next_id()), (0, 30));

    // An earlier snapshot stays as it was.
    assert!(store.snapshot(Duration::from_secs(100)).is_empty());
    assert_eq!(snapshot.len(), 10);
    assert_eq!(store.snapshot(Duration::from_secs(100)).span(), Duration::from_secs(10));
}

#[test]
fn what_nobody_needs_any_more_leaves() {
    let mut store = store(Limits::default());
    for second in 0..6 {
        push(&mut store, f64::from(second), &format!("/{second}"));
        push(&mut store, f64::from(second) + 0.5, &format!("/{second}.5"));
    }
    let now = Duration::from_secs(6);
    let before = store.snapshot(now);
    // By the chunk: "/1.5" came with "/1".
    store.forget_before(3);
    let after = store.snapshot(now);
    assert!(after.requests().map(|request| request.id()).eq(2..12), "{:?}", scripts(&after));
    assert!(after.kept().bytes < before.kept().bytes);
    assert_eq!((after.kept().pushed_out, after.next_id()), (0, 12));
    // Rates are taken over the time of which everything is there.
    assert_eq!(after.span(), Duration::from_millis(5500));
    // An earlier snapshot stays as it was, and nothing comes back.
    assert_eq!(before.len(), 12);
    store.forget_before(0);
    assert_eq!(store.snapshot(now).len(), 10);

    store.forget_before(after.next_id());
    assert!(store.chunks.is_empty() && store.bytes == 0);
    push(&mut store, 7.0, "/next");
    let ids = |snapshot: Snapshot| snapshot.requests().map(|request| request.id()).collect();
    let ids: Vec<u64> = ids(store.snapshot(Duration::from_secs(7)));
    assert_eq!(ids, [12]);
}

#[test]
fn memory_is_bounded() {
    let limits = Limits::default().memory(1_000_000);
    let mut store = store(limits);
    for number in 0..50_000 {
        push(&mut store, f64::from(number) / 1000.0, &format!("/{number}"));
        assert!(store.bytes + store.words.bytes() <= limits.memory + limits.memory / 32);
    }
    let snapshot = store.snapshot(Duration::from_secs(50));
    let kept = snapshot.kept();
    assert!(kept.bytes <= limits.memory, "{kept:?}");
    assert!(snapshot.len() > 1000 && kept.pushed_out > 10_000, "{kept:?}");
    // Rates are taken over the time of which everything is there.
    assert!(snapshot.span() < Duration::from_secs(20));
    let per_second =
        u32::try_from(snapshot.len()).map(f64::from).unwrap() / snapshot.span().as_secs_f64();
    assert!((900.0..1100.0).contains(&per_second), "{per_second}");
}

#[test]
fn hostile_cardinality_is_filed_under_other() {
    let mut store = store(Limits::default().window(Duration::from_secs(10)).texts(100));
    for number in 0..1000 {
        push(&mut store, 0.001 * f64::from(number), &format!("/{number}"));
    }
    let snapshot = store.snapshot(Duration::from_secs(1));
    let kept = snapshot.kept();
    assert_eq!((kept.texts, snapshot.len()), (100, 1000));
    let others = scripts(&snapshot).iter().filter(|script| *script == crate::OTHER).count();
    assert_eq!(kept.spilled, others as u64);
    assert!(others > 900);

    // When they have left the window, others have room.
    push(&mut store, 60.0, "/new");
    assert_eq!(scripts(&store.snapshot(Duration::from_secs(60))), ["/new"]);
    assert_eq!(scripts(&snapshot).first().unwrap(), "/0");
}

#[test]
fn tags_are_named_with_how_often_they_occur() {
    let mut store = store(Limits::default());
    push(&mut store, 0.0, "/a");
    push(&mut store, 5.0, "/b");
    let snapshot = store.snapshot(Duration::from_secs(5));
    let named = |name: &str, count| (name.to_owned(), count);
    assert_eq!(snapshot.request_tags(), [named("op", 2)]);
    assert_eq!(snapshot.timer_tags(), [named("group", 4), named("op", 2)]);
    assert_eq!(snapshot.last(Duration::from_secs(1)).timer_tags()[0], named("group", 2));

    push(&mut store, 5.5, "/c");
    let both = store.snapshot(Duration::from_secs(6));
    push(&mut store, 9.0, "/d");
    let news = store.snapshot(Duration::from_secs(10)).since(&snapshot);
    assert_eq!((scripts(&news), news.len()), (vec!["/c".to_owned(), "/d".to_owned()], 2));
    assert_eq!(news.timer_tags(), [named("group", 4), named("op", 2)]);
    assert_eq!((news.span(), news.since(&both).len()), (Duration::from_secs(5), 1));
    assert!(news.get(1).is_none() && news.since(&news).is_empty());
}

#[test]
fn looking_often_makes_no_more_chunks() {
    let mut store = store(Limits::default());
    let mut report = Report::new(Query::new().by("script".parse().unwrap()));
    let mut early = None;
    for step in 0..200_u32 {
        let now = f64::from(step) / 20.0;
        push(&mut store, now, &format!("/{step}"));
        let snapshot = store.snapshot(Duration::from_secs_f64(now));
        // Which keeps the snapshot.
        report.update(&snapshot);
        if step == 110 {
            early = Some(snapshot);
        }
    }
    // Of the last second there are as many as were looked at.
    assert!(store.chunks.len() <= 9 + 20, "{}", store.chunks.len());
    assert!(store.chunks.iter().rev().skip(20).all(|chunk| chunk.requests.len() >= 19));
    assert_eq!(store.bytes, store.chunks.iter().map(|chunk| chunk.bytes()).sum::<usize>());
    // Sets of tags that are the same are one.
    assert_eq!(store.chunks[0].sets().count(), 3);

    // Nothing else is different, and what somebody has stays as it was.
    let snapshot = store.snapshot(Duration::from_secs(10));
    let expected: Vec<String> = (0..200).map(|step| format!("/{step}")).collect();
    assert_eq!((scripts(&snapshot), scripts(&early.unwrap()).len()), (expected, 111));
    assert_eq!(report.rows().count(), 200);
    for (step, request) in (0_u32..).zip(snapshot.requests()) {
        let came = SystemTime::UNIX_EPOCH + Duration::from_secs_f64(f64::from(step) / 20.0);
        let off = request.came_at().duration_since(came).unwrap_or_else(|error| error.duration());
        assert!(off < Duration::from_micros(2) && request.id() == u64::from(step), "{off:?}");
        assert_eq!(request.timers().map(|timer| timer.hit_count()).collect::<Vec<_>>(), [1, 3]);
        let ids: Vec<u64> = request.timers().map(|timer| timer.id()).collect();
        assert_eq!(ids, [2, 3].map(|id| u64::from(2 * step) + id - 2));
        assert_eq!(request.timers().map(|timer| timer.tags().len()).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(shown(request.tags()), "op=cache");
    }
}

#[test]
fn texts_stay_as_long_as_their_requests() {
    let mut store = store(Limits::default().window(Duration::from_secs(100)).texts(20));
    for step in 0..8_u32 {
        let now = Duration::from_millis(100) * step;
        push(&mut store, now.as_secs_f64(), &format!("/{step}"));
        store.snapshot(now);
    }
    for step in 0..20_u32 {
        push(&mut store, 10.0 + f64::from(step), &format!("/later{step}"));
    }
    let snapshot = store.snapshot(Duration::from_secs(30));
    assert!(
        scripts(&snapshot)
            .iter()
            .take(8)
            .eq(&(0..8).map(|step| format!("/{step}")).collect::<Vec<_>>())
    );
}

#[test]
fn processor_times_stay_with_their_timers() {
    let with = |seconds: Vec<f32>| {
        Request {
            timer_hit_count: vec![1],
            timer_value: vec![0.5],
            timer_tag_count: vec![0],
            timer_ru_utime: seconds.clone(),
            timer_ru_stime: seconds,
            dictionary: vec!["unused".into()],
            ..Request::default()
        }
        .encode_to_vec()
    };
    let mut store = store(Limits::default());
    for seconds in [vec![], vec![0.25], vec![], vec![0.125], vec![]] {
        let (packet, mut decoder) = (with(seconds), Decoder::new());
        for packet in decoder.decode(&packet).expect("a packet").iter() {
            store.push(Duration::from_secs(1), &packet);
        }
        store.snapshot(Duration::from_secs(1));
    }
    push(&mut store, 5.0, "/later");
    let snapshot = store.snapshot(Duration::from_secs(5));
    assert_eq!(store.chunks.len(), 2);
    let times: Vec<f32> = snapshot
        .requests()
        .flat_map(|request| request.timers())
        .map(|timer| timer.ru_stime())
        .collect();
    assert_eq!(times, [0.0, 0.25, 0.0, 0.125, 0.0, 0.0, 0.0]);
}

#[test]
fn requests_are_dated_by_the_calendar_of_their_time() {
    let mut store = store(Limits::default());
    push(&mut store, 1.0, "/before");
    // An hour was slept.
    let second = Duration::from_secs(1);
    store.snapshot(second);
    store.set_calendar(second, SystemTime::UNIX_EPOCH + 3601 * second);
    push(&mut store, 1.5, "/after");
    store.snapshot(2 * second);
    push(&mut store, 5.0, "/late");
    let snapshot = store.snapshot(6 * second);
    let came: Vec<_> = snapshot.requests().map(|request| request.came_at()).collect();
    let came_after = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds);
    assert_eq!(came, [1.0, 3601.5, 3605.0].map(came_after));
    assert_eq!(snapshot.taken_at(), SystemTime::UNIX_EPOCH + 3606 * second);
}
