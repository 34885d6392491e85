//! What is where on the screen.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear};

use super::app::{App, Overlay, Text};
use super::trail::View;
use super::{detail, footer, header, health, help, scroll, table, tail, title};
use crate::widths::width as width_of;

impl App {
    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>) {
        let area = frame.area();
        let (is_tall, is_short) = (area.height >= 18, area.height < 10);
        let line = |shown: bool| Constraint::Length(u16::from(shown));
        let has_trouble = header::has_trouble(self);
        let [top, totals, requests, errors, health, views, trail, body, foot] =
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
        frame.render_widget(title::title(self, top.width.into()), top);
        frame.render_widget(header::totals(self, totals.width.into()), totals);
        frame.render_widget(header::requests(self, requests.width.into()), requests);
        frame.render_widget(header::errors(self, errors.width.into()), errors);
        frame.render_widget(header::health(self, health.width.into()), health);
        frame.render_widget(self.views(views.width.into(), is_short), views);
        frame.render_widget(header::trail(self, trail.width.into()), trail);
        if self.view() == View::Tail {
            tail::draw(self, frame, body);
        } else {
            table::draw(self, frame, body);
        }
        footer::draw(self, frame, foot);
        self.draw_overlay(frame);
    }

    /// Without a title they say whether they are live.
    fn views(&self, width: usize, has_state: bool) -> Line<'static> {
        let lines = header::views(self);
        if has_state {
            return title::with_state(self, &lines, width);
        }
        lines.into_iter().find(|line| line.width() <= width).unwrap_or_default()
    }

    fn draw_overlay(&mut self, frame: &mut Frame<'_>) {
        match self.overlay() {
            None | Some(Overlay::Prompt(_)) => {}
            Some(Overlay::Picker(_)) => table::draw_picker(self, frame),
            Some(&Overlay::Text(text, _)) => self.draw_text(text, frame),
        }
    }

    fn draw_text(&mut self, text: Text, frame: &mut Frame<'_>) {
        let width = usize::from(frame.area().width.saturating_sub(SIDES));
        let (above, lines) = match text {
            Text::Help => (" Keys ", help::lines(self.theme(), width)),
            Text::Health => (" Packets ", health::lines(self, width)),
            Text::Request(id) => (" Request · Esc ", detail::of(self, id, width)),
        };
        let Some(Overlay::Text(_, scroll)) = self.overlay_mut() else { return };
        let room = usize::from(frame.area().height.saturating_sub(2));
        let seen = scroll.window(lines.len(), room);
        let rest = scroll::rest(&seen, lines.len());
        let widest = lines.iter().map(Line::width).chain([width_of(above), width_of(&rest)]).max();
        let inner = clear(frame, [above, &rest], widest.unwrap_or(0), lines.len());
        draw_lines(frame, inner, lines.into_iter().skip(seen.start).collect());
    }
}

/// What a box needs on its sides.
pub(crate) const SIDES: u16 = 4;

/// An empty box for so many columns and lines, with texts above and below. Answers with its inside.
pub(crate) fn clear(
    frame: &mut Frame<'_>,
    [above, below]: [&str; 2],
    width: usize,
    height: usize,
) -> Rect {
    let length = |length: usize| Constraint::Length(u16::try_from(length).unwrap_or(u16::MAX));
    let area = frame.area().centered(length(width + usize::from(SIDES)), length(height + 2));
    let block = Block::bordered().title(above).title_bottom(below);
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
