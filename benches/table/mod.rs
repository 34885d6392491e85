//! Rounds of contenders, interleaved, and the table that is made of them.
#![allow(dead_code, reason = "shared by two programs, of which each uses what it needs")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// What the command line asks for.
pub(crate) struct Run {
    /// Each contender once, to see that it runs: what `cargo test --benches` and CI do.
    pub(crate) quick: bool,
    pub(crate) write: bool,
}

impl Run {
    pub(crate) fn from_arguments() -> Self {
        let has = |wanted: &str| std::env::args().any(|argument| argument == wanted);
        // Cargo gives `--bench` to what it runs as a benchmark, and not to what it runs as a test.
        Self { quick: has("--quick") || !has("--bench"), write: has("--write") }
    }

    /// A fifth of a second for each contender, at most.
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 1 } else { 101 }
    }

    /// How often to do what is to take a millisecond or less, so that few slices are interrupted by others.
    pub(crate) fn times(&self, times: u32) -> u32 {
        if self.quick { 2 } else { times }
    }
}

/// Nanoseconds for each of so many calls. They are measured in parts, of which the median counts: where others want
/// the processor too, one of them is interrupted. Between the parts the receiver catches up.
pub(crate) fn each(times: u32, call: impl FnMut()) -> f64 {
    in_parts(times, Some(Duration::from_micros(50)), call)
}

/// The same without the pauses, for several threads at once.
pub(crate) fn each_at_once(times: u32, call: impl FnMut()) -> f64 {
    in_parts(times, None, call)
}

fn in_parts(times: u32, pause: Option<Duration>, mut call: impl FnMut()) -> f64 {
    let of_a_part = times / times.min(PARTS);
    let parts = (0..times / of_a_part).map(|_| {
        pause.into_iter().for_each(thread::sleep);
        // Whoever ran before has emptied the caches.
        for _ in 0..warming(of_a_part) {
            call();
        }
        let start = Instant::now();
        for _ in 0..of_a_part {
            call();
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(of_a_part)
    });
    quartiles(&parts.collect::<Vec<_>>())[1]
}

const PARTS: u32 = 8;

fn warming(of_a_part: u32) -> u32 {
    of_a_part.div_ceil(10)
}

/// How often something is called that is measured so many times.
pub(crate) fn calls(times: u32) -> u64 {
    let of_a_part = times / times.min(PARTS);
    u64::from(times / of_a_part * (of_a_part + warming(of_a_part)))
}

/// What is compared: `measure` gives nanoseconds.
pub(crate) struct Contender<'a> {
    measure: Box<dyn FnMut() -> f64 + 'a>,
    pub(crate) rounds: Vec<f64>,
}

impl<'a> Contender<'a> {
    pub(crate) fn new(measure: impl FnMut() -> f64 + 'a) -> Self {
        Self { measure: Box::new(measure), rounds: Vec::new() }
    }
}

/// All contenders in every round, each time another one first. What stands next to each other is measured within
/// milliseconds, so that whatever else the machine does hits them alike.
pub(crate) fn interleave(rounds: usize, contenders: &mut [Contender<'_>]) {
    for round in 0..rounds {
        for at in 0..contenders.len() {
            let of_all = contenders.len();
            let contender = &mut contenders[(at + round) % of_all];
            contender.rounds.push((contender.measure)());
        }
    }
}

/// Lower quartile, median, upper quartile.
pub(crate) fn quartiles(values: &[f64]) -> [f64; 3] {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[values.len() * quarter / 4])
}

pub(crate) fn ratios(measured: &[f64], floor: &[f64]) -> Vec<f64> {
    measured.iter().zip(floor).map(|(one, other)| one / other).collect()
}

/// A line of the table.
pub(crate) struct Row {
    what: String,
    unit: &'static str,
    values: Vec<f64>,
    nanoseconds: Option<f64>,
    gate: Option<f64>,
    aim: Option<f64>,
}

impl Row {
    /// How many times the floor it takes, of the same round.
    pub(crate) fn ratio(what: impl Into<String>, measured: &[f64], floor: &[f64]) -> Self {
        let nanoseconds = Some(quartiles(measured)[1]);
        Self { nanoseconds, ..Self::new(what, "F", ratios(measured, floor)) }
    }

    pub(crate) fn nanoseconds(what: impl Into<String>, values: Vec<f64>) -> Self {
        Self::new(what, "ns", values)
    }

