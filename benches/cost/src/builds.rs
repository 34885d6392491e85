//! How long it takes to build a small program from scratch, and how many crates it takes.

use std::path::Path;

use super::package::Package;
use super::table::{Contender, Row, Run, interleave, quartiles, ratios};
use super::{FASTRACE, pynba};

const OURS: &str = r#"
#[pynba::monitor]
fn handler() {
    pynba::timer!(group = "db" => ());
}
fn main() {
    handler();
}
"#;

const OF_FASTRACE: &str = r#"
#[fastrace::trace]
fn handler() {
    let _span = fastrace::local::LocalSpan::enter_with_local_parent("db");
}
fn main() {
    handler();
    fastrace::flush();
}
"#;

/// Both with their default features, as most applications have them.
const TRACING: &str = r#"
tracing = "0.1.44"
tracing-subscriber = "0.3.23"
"#;

const OF_TRACING: &str = r#"
#[tracing::instrument]
fn handler() {
    tracing::info_span!("db").in_scope(|| ());
}
fn main() {
    tracing_subscriber::fmt::init();
    handler();
}
"#;

/// What a library that others listen to depends on, with its attribute.
const TRACING_ALONE: &str = r#"
tracing = { version = "0.1.44", default-features = false, features = ["attributes"] }
"#;

const OF_TRACING_ALONE: &str = r#"
#[tracing::instrument]
fn handler() {
    tracing::info_span!("db").in_scope(|| ());
}
fn main() {
    handler();
}
"#;

pub(crate) fn rows(folder: &Path, run: &Run) -> Vec<Row> {
    // Who, its dependencies, and the shortest program that measures a function and something in it.
    let contenders = [
        ("pynba", &*pynba(), OURS),
        ("fastrace", FASTRACE, OF_FASTRACE),
        ("tracing and tracing-subscriber", TRACING, OF_TRACING),
        ("tracing with `attributes` alone", TRACING_ALONE, OF_TRACING_ALONE),
    ];
    let packages = contenders.map(|(who, dependencies, program)| {
        let folder = folder.join(who.replace([' ', '`'], "-"));
        Package::new(&folder, dependencies, &[("small".to_owned(), program.to_owned())])
    });
    let mut rows = Vec::new();
    for profile in ["dev", "release"] {
        let mut builds = packages
            .each_ref()
            .map(|package| Contender::new(move || package.seconds_to_build(profile, !run.quick)));
        interleave(if run.quick { 1 } else { 3 }, &mut builds);
        for ((who, ..), build) in contenders.iter().zip(&builds) {
            let ratios = ratios(&build.rounds, &builds[0].rounds);
            let seconds = format!("{:.1} s", quartiles(&build.rounds)[1]);
            let what = format!("build, profile `{profile}`: {who}");
            rows.push(Row::new(what, "× pynba", ratios).also(seconds));
        }
    }
    for ((who, ..), package) in contenders.iter().zip(&packages) {
        rows.push(Row::count(format!("crates: {who}"), "", package.crates()));
    }
    rows
}
