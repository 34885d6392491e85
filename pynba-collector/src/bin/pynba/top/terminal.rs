//! The terminal: taken over, drawn to, asked for keys, and given back.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pynba_collector::Collector;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyEventKind};

use super::app::{App, Next};
use super::signals;

/// How soon a signal is noticed.
const PATIENCE: Duration = Duration::from_millis(100);

/// A shorter time between figures is of no use to anybody.
const SHORTEST: Duration = Duration::from_millis(10);

/// How long a further key is waited for before all are answered. Of no time at all, crossterm does not even look.
const AT_ONCE: Duration = Duration::from_millis(1);

/// Shows the app until the user quits, or a signal asks to end.
///
/// A terminal that is stopped holds up this thread alone: packets are received on others, and nothing of theirs is held
/// while something is drawn.
pub(crate) fn watch(app: &mut App, collector: &Collector, refresh: Duration) -> io::Result<()> {
    let end = signals::listen()?;
    // It gives the terminal back after a panic, too.
    let terminal = ratatui::try_init();
    let outcome = terminal.and_then(|terminal| {
        Watch { app, collector, refresh: refresh.max(SHORTEST), end: &end, terminal }.run()
    });
    let restored = ratatui::try_restore();
    if end.load(Ordering::Relaxed) {
        // With a hangup the terminal is gone, and that it fails is no news.
        return Ok(());
    }
    outcome.and(restored)
}

struct Watch<'a> {
    app: &'a mut App,
    collector: &'a Collector,
    refresh: Duration,
    end: &'a AtomicBool,
    terminal: DefaultTerminal,
}

impl Watch<'_> {
    fn run(mut self) -> io::Result<()> {
        let mut due = Instant::now();
        while !self.end.load(Ordering::Relaxed) {
            if Instant::now() >= due {
                self.update();
                due = Instant::now() + self.refresh;
            }
            self.terminal.draw(|frame| self.app.draw(frame))?;
            if self.wait(due)? == Next::Quit {
                break;
            }
        }
        Ok(())
    }

    fn update(&mut self) {
        let (snapshot, counts) = (self.collector.snapshot(), self.collector.counts());
        self.app.update(&snapshot, &counts, self.collector.uptime());
    }

    /// Until there is something to draw.
    fn wait(&mut self, due: Instant) -> io::Result<Next> {
        while !self.end.load(Ordering::Relaxed) {
            let rest = due.saturating_duration_since(Instant::now());
            if event::poll(rest.clamp(AT_ONCE, PATIENCE))? {
                return self.take();
            }
            if rest.is_zero() {
                break;
            }
        }
        Ok(Next::Stay)
    }

    /// All keys that are there, so that one that is held down does not lag behind.
    fn take(&mut self) -> io::Result<Next> {
        // Resizing needs no more than that it is drawn again.
        loop {
            if let Event::Key(key) = event::read()?
                && key.kind != KeyEventKind::Release
            {
                match self.app.on_key(key) {
                    Next::Stay => {}
                    Next::Redraw => self.terminal.clear()?,
                    #[cfg(unix)]
                    Next::Suspend => self.suspend()?,
                    #[cfg(not(unix))]
                    Next::Suspend => {}
                    Next::Quit => return Ok(Next::Quit),
                }
            }
            if self.end.load(Ordering::Relaxed) || !event::poll(AT_ONCE)? {
                return Ok(Next::Stay);
            }
        }
    }

    /// Back to the shell, until that says to go on.
    #[cfg(unix)]
    fn suspend(&mut self) -> io::Result<()> {
        use nix::sys::signal::{Signal, raise};
        use ratatui::crossterm::execute;
        use ratatui::crossterm::terminal::{EnterAlternateScreen, enable_raw_mode};

        ratatui::try_restore()?;
        raise(Signal::SIGTSTP)?;
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen)?;
        self.terminal.clear()
    }
}
