//! A pseudo-terminal with the real program in it.

use std::io::{self, Read, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use pynba_runtime::Reporter;
use vt100::{Parser, Screen};

/// Nothing takes as long as that, unless something is wrong.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) struct Terminal {
    /// None after it hung up.
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<Vec<u8>>,
    reads: Arc<(Mutex<bool>, Condvar)>,
    parser: Parser,
    /// How the terminal was set before.
    settings: String,
}

impl Terminal {
    /// Runs `pynba top` with these arguments, at a port that the system picks.
    pub(crate) fn new(
        columns: u16,
        rows: u16,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        Self::within(&[], columns, rows, arguments, environment)
    }

    /// Runs it by a command that takes the program and its arguments as arguments of its own.
    pub(crate) fn within(
        command: &[&str],
        columns: u16,
        rows: u16,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).expect("a pseudo-terminal");
        let mut words = command.iter().chain(&[env!("CARGO_BIN_EXE_pynba")]);
        let mut command = CommandBuilder::new(words.next().expect("the program"));
        command.args(words);
        command.args(["top", "--listen", "127.0.0.1:0"]);
        command.args(arguments);
        command.env_remove("NO_COLOR");
        command.env("TERM", "xterm-256color");
        for (name, value) in environment {
            command.env(name, value);
        }
        let settings = format!("{:?}", pair.master.get_termios());
        let child = pair.slave.spawn_command(command).expect("the program");
        let reads = Arc::new((Mutex::new(true), Condvar::new()));
        Self {
            writer: pair.master.take_writer().expect("the keyboard"),
            output: read(pair.master.try_clone_reader().expect("the screen"), Arc::clone(&reads)),
            master: Some(pair.master),
            child,
            reads,
            parser: Parser::new(nonzero(rows), nonzero(columns), 0),
            settings,
        }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.writer
            .write_all(keys.as_bytes())
            .and_then(|()| self.writer.flush())
            .expect("a keyboard");
    }

    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.parser.set_size(nonzero(rows), nonzero(columns));
        let master = self.master.as_ref().expect("a terminal");
        master.resize(size(columns, rows)).expect("another size");
    }

    /// Forgets what the screen shows.
    pub(crate) fn erase(&mut self) {
        let (rows, columns) = self.screen().size();
        self.parser = Parser::new(rows, columns, 0);
    }

    /// Closes the terminal, as when its window is closed or the connection to it breaks.
    pub(crate) fn hang_up(&mut self) {
        self.master = None;
        self.writer = Box::new(io::sink());
        // Whoever reads the screen ends with the next that is written there.
        self.output = mpsc::channel().1;
    }

    /// Whether anybody reads what the program writes. Nobody does while a terminal is stopped.
    pub(crate) fn set_reads(&self, reads: bool) {
        *self.reads.0.lock().unwrap() = reads;
        self.reads.1.notify_all();
    }

    pub(crate) fn screen(&self) -> &Screen {
        self.parser.screen()
    }

    pub(crate) fn text(&self) -> String {
        self.screen().contents()
    }

    /// Waits until the screen is like this.
    pub(crate) fn wait(&mut self, what: &str, mut is_so: impl FnMut(&Screen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self.parser.screen()) {
            let rest = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(rest) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{what} is not to be seen:\n{}", self.text())
                }
            }
        }
    }

    pub(crate) fn wait_for(&mut self, text: &str) {
        self.wait(text, |screen| screen.contents().contains(text));
    }

    pub(crate) fn wait_until_gone(&mut self, text: &str) {
        self.wait(&format!("an end of {text}"), |screen| !screen.contents().contains(text));
    }

    /// Sends to where the screen says that it listens.
    pub(crate) fn reporter(&mut self) -> Reporter {
        self.wait_for("pynba top 127.0.0.1:");
        let text = self.text();
        let address = text.split_whitespace().nth(2).expect("an address").to_owned();
        Reporter::builder().server(address).build().expect("a reporter")
    }

    pub(crate) fn process(&self) -> i32 {
        self.child.process_id().and_then(|id| i32::try_from(id).ok()).expect("it runs")
    }

    /// Waits until the program has ended; answers with its exit code.
    pub(crate) fn wait_for_end(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(100)) {
                    self.parser.process(&bytes);
                }
                return status.exit_code();
            }
            assert!(Instant::now() < deadline, "it does not end:\n{}", self.text());
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(10)) {
                self.parser.process(&bytes);
            }
        }
    }

    /// Whether lines are edited and echoed as before.
    pub(crate) fn is_set_as_before(&self) -> bool {
        let master = self.master.as_ref().expect("a terminal");
        format!("{:?}", master.get_termios()) == self.settings
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        self.set_reads(true);
    }
}

/// What the program writes, while somebody reads it.
fn read(mut from: Box<dyn Read + Send>, reads: Arc<(Mutex<bool>, Condvar)>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            drop(reads.1.wait_while(reads.0.lock().unwrap(), |reads| !*reads).unwrap());
            match from.read(&mut buffer) {
                Ok(length @ 1..) if sender.send(buffer[..length].to_vec()).is_ok() => {}
                _ => return,
            }
        }
    });
    receiver
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn nonzero(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a terminal has rows and columns")
}
