//! What is sent in these tests: any requests, from few names so that they meet.

use proptest::collection::vec;
use proptest::prelude::*;
use pynba_runtime::proto::{Message, Request as Message_};

/// What the packets of these tests are made of.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) names: [u8; 4],
    pub(super) status: u32,
    pub(super) time: f32,
    pub(super) cpu: [f32; 2],
    pub(super) bytes: [u32; 2],
    pub(super) tags: Vec<(u8, u8)>,
    pub(super) timers: Vec<SentTimer>,
    pub(super) timer_rusage: bool,
}

#[derive(Clone, Debug)]
pub(super) struct SentTimer {
    pub(super) time: f32,
    pub(super) hits: u32,
    pub(super) tags: Vec<(u8, u8)>,
}

impl Sent {
    /// A request of which nothing is said but its status.
    pub(super) fn plain() -> Self {
        Self {
            names: [0; 4],
            status: 200,
            time: 0.1,
            cpu: [0.0; 2],
            bytes: [0; 2],
            tags: vec![],
            timers: vec![],
            timer_rusage: false,
        }
    }

    pub(super) fn packet(&self) -> Vec<u8> {
        let mut dictionary: Vec<String> = Vec::new();
        let mut id = |text: String| {
            let found = dictionary.iter().position(|word| *word == text);
            let index = found.unwrap_or_else(|| {
                dictionary.push(text);
                dictionary.len() - 1
            });
            u32::try_from(index).unwrap()
        };
        let mut ids = |tags: &[(u8, u8)]| -> (Vec<u32>, Vec<u32>) {
            tags.iter()
                .map(|(name, value)| (id(format!("n{name}")), id(format!("v{value}"))))
                .unzip()
        };
        let (tag_name, tag_value) = ids(&self.tags);
        let (mut timer_tag_name, mut timer_tag_value) = (vec![], vec![]);
        for timer in &self.timers {
            let (names, values) = ids(&timer.tags);
            timer_tag_name.extend(names);
            timer_tag_value.extend(values);
        }
        if dictionary.is_empty() {
            dictionary.push("unused".into());
        }
        let [host, server, script, schema] = self.names;
        let rusage: Vec<f32> = if self.timer_rusage {
            self.timers.iter().map(|timer| timer.time / 4.0).collect()
        } else {
            vec![]
        };
        Message_ {
            hostname: format!("host{host}"),
            server_name: format!("server{server}"),
            script_name: format!("script{script}"),
            schema: Some(format!("schema{schema}")),
            status: Some(self.status),
            request_count: 1,
            request_time: self.time,
            ru_utime: self.cpu[0],
            ru_stime: self.cpu[1],
            document_size: self.bytes[0],
            memory_footprint: Some(self.bytes[1]),
            dictionary,
            tag_name,
            tag_value,
            timer_hit_count: self.timers.iter().map(|timer| timer.hits).collect(),
            timer_value: self.timers.iter().map(|timer| timer.time).collect(),
            timer_tag_count: self
                .timers
                .iter()
                .map(|timer| u32::try_from(timer.tags.len()).unwrap())
                .collect(),
            timer_tag_name,
            timer_tag_value,
            timer_ru_utime: rusage.clone(),
            timer_ru_stime: rusage,
            ..Message_::default()
        }
        .encode_to_vec()
    }
}

fn seconds() -> impl Strategy<Value = f32> {
    prop_oneof![
        Just(0.0_f32),
        Just(0.2),
        (1_u16..5000).prop_map(|micros| f32::from(micros) / 1e6),
        (1_u16..5000).prop_map(|millis| f32::from(millis) / 1e3),
    ]
}

fn tags() -> impl Strategy<Value = Vec<(u8, u8)>> {
    vec((0_u8..3, 0_u8..4), 0..4)
}

pub(super) fn sent() -> impl Strategy<Value = Sent> {
    let timer = (seconds(), prop_oneof![Just(1_u32), 1_u32..10], tags())
        .prop_map(|(time, hits, tags)| SentTimer { time, hits, tags });
    (
        [0_u8..3, 0_u8..2, 0_u8..6, 0_u8..2],
        prop_oneof![Just(200_u32), Just(404), Just(500), Just(503)],
        seconds(),
        [seconds(), seconds()],
        [0_u32..10_000, 0_u32..10_000],
        tags(),
        vec(timer, 0..5),
        any::<bool>(),
    )
        .prop_map(|(names, status, time, cpu, bytes, tags, timers, timer_rusage)| Sent {
            names,
            status,
            time,
            cpu,
            bytes,
            tags,
            timers,
            timer_rusage,
        })
}
