//! What pynba adds to a build and to a program, next to its peers: the part `cost` of `benches/run`.
//!
//! `cost FOLDER` makes small packages there, builds them, and prints rows between tabs. They are built by the `release`
//! and `dev` profiles as they are by default.

mod builds;
mod package;
mod sites;
#[path = "../../table/mod.rs"]
mod table;

use std::path::Path;

use table::Run;

fn main() {
    let run = Run::from_arguments();
    let folder = std::env::args().nth(1).expect("a folder to build in");
    let folder = std::path::absolute(folder).expect("a folder");
    table::print("build", &builds::rows(&folder, &run));
    table::print("size", &sites::rows(&folder, &run));
}

/// The line of a manifest that asks for this repository's `pynba`.
fn pynba() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize();
    format!("pynba = {{ path = '{}' }}", root.expect("the repository").display())
}

const FASTRACE: &str = r#"fastrace = { version = "0.7.19", features = ["enable"] }"#;
