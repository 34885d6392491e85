//! The encoder against Pynba's own packets, and against `prost` for whatever a program may pass in.

#[path = "../../tests/vectors/mod.rs"]
mod vectors;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use prost::Message;
use serde_json::Value;

use super::*;
use crate::clock;
use crate::proto::Request;
use crate::system::Cpu;
use crate::tags::{MAX_WORD, PairBuffer, StaticTags, cut, pairs_of};
use crate::text::Text;

type Pairs = Vec<(String, String)>;

/// A packet whose text is its own.
#[derive(Clone, Debug, Default)]
struct Input {
    hostname: String,
    server_name: String,
    script_name: [String; 2],
    document_size: u64,
    memory_peak: u64,
    memory_footprint: u64,
    /// Nanoseconds, as those of the timers.
    times: [u64; 3],
    status: u32,
    schema: String,
    tags: Pairs,
    timers: Vec<(u32, u64, Pairs)>,
}

impl Input {
    fn encode(&self, encoder: &mut Encoder) -> Vec<u8> {
        let tags = buffer(&self.tags);
        let timers: Vec<_> = self
            .timers
            .iter()
            .map(|(hit_count, value, pairs)| (*hit_count, *value, buffer(pairs)))
            .collect();
        let clean = |text: &String| Text::from(Cow::Owned(text.clone()));
        let [hostname, server_name] = [&self.hostname, &self.server_name].map(clean);
        let [prefix, name] = self.script_name.each_ref().map(clean);
        let mut names = Names::new(hostname, server_name);
        (names.prefix, names.schema) = (prefix, clean(&self.schema));
        let beginning = names.beginning(&name);
        let head = Packet {
            names: &names,
            told: None,
            script_name: &name,
            beginning: None,
            request_count: 1,
            document_size: self.document_size,
            memory_peak: self.memory_peak,
            request_time: self.times[0],
            user: self.times[1],
            system: self.times[2],
            status: self.status,
            memory_footprint: self.memory_footprint,
            schema: &names.schema,
            tags: tags.set(None),
            timer_rusage: false,
            max_word: MAX_WORD,
        };
        let packet = encoder.encode(&head, Some(timers.iter())).to_vec();
        let head = Packet { beginning: Some(&beginning), ..head };
        assert_eq!(
            encoder.encode(&head, Some(timers.iter())),
            packet,
            "with a beginning that was made before"
        );
        let [hostname, server_name, prefix] =
            [&names.hostname, &names.server_name, &names.prefix].map(|name| Some(name.clone()));
        let told = Told { prefix, hostname, server_name, ..Told::default() };
        let others = Names::new(Text::literal("other"), Text::literal("other"));
        let head = Packet { names: &others, told: Some(&told), ..head };
        assert_eq!(encoder.encode(&head, Some(timers.iter())), packet, "with names that were told");
        if timers.is_empty() {
            let none = None::<std::slice::Iter<'_, (u32, u64, PairBuffer)>>;
            assert_eq!(encoder.encode(&head, none), packet, "without timers");
        }
        packet
    }
}

impl<'a> PacketTimer<'a> for &'a (u32, u64, PairBuffer) {
    fn hit_count(&self) -> u32 {
        self.0.max(1)
    }

    fn value(&self) -> u64 {
        self.1
    }

    fn cpu(&self) -> Cpu {
        Cpu::default()
    }

    fn place(&self) -> Option<&'static Interned> {
        None
    }

    fn tags(&self) -> TagSet<'a> {
        self.2.set(None)
    }
}

fn buffer(pairs: &Pairs) -> PairBuffer {
    let mut buffer = PairBuffer::new();
    for (name, value) in pairs {
        buffer.push_copy(name, value);
    }
    buffer.normalize(&[]);
    buffer
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn pairs(value: &Value) -> Pairs {
    let pairs = value.as_array().into_iter().flatten();
    pairs.map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
}

/// No clock gives a negative time, nor one of more than 584 years.
fn nanos(seconds: f64) -> u64 {
    let time = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX);
    clock::nanos(time)
}

fn input(case: &Value) -> Input {
    let inputs = &case["inputs"];
    let seconds = |name: &str| nanos(inputs[name].as_f64().unwrap_or(0.0));
    let number = |name: &str| inputs[name].as_u64().unwrap_or(0);
    let given = inputs["timers"].as_array().expect("timers");
    let decoded = case["decoded_timers"].as_array().expect("decoded timers");
    // Where the inputs have no flattened tags they are those of the packet.
    let timers = given.iter().enumerate().map(|(at, timer)| {
        let flattened = timer.get("flattened").unwrap_or_else(|| &decoded[at]["tags"]);
        (1, nanos(timer["elapsed"].as_f64().expect("seconds")), pairs(flattened))
    });
    Input {
        hostname: text(&inputs["hostname"]),
        server_name: text(&inputs["server_name"]),
        script_name: [String::new(), text(&inputs["script_name"])],
        document_size: number("document_size"),
        memory_peak: number("memory_peak"),
        memory_footprint: number("memory_footprint"),
        times: [seconds("request_time"), seconds("ru_utime"), seconds("ru_stime")],
        status: inputs["status"].as_u64().map_or(200, saturate),
        schema: text(&inputs["schema"]),
        tags: pairs(inputs.get("request_tags_flattened").unwrap_or(&case["decoded_request_tags"])),
        timers: timers.collect(),
    }
}

