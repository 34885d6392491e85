//! Whatever a program passes in, no packet comes out that a server rejects.
#![cfg(feature = "enable")]

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use pynba_runtime::__rt::{self, StaticTags};
use pynba_runtime::proto::{Message, Request};
use pynba_runtime::testing::capture;
use pynba_runtime::{
    FlushOptions, Reporter, ReporterBuilder, Rusage, Tags, Timer, TimerGuard, current,
};

static DB: StaticTags = StaticTags::new(&[("group", "db"), ("op", "select")]).names(&["value"]);

/// One thing that a program may do.
#[derive(Clone, Debug)]
enum Act {
    ScriptName(String),
    Hostname(String),
    ServerName(String),
    Schema(String),
    Status(u32),
    Sizes(u64, u64, u64),
    RequestTime(Duration),
    Rusage(Duration, Duration),
    Enabled(bool),
    Tag(String, Value),
    RemoveTag(String),
    AddTimer(Vec<(String, Value)>, Duration, u32),
    Start(Value),
    Stop(usize),
    Discard(usize),
    TagTimer(usize, String, Value),
    HitCount(usize, u32),
    EndElsewhere(usize),
    Driven(Vec<(String, Value)>, bool),
    StopTimers,
    Flush(Option<String>, bool, bool),
    Reset,
    Nested(String),
}

#[derive(Clone, Debug)]
enum Value {
    Text(String),
    Number(f64),
    Integer(i64),
    List(Vec<String>),
    Map(BTreeMap<String, Vec<u8>>),
    Nothing,
    Long(usize),
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-c.]{0,3}",
        3 => any::<String>(),
        1 => (0..100_000_usize).prop_map(|length| "é\0".repeat(length / 3)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(Value::Text),
        any::<f64>().prop_map(Value::Number),
        any::<i64>().prop_map(Value::Integer),
        vec(text(), 0..4).prop_map(Value::List),
        any::<BTreeMap<String, Vec<u8>>>().prop_map(Value::Map),
        Just(Value::Nothing),
        (0..100_000_usize).prop_map(Value::Long),
    ]
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![Just(Duration::ZERO), Just(Duration::MAX), any::<Duration>()]
}

fn act() -> impl Strategy<Value = Act> {
    let pairs = || vec((text(), value()), 0..4);
    let which = || 0..8_usize;
    prop_oneof![
        text().prop_map(Act::ScriptName),
        text().prop_map(Act::Hostname),
        text().prop_map(Act::ServerName),
        text().prop_map(Act::Schema),
        prop_oneof![Just(u32::MAX), any::<u32>()].prop_map(Act::Status),
        any::<(u64, u64, u64)>().prop_map(|(a, b, c)| Act::Sizes(a, b, c)),
        duration().prop_map(Act::RequestTime),
        (duration(), duration()).prop_map(|(user, system)| Act::Rusage(user, system)),
        prop::bool::weighted(0.9).prop_map(Act::Enabled),
        (text(), value()).prop_map(|(name, value)| Act::Tag(name, value)),
        text().prop_map(Act::RemoveTag),
        (pairs(), duration(), any::<u32>())
            .prop_map(|(tags, time, hits)| Act::AddTimer(tags, time, hits)),
        value().prop_map(Act::Start),
        which().prop_map(Act::Stop),
        which().prop_map(Act::Discard),
        (which(), text(), value())
            .prop_map(|(which, name, value)| Act::TagTimer(which, name, value)),
        (which(), any::<u32>()).prop_map(|(which, hits)| Act::HitCount(which, hits)),
        which().prop_map(Act::EndElsewhere),
        (pairs(), any::<bool>()).prop_map(|(tags, start)| Act::Driven(tags, start)),
        Just(Act::StopTimers),
        (prop::option::of(text()), any::<bool>(), any::<bool>())
            .prop_map(|(a, b, c)| Act::Flush(a, b, c)),
        Just(Act::Reset),
        text().prop_map(Act::Nested),
    ]
}

/// Calls `$with` with the value as the type that it has in a program.
macro_rules! as_tag_value {
    ($value:expr, |$typed:ident| $with:expr) => {
        match $value {
            Value::Text($typed) => $with,
            Value::Number($typed) => $with,
            Value::Integer($typed) => $with,
            Value::List($typed) => $with,
            Value::Map($typed) => $with,
            Value::Nothing => {
                let $typed = None::<u8>;
                $with
            }
            Value::Long(length) => {
                let $typed = "長".repeat(length);
                $with
            }
        }
    };
}

