//! What one has to know of the machine to read the figures.

use std::fs;
use std::process::Command;
use std::thread;

/// The processor and its cores, as the name of a file.
pub(crate) fn name() -> String {
    let words = processor().to_lowercase();
    let words = words.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
    format!("{}-{}", words.collect::<Vec<_>>().join("-"), cores())
}

pub(crate) fn facts() -> Vec<(&'static str, String)> {
    let variable = |name| std::env::var(name).unwrap_or_else(|_| "not set".to_owned());
    vec![
        ("date", said_by("date", &["-u", "+%F %H:%M UTC"])),
        ("processor", format!("{}, {} cores", processor(), cores())),
        ("kernel", said_by("uname", &["-srm"])),
        ("clock source", read("/sys/devices/system/clocksource/clocksource0/current_clocksource")),
        ("`PINBA_CLOCK`", variable("PINBA_CLOCK")),
        ("rustc", said_by("rustc", &["--version"])),
        ("commit", said_by("git", &["describe", "--always", "--dirty", "--abbrev=12"])),
        ("load before", variable("LOAD_BEFORE")),
        ("load after", read("/proc/loadavg")),
    ]
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