/// Where Pynba has a bug, or sends what servers misread.
const DIFFERENT: [(&str, &str); 5] = [
    ("pynba_u32_overflow", "wider than 32 bits: saturates here"),
    ("pynba_negative_time", "negative times: 0 here"),
    ("pynba_large_times", "10^31 years: 584 here"),
    ("pynba_request_tags_without_timers", "tags lost when there are no timers: kept here"),
    ("pynba_nul_and_control", "NUL, at which C servers cut: U+FFFD here"),
];

#[test]
fn writes_the_bytes_that_pynba_writes() {
    let Some(cases) = vectors::packets() else { return };
    let mut encoder = Encoder::default();
    let mut compared = 0;
    for case in &cases {
        let (name, source) = (text(&case["name"]), text(&case["source"]));
        if !source.starts_with("pynba-") {
            continue;
        }
        let ours = input(case).encode(&mut encoder);
        if let Some((_, why)) = DIFFERENT.iter().find(|(different, _)| *different == name) {
            assert_ne!(ours, vectors::bytes(case), "{name} is listed as different: {why}");
        } else {
            assert_eq!(ours, vectors::bytes(case), "{name}");
            compared += 1;
        }
    }
    assert!(compared >= 28, "{compared} vectors compared");
}

#[test]
fn sends_what_pynba_loses_or_breaks() {
    let Some(cases) = vectors::packets() else { return };
    let decoded = |name: &str| {
        let case = cases.iter().find(|case| text(&case["name"]) == name).expect("the vector");
        Request::decode(&*input(case).encode(&mut Encoder::default())).unwrap()
    };
    let overflow = decoded("pynba_u32_overflow");
    assert_eq!((overflow.document_size, overflow.memory_peak), (u32::MAX, u32::MAX));
    let negative = decoded("pynba_negative_time");
    assert_eq!((negative.request_time, negative.timer_value[0]), (0.0, 0.0));
    let tags = decoded("pynba_request_tags_without_timers");
    assert_eq!(tags.tags().collect::<Vec<_>>(), [("country", "fr"), ("ua", "firefox")]);
    let nul = decoded("pynba_nul_and_control");
    assert_eq!(nul.script_name, "/a\u{FFFD}b");
    assert_eq!(nul.dictionary, ["k\u{FFFD}ey", "v\u{FFFD}al", "nl", "a\nb\tc\u{7f}"]);
}

#[test]
fn says_what_the_php_extension_says() {
    let Some(cases) = vectors::packets() else { return };
    let mut encoder = Encoder::default();
    let mut compared = 0;
    for case in &cases {
        let Ok(theirs) = Request::decode(&*vectors::bytes(case)) else {
            assert_eq!(text(&case["name"]), "php_client_bytes_not_utf8");
            continue;
        };
        if !text(&case["source"]).starts_with("php-") {
            continue;
        }
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let timers = theirs.timers().map(|timer| {
            let tags = timer.tags.iter().copied().map(own).collect();
            (timer.hit_count, nanos(f64::from(timer.value)), tags)
        });
        let input = Input {
            hostname: theirs.hostname.clone(),
            server_name: theirs.server_name.clone(),
            script_name: [String::new(), theirs.script_name.clone()],
            tags: theirs.tags().map(own).collect(),
            timers: timers.collect(),
            ..Input::default()
        };
        let ours = Request::decode(&*input.encode(&mut encoder)).unwrap();
        let comparable = |request: &Request| -> BTreeSet<String> {
            let acceptable =
                |value: f32| if value.is_normal() && value > 0.0 { value } else { 0.0 };
            request
                .timers()
                .map(|timer| {
                    let mut tags: Vec<_> = timer.tags.clone();
                    tags.sort_unstable();
                    tags.dedup();
                    format!("{} × {} {tags:?}", acceptable(timer.value), timer.hit_count.max(1))
                })
                .collect()
        };
        assert_eq!(comparable(&ours), comparable(&theirs), "{}", case["name"]);
        let tags = |request: &Request| {
            request.tags().map(|(n, v)| format!("{n}={v}")).collect::<BTreeSet<_>>()
        };
        assert_eq!(tags(&ours), tags(&theirs), "{}", case["name"]);
        compared += 1;
    }
    assert!(compared >= 25, "{compared} vectors compared");
}