fn tags(pairs: Vec<(String, Value)>) -> Tags {
    pairs.into_iter().fold(Tags::new(), |tags, (name, value)| {
        as_tag_value!(value, |value| tags.with(name, value))
    })
}

fn perform(act: Act, reporter: &Reporter, guards: &mut Vec<TimerGuard>) {
    let request = current();
    match act {
        Act::ScriptName(name) => request.set_script_name(name),
        Act::Hostname(name) => request.set_hostname(name),
        Act::ServerName(name) => request.set_server_name(name),
        Act::Schema(schema) => request.set_schema(schema),
        Act::Status(status) => request.set_status(status),
        Act::Sizes(document, peak, footprint) => {
            request.set_document_size(document);
            request.set_memory_peak(peak);
            request.set_memory_footprint(footprint);
        }
        Act::RequestTime(time) => request.set_request_time(time),
        Act::Rusage(user, system) => request.set_rusage(user, system),
        Act::Enabled(enabled) => request.set_enabled(enabled),
        Act::Tag(name, value) => as_tag_value!(value, |value| request.tag(name, value)),
        Act::RemoveTag(name) => request.remove_tag(name),
        Act::AddTimer(pairs, time, hits) => request.add_timer(tags(pairs), time, hits),
        Act::Start(value) => guards.push(as_tag_value!(value, |value| {
            __rt::timer_with(&DB, |tags| tags.add(0, &value))
        })),
        Act::Stop(which) if which < guards.len() => drop(guards.remove(which)),
        Act::Discard(which) if which < guards.len() => guards.remove(which).discard(),
        Act::TagTimer(which, name, value) if which < guards.len() => {
            as_tag_value!(value, |value| guards[which].tag(name, value));
        }
        Act::HitCount(which, hits) if which < guards.len() => guards[which].set_hit_count(hits),
        Act::EndElsewhere(which) if which < guards.len() => {
            let guard = guards.remove(which);
            std::thread::scope(|scope| _ = scope.spawn(|| drop(guard)));
        }
        // There is no such timer.
        Act::Stop(_)
        | Act::Discard(_)
        | Act::TagTimer(..)
        | Act::HitCount(..)
        | Act::EndElsewhere(_) => {}
        Act::Driven(pairs, start) => {
            let timer = Timer::new(tags(pairs));
            if start {
                timer.start().unwrap();
            }
        }
        Act::StopTimers => request.stop_timers(),
        Act::Flush(script_name, only_stopped, reset) => {
            let script_name = script_name.map(Into::into);
            request.flush_with(FlushOptions { script_name, only_stopped, reset });
        }
        Act::Reset => request.reset(),
        Act::Nested(name) => {
            let _inner = reporter.open(name);
            drop(__rt::timer(&DB));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn nothing_is_sent_that_a_server_rejects(
        name in text(),
        prefix in prop::option::of(text()),
        limit in prop_oneof![Just(65_507), Just(548), 548..9000_usize],
        (merge, meter) in any::<(bool, bool)>(),
        acts in vec(act(), 0..40),
    ) {
        let builder = Reporter::builder().server("127.0.0.1:9").rusage(Rusage::Thread);
        let builder = builder.max_datagram(limit).merge_timers(merge).timer_rusage(meter);
        let reporter = prefix.into_iter().fold(builder, ReporterBuilder::prefix).build().unwrap();
        let packets = capture(|| {
            let mut guards = Vec::new();
            let request = reporter.open(name);
            for act in acts {
                perform(act, &reporter, &mut guards);
                if let Some(packet) = current().packet() {
                    Request::decode(&*packet).unwrap().validate().unwrap();
                }
            }
            drop(request);
        });
        for packet in packets {
            prop_assert_eq!(packet.validate(), Ok(()));
            prop_assert!(packet.encoded_len() <= limit, "{} > {limit}", packet.encoded_len());
            let names = [&packet.hostname, &packet.server_name, &packet.script_name];
            prop_assert!(names.iter().all(|name| !name.is_empty() && !name.contains('\0')), "{packet:?}");
            prop_assert!(packet.dictionary.iter().all(|word| !word.contains('\0')));
            prop_assert!(packet.requests.is_empty());
        }
    }
}
