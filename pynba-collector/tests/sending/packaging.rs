//! Manual pages, completions, and help that fits a screen.

use crate::program::{text, told};

fn printed(arguments: &[&str]) -> String {
    let (output, _) = told(arguments);
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(0), String::new()),
        "{arguments:?}"
    );
    text(&output.stdout)
}

#[test]
fn manual_pages() {
    let page = printed(&["man"]);
    assert!(page.contains(".TH pynba 1") && page.contains("pynba\\-run(1)"), "{page}");
    assert!(page.contains("pynba\\-completions(1)") && page.contains("pynba\\-man(1)"), "{page}");
    assert!(!page.contains("pynba\\-help(1)"), "{page}");
    let page = printed(&["man", "send"]);
    assert!(page.contains(".TH pynba-send 1") && page.contains("\\-\\-timer"), "{page}");
    let (_, extra) = page.split_once(".SH EXTRA\n.nf\nTAGS: ").expect(&page);
    let (extra, _) = extra.split_once("\n.fi\n.SH ").expect(&page);
    assert!(extra.lines().count() == 2 && extra.contains("\n  pynba send "), "{page}");

    let (output, _) = told(&["man", "mail"]);
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(
        error.starts_with(
            "pynba: there is no command `mail`; write one of top, listen, report, run, send"
        ),
        "{error}"
    );
}

#[test]
fn completions() {
    for (shell, says) in
        [("bash", "complete -F _pynba"), ("zsh", "#compdef pynba"), ("fish", "complete -c pynba")]
    {
        let script = printed(&["completions", shell]);
        assert!(script.contains(says) && script.contains("timer"), "{shell}");
    }
}

/// What bash offers for the last of these words; nothing where there is no bash.
#[cfg(unix)]
fn offered(words: &[&str]) -> Option<String> {
    use std::process::Command;

    let script = printed(&["completions", "bash"]);
    let ask = r#"
        shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"
        before=$(($# - 1)); _pynba_run pynba "${!#}" "${!before}"
        echo "${COMPREPLY[*]}""#;
    let mut command = Command::new("bash");
    command.args(["--norc", "-c", &(script + ask), "bash", "-"]).args(words);
    command.output().ok().map(|output| text(&output.stdout))
}

#[test]
#[cfg(unix)]
fn bash_completes_commands_that_are_run() {
    if offered(&["pynba", ""]).is_none() {
        return println!("SKIPPED: no bash");
    }
    let offered = |words: &str| offered(&words.split(' ').collect::<Vec<_>>()).unwrap();
    // Nothing of ours, so that bash offers files.
    for words in ["pynba run cat ", "pynba run -n x -- cat ", "pynba run -t a = b cat -"] {
        assert_eq!(offered(words), "\n", "{words}");
    }
    for words in ["pynba run -- print", "pynba run print", "pynba run --name = x -s a : 1 print"] {
        assert!(offered(words).split_whitespace().any(|command| command == "printf"), "{words}");
    }
    for words in ["pynba run ", "pynba run --n", "pynba run -n x --", "pynba send --n"] {
        assert!(offered(words).contains("--name"), "{words}");
    }
    assert!(!offered("pynba run -- ls --").contains("--name"));
}

#[test]
fn help_fits_a_screen() {
    // One line less than it has, for what is typed next.
    const LINES: usize = 23;

    for command in ["top", "listen", "report", "run", "send", "demo", "man", "completions"] {
        let help = printed(&[command, "-h"]);
        assert!(help.lines().count() <= LINES, "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
        assert!(help.contains(&format!("  pynba {command} ")), "{help}");
        assert_eq!(help, printed(&[command, "--help"]));
    }
}