/// Short words that repeat, so that dictionaries share them, and any text now and then.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-d]{0,2}", 1 => any::<String>()]
}

fn any_pairs() -> impl Strategy<Value = Pairs> {
    vec((word(), word()), 0..6)
}

prop_compose! {
    fn any_input()(
        (hostname, server_name, schema) in (any::<String>(), any::<String>(), any::<String>()),
        script_name in [any::<String>(), any::<String>()],
        (document_size, memory_peak, memory_footprint) in any::<(u64, u64, u64)>(),
        times in [any::<u64>(), any::<u64>(), any::<u64>()],
        status in 0..u32::MAX,
        tags in any_pairs(),
        timers in vec((any::<u32>(), any::<u64>(), any_pairs()), 0..20),
    ) -> Input {
        Input {
            hostname, server_name, script_name, document_size, memory_peak, memory_footprint,
            times, status, schema, tags, timers,
        }
    }
}

/// Pairs as the packet should have them.
fn flattened(pairs: &Pairs) -> Pairs {
    let clean = |text: &str| text.replace('\0', "\u{FFFD}");
    let sorted: BTreeSet<_> = pairs.iter().map(|(n, v)| (clean(n), clean(v))).collect();
    sorted.into_iter().collect()
}

proptest! {
    #[test]
    fn prost_reads_back_what_went_in(inputs in vec(any_input(), 1..4)) {
        let mut encoder = Encoder::default(); // the same one: nothing may be left of a packet
        for input in inputs {
            let packet = input.encode(&mut encoder);
            let read = Request::decode(&*packet).unwrap();
            prop_assert_eq!(&read.encode_to_vec(), &packet, "number order, unpacked, shortest");

            prop_assert_eq!(&read.hostname, &input.hostname.replace('\0', "\u{FFFD}"));
            prop_assert_eq!(&read.server_name, &input.server_name.replace('\0', "\u{FFFD}"));
            let script_name = input.script_name.concat().replace('\0', "\u{FFFD}");
            prop_assert_eq!(&read.script_name, &script_name);
            prop_assert_eq!(read.schema.as_deref(), Some(&*input.schema.replace('\0', "\u{FFFD}")));
            prop_assert_eq!(read.request_count, 1);
            let sizes = [read.document_size, read.memory_peak, read.memory_footprint.unwrap()];
            let given = [input.document_size, input.memory_peak, input.memory_footprint];
            prop_assert_eq!(sizes, given.map(|size| size.try_into().unwrap_or(u32::MAX)));
            let times = [read.request_time, read.ru_utime, read.ru_stime];
            let bits = |times: [f32; 3]| times.map(f32::to_bits);
            prop_assert_eq!(bits(times), bits(input.times.map(seconds)));
            prop_assert_eq!(read.status, Some(input.status));

            let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            prop_assert_eq!(read.tags().map(own).collect::<Pairs>(), flattened(&input.tags));
            let timers: Vec<_> = read
                .timers()
                .map(|timer| {
                    let tags = timer.tags.iter().copied().map(own).collect::<Pairs>();
                    (timer.hit_count, timer.value, tags)
                })
                .collect();
            let given: Vec<_> = input
                .timers
                .iter()
                .map(|(hits, value, pairs)| ((*hits).max(1), seconds(*value), flattened(pairs)))
                .collect();
            prop_assert_eq!(timers, given);

            let words: BTreeSet<_> = read.dictionary.iter().collect();
            prop_assert_eq!(words.len(), read.dictionary.len(), "each word once");
            // Timers without any tag are kept out of packets one level up.
            if !read.dictionary.is_empty() || read.timer_value.is_empty() {
                prop_assert_eq!(read.validate(), Ok(()));
            }
        }
    }
}

/// Words again and again, some of which are equal in their first letters or when they are cut.
const WORDS: [&str; 11] = [
    "",
    "a",
    "b",
    "aa",
    "ab",
    "host",
    "select",
    "é",
    "\u{FFFD}",
    "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
    "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyz",
];

/// So many places in the program, whose literals are equal text in other memory.
const PLACES: usize = 40;

fn place(number: usize) -> &'static StaticTags {
    static ALL: OnceLock<Vec<StaticTags>> = OnceLock::new();
    let word = |at: usize| -> &'static str { WORDS[at % WORDS.len()].to_owned().leak() };
    let make = |number: usize| {
        let pairs = (0..number % 5).map(|n| (word(number + n * 3), word(number * 7 + n)));
        let pairs: Vec<_> = pairs.collect::<BTreeSet<_>>().into_iter().collect();
        StaticTags::new(pairs.leak())
    };
    &ALL.get_or_init(|| (0..PLACES).map(make).collect())[number]
}

