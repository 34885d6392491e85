//! What is where on the screen.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear};

use super::app::{App, Overlay};
use super::trail::View;
use super::{detail, footer, header, health, help, table, tail};

impl App {
    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>) {
        let area = frame.area();
        let (is_tall, is_short) = (area.height >= 18, area.height < 10);
        let line = |shown: bool| Constraint::Length(u16::from(shown));
        let has_trouble = header::has_trouble(self);
        let [title, totals, requests, errors, health, views, trail, body, foot] =
            area.layout(&Layout::vertical([
                line(!is_short),
                line(area.height >= 5),
                line(is_tall),
                line(is_tall),
                line(!is_short || has_trouble && area.height >= 7),
                line(area.height >= 4),
                line(area.height >= 6),
                Constraint::Min(0),
                line(area.height >= 3),
            ]));
        frame.render_widget(header::title(self, title.width.into()), title);
        frame.render_widget(header::totals(self), totals);
        frame.render_widget(header::requests(self, requests.width.into()), requests);
        frame.render_widget(header::errors(self, errors.width.into()), errors);
        frame.render_widget(header::health(self), health);
        frame.render_widget(header::views(self), views);
        frame.render_widget(header::trail(self, trail.width.into()), trail);
        if self.view() == View::Tail {
            tail::draw(self, frame, body);
        } else {
            table::draw(self, frame, body);
        }
        footer::draw(self, frame, foot);
        self.draw_overlay(frame);
    }

    fn draw_overlay(&mut self, frame: &mut Frame<'_>) {
        let theme = self.theme();
        match self.overlay() {
            None | Some(Overlay::Prompt(_)) => {}
            Some(Overlay::Help) => window(frame, " Keys ", help::lines(theme)),
            Some(Overlay::Health) => window(frame, " Packets ", health::lines(self)),
            Some(Overlay::Picker(_)) => table::draw_picker(self, frame),
            Some(Overlay::Request(..)) => detail::draw_window(self, frame),
        }
    }
}

/// A box in the middle, as large as its lines need and as there is room for.
pub(crate) fn window(frame: &mut Frame<'_>, title: &str, lines: Vec<Line<'_>>) {
    let widest = lines.iter().map(Line::width).max().unwrap_or(0).max(title.len());
    let inner = clear(frame, title, widest, lines.len());
    draw_lines(frame, inner, lines);
}

/// An empty box for so many columns and lines. Answers with its inside.
pub(crate) fn clear(frame: &mut Frame<'_>, title: &str, width: usize, height: usize) -> Rect {
    let length = |length: usize| Constraint::Length(u16::try_from(length).unwrap_or(u16::MAX));
    let area = frame.area().centered(length(width + 4), length(height + 2));
    let block = Block::bordered().title(title);
    let inner = block.inner(area).centered_horizontally(length(width));
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    inner
}

/// As many of the lines as there is room for.
pub(crate) fn draw_lines(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'_>>) {
    for (row, line) in area.rows().zip(lines) {
        frame.render_widget(line, row);
    }
}
