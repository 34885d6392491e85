//! A package that is made to be built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

pub(crate) struct Package {
    folder: PathBuf,
}

impl Package {
    /// Each program is a name and its text. What it depends on is downloaded here, so that no build waits for it.
    pub(crate) fn new(folder: &Path, dependencies: &str, programs: &[(String, String)]) -> Self {
        let package = Self { folder: folder.to_owned() };
        let _ = fs::remove_dir_all(folder.join("src"));
        fs::create_dir_all(folder.join("src/bin")).expect("a folder");
        let manifest = format!(
            "[workspace]\n[package]\nname = \"made\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
             [dependencies]\n{dependencies}\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest).expect("a manifest");
        for (name, text) in programs {
            fs::write(folder.join(format!("src/bin/{name}.rs")), text).expect("a program");
        }
        package.cargo(&["fetch", "-q"]);
        package
    }

    /// What was compiled before is only used again where nobody wants to know the time.
    pub(crate) fn seconds_to_build(&self, profile: &str, from_scratch: bool) -> f64 {
        if from_scratch {
            let _ = fs::remove_dir_all(self.target());
        }
        let start = Instant::now();
        self.build(profile);
        start.elapsed().as_secs_f64()
    }

    pub(crate) fn build(&self, profile: &str) {
        self.cargo(&["build", "-q", "--offline", "--profile", profile]);
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.target().join("release").join(name)
    }

    /// How many crates are compiled besides its own.
    pub(crate) fn crates(&self) -> u32 {
        let tree = ["tree", "--offline", "-e", "normal,build", "--prefix", "none", "--no-dedupe"];
        let mut crates: Vec<_> = self.cargo(&tree).lines().skip(1).map(name_and_version).collect();
        crates.sort_unstable();
        crates.dedup();
        u32::try_from(crates.len()).expect("a number")
    }

    fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    fn cargo(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("cargo");
        command.args(arguments).current_dir(&self.folder).env("CARGO_TARGET_DIR", self.target());
        let output = command.stderr(Stdio::inherit()).output().expect("cargo");
        assert!(output.status.success(), "cargo {arguments:?} in {}", self.folder.display());
        String::from_utf8(output.stdout).expect("text")
    }
}

/// What stands behind them differs: where it is, whether it is a macro's.
fn name_and_version(line: &str) -> String {
    line.split(' ').take(2).collect::<Vec<_>>().join(" ")
}
