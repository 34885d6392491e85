//! The built program, and what it does.

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use pynba_runtime::testing::{Captured, Collector};

/// Far more than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// Sends to the collector, whatever the environment of the tests says.
pub(crate) fn pynba(collector: &Collector) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pynba"));
    command.env("PINBA_SERVER", collector.address().to_string()).env_remove("PINBA_ENABLED");
    command.stdin(Stdio::null());
    command
}

pub(crate) fn collector() -> Collector {
    Collector::bind().unwrap()
}

/// What the program does when it is given these arguments, and the packet if it sends one.
pub(crate) fn told(arguments: &[&str]) -> (Output, Option<Captured>) {
    let collector = collector();
    let output = pynba(&collector).args(arguments).output().unwrap();
    // It has ended: what it has sent is there.
    (output, collector.recv(Duration::from_millis(1)))
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[cfg(unix)]
pub(crate) fn tag<'a>(request: &'a Captured, name: &str) -> Option<&'a str> {
    // Of the message itself, which lends its words.
    let request: &'a pynba_runtime::proto::Request = request;
    request.tags().find(|tag| tag.0 == name).map(|tag| tag.1)
}
