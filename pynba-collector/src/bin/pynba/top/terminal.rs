//! The terminal: taken over, drawn to, asked for keys, and given back.

use std::io;
use std::time::{Duration, Instant};

use pynba_collector::Collector;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyEventKind};

use super::app::{App, Next};
use super::signals::{self, Asked};

use crate::output;

/// How soon a signal is noticed.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long a further key is waited for before all are answered. Of no time at all, crossterm does not even look.
const AT_ONCE: Duration = Duration::from_millis(1);

/// Shows the app until the user quits, or a signal asks to end.
///
/// A terminal that is stopped holds up this thread alone: packets are received on others, and nothing of theirs is held
/// while something is drawn.
pub(crate) fn watch(app: &mut App, collector: &Collector, refresh: Duration) -> io::Result<()> {
    let asked = signals::listen()?;
    // It gives the terminal back after a panic, too.
    let outcome = ratatui::try_init().and_then(|terminal| {
        let mut watch = Watch { app, collector, refresh, asked: &asked, terminal };
        let outcome = watch.run();
        outcome.and(show_cursor(watch.terminal))
    });
    let restored = ratatui::try_restore();
    asked.give_back();
    if asked.to_end() || output::is_gone() {
        // With a hangup the terminal is gone, and that it fails is no news.
        return Ok(());
    }
    outcome.and(restored)
}

/// At the end.
fn show_cursor(mut terminal: DefaultTerminal) -> io::Result<()> {
    let shown = terminal.show_cursor();
    if shown.is_err() {
        // It would try again when it is dropped, and complain on standard error by itself.
        std::mem::forget(terminal);
    }
    shown
}

struct Watch<'a> {
    app: &'a mut App,
    collector: &'a Collector,
    refresh: Duration,
    asked: &'a Asked,
    terminal: DefaultTerminal,
}

impl Watch<'_> {
    fn run(&mut self) -> io::Result<()> {
        let mut due = Instant::now();
        while !self.asked.to_end() {
            if self.asked.to_come_back() {
                self.come_back()?;
            }
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
        while !self.asked.for_anything() {
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
                    Next::Redraw => self.redraw()?,
                    #[cfg(unix)]
                    Next::Suspend => self.suspend()?,
                    #[cfg(not(unix))]
                    Next::Suspend => {}
                    Next::Quit => return Ok(Next::Quit),
                }
            }
            if self.asked.for_anything() || !event::poll(AT_ONCE)? {
                return Ok(Next::Stay);
            }
        }
    }

    /// Back to the shell, until that says to go on.
    #[cfg(unix)]
    fn suspend(&mut self) -> io::Result<()> {
        use nix::sys::signal::{Signal, raise};

        self.terminal.show_cursor()?;
        ratatui::try_restore()?;
        raise(Signal::SIGTSTP)?;
        // Without a shell that could say so it was not even stopped.
        self.asked.come_back();
        Ok(())
    }

    /// Takes the terminal again, in which others have written by now, and which they may have set in another way.
    fn come_back(&mut self) -> io::Result<()> {
        use ratatui::crossterm::execute;
        use ratatui::crossterm::terminal::{
            EnterAlternateScreen, disable_raw_mode, enable_raw_mode,
        };

        // What crossterm takes for raw already it does not set.
        disable_raw_mode()?;
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen)?;
        self.redraw()
    }

    /// The next time everything is drawn, whatever is there. (`Terminal::clear` would ask the terminal where its cursor
    /// is, and fail where there is no answer soon.)
    fn redraw(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }
}