/// Tags of a place in the program, and others that are made at run time.
#[derive(Clone, Debug)]
struct Mixed {
    fixed: Option<&'static StaticTags>,
    extra: PairBuffer,
}

impl Mixed {
    fn new(number: Option<usize>, words: &[[usize; 2]]) -> Self {
        let (fixed, mut extra) = (number.map(place), PairBuffer::new());
        for [name, value] in words {
            extra.push_copy(WORDS[*name], WORDS[*value]);
        }
        extra.normalize(pairs_of(fixed));
        Self { fixed, extra }
    }

    /// As the packet should have them.
    fn pairs(&self, max_word: usize) -> Pairs {
        let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fixed = pairs_of(self.fixed).iter().map(|(name, value)| own(name, value));
        let all: BTreeSet<_> = fixed.chain(self.extra.set(None).to_vec()).collect();
        all.iter().map(|(name, value)| own(cut(name, max_word), cut(value, max_word))).collect()
    }
}

impl<'a> PacketTimer<'a> for &'a Mixed {
    fn hit_count(&self) -> u32 {
        1
    }

    fn value(&self) -> u64 {
        1
    }

    fn cpu(&self) -> Cpu {
        Cpu::default()
    }

    fn place(&self) -> Option<&'static Interned> {
        let fixed = self.fixed.filter(|_| self.extra.len() == 0)?;
        fixed.interned()
    }

    fn tags(&self) -> TagSet<'a> {
        self.extra.set(self.fixed)
    }
}

fn any_mixed() -> impl Strategy<Value = Mixed> {
    let words = || vec([0..WORDS.len(), 0..WORDS.len()], 1..4);
    let extra = prop_oneof![Just(vec![]), words()];
    (option::of(0..PLACES), extra).prop_map(|(number, words)| Mixed::new(number, &words))
}

/// A packet of which only the tags matter.
fn head<'a>(names: &'a Names, tags: TagSet<'a>, max_word: usize) -> Packet<'a> {
    Packet {
        names,
        told: None,
        script_name: "n",
        beginning: None,
        request_count: 1,
        document_size: 0,
        memory_peak: 0,
        request_time: 0,
        user: 0,
        system: 0,
        status: 200,
        memory_footprint: 0,
        schema: "",
        tags,
        timer_rusage: false,
        max_word,
    }
}

proptest! {
    #[test]
    fn literals_and_other_text_that_is_equal_are_one_word(
        packets in vec((any_mixed(), vec(any_mixed(), 0..8), select(&[MAX_WORD, 39, 16, 1])), 1..20),
    ) {
        let mut encoder = Encoder::default(); // the same one: nothing may be left of a packet
        for (request, timers, max_word) in packets {
            let names = Names::new(Text::literal("h"), Text::literal("s"));
            let head = head(&names, request.extra.set(request.fixed), max_word);
            let read = Request::decode(encoder.encode(&head, Some(timers.iter()))).unwrap();

            let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            let sent: Vec<Pairs> = read
                .timers()
                .map(|timer| timer.tags.into_iter().map(own).collect())
                .chain([read.tags().map(own).collect()])
                .collect();
            let given: Vec<_> =
                timers.iter().chain([&request]).map(|mixed| mixed.pairs(max_word)).collect();
            prop_assert_eq!(sent, &*given);

            let mut dictionary: Vec<&str> = Vec::new();
            for word in given.iter().flatten().flat_map(|(name, value)| [name, value]) {
                if !dictionary.contains(&&**word) {
                    dictionary.push(word);
                }
            }
            prop_assert_eq!(read.dictionary, dictionary, "each word once, in the order of first use");
        }
    }
}

/// Timers of a few places, of which hardly one has more tags: as the packets of one handler are.
fn much_alike() -> impl Strategy<Value = Vec<Mixed>> {
    let words = prop_oneof![
        15 => Just(vec![]),
        1 => vec([0..WORDS.len(), 0..WORDS.len()], 1..3),
    ];
    let timer = (1..6_usize, words).prop_map(|(number, words)| Mixed::new(Some(number), &words));
    vec(timer, 0..10)
}

proptest! {
    #[test]
    fn a_packet_does_not_depend_on_the_one_before(
        packets in vec((much_alike(), prop_oneof![4 => Just(0), 1 => 1..3_usize]), 1..12),
    ) {
        let names = Names::new(Text::literal("h"), Text::literal("s"));
        let mut encoder = Encoder::default();
        for (timers, words) in packets {
            let request = Mixed::new(None, &[[1, 2], [3, 4]][..words]);
            let head = head(&names, request.extra.set(None), MAX_WORD);
            let mut fresh = Encoder::default();
            let expected = fresh.encode(&head, Some(timers.iter()));
            prop_assert_eq!(encoder.encode(&head, Some(timers.iter())), expected);
        }
    }
}
