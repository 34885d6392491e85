//! What each place that measures adds to a program: one of many places is compared with the same program of fewer, less
//! what the empty functions around them add.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::package::Package;
use super::table::{Row, Run};
use super::{FASTRACE, pynba};

/// The name of the program, what it has many of, and one of these. `@` is another number in each.
const SITES: [(&str, &str, &str); 5] = [
    ("nothing", "", "fn f@() { black_box(@); }"),
    (
        "timer",
        "`timer!` with two static tags",
        r#"fn f@() { let _timer = pynba::timer!(group = "db", op = "op@"); black_box(@); }"#,
    ),
    (
        "monitor",
        "`#[monitor]`",
        r#"#[pynba::monitor("127.0.0.1:30002")] fn f@() { black_box(@); }"#,
    ),
    (
        "span",
        "fastrace's `LocalSpan`",
        r#"fn f@() { let _span = LocalSpan::enter_with_local_parent("op@"); black_box(@); }"#,
    ),
    (
        "properties",
        "fastrace's `LocalSpan` with two properties",
        r#"fn f@() { let _span = LocalSpan::enter_with_local_parent("timer")
            .with_properties(|| [("group", "db"), ("op", "op@")]); black_box(@); }"#,
    ),
];

pub(crate) fn rows(folder: &Path, run: &Run) -> Vec<Row> {
    let many = if run.quick { 10 } else { 100 };
    let programs = SITES.iter().flat_map(|(name, _, site)| {
        [many, 2 * many].map(|sites| (format!("{name}-{sites}"), text(site, sites)))
    });
    let dependencies = format!("{}\n{FASTRACE}", pynba());
    let package = Package::new(&folder.join("sites"), &dependencies, &programs.collect::<Vec<_>>());
    package.build("release");
    let added = |name: &str| {
        let few = Sizes::of(&package.program(&format!("{name}-{many}")));
        Sizes::of(&package.program(&format!("{name}-{}", 2 * many))).less(few)
    };
    let nothing = added(SITES[0].0);
    let rows = SITES[1..].iter().map(|(name, what, _)| {
        let Sizes([code, data, tables]) = added(name).less(nothing);
        Row::count(format!("code of one more {what}"), "bytes", code / many).also(format!(
            "+ {} of data, {} of tables",
            data / many,
            tables / many
        ))
    });
    rows.collect()
}

fn text(site: &str, sites: u32) -> String {
    let mut text = String::from(
        "#![allow(unused)]\nuse fastrace::local::LocalSpan;\nuse std::hint::black_box;\n",
    );
    let mut calls = String::new();
    for number in 0..sites {
        let _ = writeln!(text, "#[inline(never)]\n{}", site.replace('@', &number.to_string()));
        let _ = writeln!(calls, "    f{number}();");
    }
    let _ = writeln!(text, "fn main() {{\n{calls}}}");
    text
}

/// Bytes of code, of static data, and of the tables for unwinding and for where the program is loaded.
#[derive(Clone, Copy)]
struct Sizes([u32; 3]);

impl Sizes {
    fn of(program: &Path) -> Self {
        let output =
            Command::new("size").arg("-A").arg(program).output().expect("the program `size`");
        let output = String::from_utf8(output.stdout).expect("text");
        let mut sizes = [0; 3];
        for line in output.lines() {
            let mut words = line.split_whitespace();
            let at = match words.next() {
                Some(".text") => 0,
                Some(".rodata" | ".data" | ".data.rel.ro" | ".bss" | ".tdata" | ".tbss") => 1,
                Some(".eh_frame" | ".eh_frame_hdr" | ".gcc_except_table" | ".rela.dyn") => 2,
                _ => continue,
            };
            sizes[at] += words.next().and_then(|size| size.parse::<u32>().ok()).expect("a size");
        }
        assert!(sizes[0] > 0, "no code in {}: {output}", program.display());
        Self(sizes)
    }

    fn less(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at].saturating_sub(other.0[at])))
    }
}
