//! Rounds of contenders, interleaved, and the rows that are made of them, of which `benches/report` makes the table.
#![allow(dead_code, reason = "shared by several programs, of which each uses what it needs")]

use std::thread;
use std::time::{Duration, Instant};

/// What the command line asks for.
pub(crate) struct Run {
    /// Each contender once, to see that it runs: what `cargo test --benches` and CI do.
    pub(crate) quick: bool,
}

impl Run {
    pub(crate) fn from_arguments() -> Self {
        let has = |wanted: &str| std::env::args().any(|argument| argument == wanted);
        // Cargo gives `--bench` to what it runs as a benchmark, and not to what it runs as a test.
        Self { quick: has("--quick") || !has("--bench") }
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
    /// What else is to be known of it: the absolute figure of a ratio.
    also: String,
    gate: Option<f64>,
    aim: Option<f64>,
}

impl Row {
    /// How many times the floor it takes, of the same round.
    pub(crate) fn ratio(what: impl Into<String>, measured: &[f64], floor: &[f64]) -> Self {
        let also = format!("{:.0} ns", quartiles(measured)[1]);
        Self::new(what, "F", ratios(measured, floor)).also(also)
    }

    pub(crate) fn nanoseconds(what: impl Into<String>, values: Vec<f64>) -> Self {
        Self::new(what, "ns", values)
    }

    /// What is counted is the same each time.
    pub(crate) fn count(what: impl Into<String>, unit: &'static str, count: u32) -> Self {
        Self::new(what, unit, vec![count.into(); 2])
    }

    pub(crate) fn new(what: impl Into<String>, unit: &'static str, values: Vec<f64>) -> Self {
        Self { what: what.into(), unit, values, also: String::new(), gate: None, aim: None }
    }

    pub(crate) fn also(self, also: String) -> Self {
        Self { also, ..self }
    }

    /// What it may be, and what it is to become.
    pub(crate) fn bar(self, gate: f64, aim: impl Into<Option<f64>>) -> Self {
        Self { gate: Some(gate), aim: aim.into(), ..self }
    }

    /// Fields between tabs: the section, what it is, its unit, lower quartile, median, upper quartile, what else is to
    /// be known, gate, aim. What was measured once has proved nothing, and has no quartiles.
    fn print(&self, section: &str) {
        let Self { what, unit, also, .. } = self;
        let [low, middle, high] = quartiles(&self.values);
        let [low, high] = [low, high].map(|it| (self.values.len() > 1).then_some(it));
        let [low, high, gate, aim] = [low, high, self.gate, self.aim]
            .map(|number| number.map(|number| number.to_string()).unwrap_or_default());
        println!("{section}\t{what}\t{unit}\t{low}\t{middle}\t{high}\t{also}\t{gate}\t{aim}");
    }
}

/// For `benches/report`, which makes a table of these lines.
pub(crate) fn print(section: &str, rows: &[Row]) {
    for row in rows {
        row.print(section);
    }
}