    pub(crate) fn new(what: impl Into<String>, unit: &'static str, values: Vec<f64>) -> Self {
        Self { what: what.into(), unit, values, nanoseconds: None, gate: None, aim: None }
    }

    /// What `SPEED.md` allows, and what it hopes for.
    pub(crate) fn bar(self, gate: f64, aim: impl Into<Option<f64>>) -> Self {
        Self { gate: Some(gate), aim: aim.into(), ..self }
    }

    fn write(&self, table: &mut String) {
        // A contender that ran twice has proved nothing.
        let proved = self.values.len() > 1;
        let [low, middle, high] = quartiles(&self.values);
        let number = |value: f64| {
            let digits = if self.unit == "ns" { usize::from(value < 99.95) } else { 2 };
            format!("{value:.digits$}")
        };
        let limit = |limit: Option<f64>| {
            limit.map(|limit| format!("≤ {} {}", number(limit), self.unit)).unwrap_or_default()
        };
        let verdict = |name: &str, limit: Option<f64>| match limit {
            _ if !proved => String::new(),
            None => String::new(),
            Some(limit) if middle <= limit => format!("{name} pass"),
            Some(limit) => format!("{name} **miss** (+{:.0} %)", (middle / limit - 1.0) * 100.0),
        };
        let verdicts = [verdict("gate", self.gate), verdict("aim", self.aim)];
        let verdicts: Vec<_> = verdicts.into_iter().filter(|it| !it.is_empty()).collect();
        let _ = writeln!(
            table,
            "| {} | {} | {} | {} {} | {}–{} | {} | {} |",
            self.what,
            limit(self.gate),
            limit(self.aim),
            number(middle),
            self.unit,
            number(low),
            number(high),
            self.nanoseconds.map(|value| format!("{value:.0}")).unwrap_or_default(),
            verdicts.join(", "),
        );
    }
}

const HEAD: &str = "| what | gate | aim | measured | p25–p75 | ns | verdict |\n\
                    | --- | --- | --- | --- | --- | --- | --- |\n";

/// The whole text, with what one has to know to do it again.
pub(crate) fn report(
    title: &str,
    command: &str,
    rounds: usize,
    rows: &[Row],
    notes: &str,
) -> String {
    let mut text = format!("# {title}\n\n");
    let facts = [
        ("date", said_by("date", &["-u", "+%F %H:%M UTC"])),
        ("processor", format!("{}, {} cores", processor(), cores())),
        ("kernel", said_by("uname", &["-srm"])),
        ("clock source", read("/sys/devices/system/clocksource/clocksource0/current_clocksource")),
        ("`PINBA_CLOCK`", std::env::var("PINBA_CLOCK").unwrap_or_else(|_| "not set".to_owned())),
        ("rustc", said_by("rustc", &["--version"])),
        ("commit", said_by("git", &["describe", "--always", "--dirty", "--abbrev=12"])),
        ("load", read("/proc/loadavg")),
        ("command", format!("`{command}`")),
    ];
    for (name, fact) in facts {
        let _ = writeln!(text, "- {name}: {fact}");
    }
    let _ = write!(
        text,
        "\nMedians of {rounds} interleaved rounds. A ratio is to what stands next to it in the same round; only \
         ratios mean anything on another machine.\n\n{HEAD}"
    );
    for row in rows {
        row.write(&mut text);
    }
    if !notes.is_empty() {
        let _ = write!(text, "\n{notes}");
    }
    text
}

/// Under `benches/results`, by the machine.
pub(crate) fn write(suffix: &str, text: &str) {
    let words = processor().to_lowercase();
    let words: Vec<_> =
        words.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| !it.is_empty()).collect();
    // From the repository's root, and from `benches/peers`.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder =
        [here.join("benches"), here.join("..")].into_iter().find(|it| it.join("table").is_dir());
    let folder = folder.expect("the folder of the benchmarks").join("results");
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(format!("{}-{}{suffix}.md", words.join("-"), cores()));
    fs::write(&path, text).expect("a file that can be written");
    println!("\nwritten to {}", path.display());
}

fn processor() -> String {
    let known = fs::read_to_string("/proc/cpuinfo").ok();
    let model = known.as_deref().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    model.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn read(path: &str) -> String {
    fs::read_to_string(path).map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().ok();
    let said = output.filter(|output| output.status.success()).map(|output| output.stdout);
    said.map_or_else(
        || "unknown".to_owned(),
        |said| String::from_utf8_lossy(&said).trim().to_owned(),
    )
}
