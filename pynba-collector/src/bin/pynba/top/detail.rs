//! One request: all that was said about it, and where its time went.

use pynba_collector::{Request, Text, Timer};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::app::App;
use super::flow::{self, beside};
use super::name::{clean, left, right};
use super::screen;
use super::theme::Theme;
use super::wrapping::Wrapping;
use crate::widths::width as width_of;
use crate::{clock, figures, sparks};

/// In the window, more than anybody will read.
const MOST_LINES: usize = 1000;

/// Of tags that are laid out, bytes: a packet can name a long text again and again, and would take a thousand times its
/// own size.
const MOST_BYTES: usize = 256 << 10;

/// In the lower part of the tail, with what there is no room for counted.
pub(crate) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect, request: &Request<'_>) {
    let how = "Enter shows more";
    let lines = lines(app, request, area.width.into(), area.height.into(), how);
    screen::draw_lines(frame, area, lines);
}

/// What is known of the request.
pub(crate) fn of(app: &App, id: u64, width: usize) -> Vec<Line<'static>> {
    match app.snapshot().get(id) {
        Some(request) => {
            lines(app, &request, width, MOST_LINES, "`pynba listen --json` prints all")
        }
        None => vec![Line::raw("It has left the window.")],
    }
}

/// No more than there is room for; the last one says what is left out, and how to see it.
fn lines(
    app: &App,
    request: &Request<'_>,
    width: usize,
    room: usize,
    how: &str,
) -> Vec<Line<'static>> {
    let page = Page::new(app, request, width, room);
    if !page.is_cut() || room == 0 {
        return page.lines;
    }
    let Page { mut lines, tags, timers, .. } = Page::new(app, request, width, room - 1);
    lines.truncate(room - 1);
    let left_out = match (tags, timers) {
        (0, 0) => String::new(),
        (0, timers) => format!("{timers} timers "),
        (tags, 0) => format!("{tags} tags "),
        (tags, timers) => format!("{tags} tags and {timers} timers "),
    };
    lines.push(Line::raw(format!("  … {left_out}more; {how}")));
    lines
}

/// A request in lines, laid out no further than there is room for.
struct Page {
    lines: Vec<Line<'static>>,
    width: usize,
    room: usize,
    /// Of tags, so many bytes may still be laid out.
    bytes: usize,
    /// Those that are not there, or not as a whole.
    tags: usize,
    timers: usize,
}

impl Page {
    fn new(app: &App, request: &Request<'_>, width: usize, room: usize) -> Self {
        let theme = app.theme();
        let mut lines = title(app, request, width);
        lines.extend(flow::parts(figures(theme, request), 2, width));
        // Some letters take eight bytes a column.
        let bytes = (width * (room + 1) * 8).min(MOST_BYTES);
        let mut page = Self { lines, width, room, bytes, tags: 0, timers: 0 };
        page.add_tags(theme, request);
        page.add_timers(theme, request);
        page
    }

    fn is_cut(&self) -> bool {
        self.lines.len() > self.room || self.tags + self.timers > 0
    }

    fn add_tags(&mut self, theme: Theme, request: &Request<'_>) {
        let room = self.room.saturating_sub(self.lines.len());
        let mut wrapping = Wrapping::new(self.width);
        self.tags = request.tags().len();
        for pair in request.tags().map(pair) {
            if self.bytes == 0 {
                break;
            }
            self.bytes = self.bytes.saturating_sub(pair.len());
            wrapping.push(&pair);
            if wrapping.len() > room {
                break;
            }
            self.tags -= 1;
        }
        self.lines.extend(wrapping.into_lines().map(|line| Line::styled(line, theme.name)));
    }

    /// Those that took longest first.
    fn add_timers(&mut self, theme: Theme, request: &Request<'_>) {
        let mut timers: Vec<Timer<'_>> = request.timers().collect();
        timers.sort_by(|a, b| b.value().total_cmp(&a.value()));
        if timers.is_empty() {
            self.lines.push(Line::styled("  no timers", theme.faint));
        }
        self.timers = timers.len();
        for timer in &timers {
            let (tags, is_all) = self.pairs(timer);
            self.lines.extend(of_timer(theme, timer, request, &tags, self.width));
            if !is_all || self.lines.len() > self.room {
                break;
            }
            self.timers -= 1;
        }
    }

    /// As many of the tags as may still be laid out, and whether these are all.
    fn pairs(&mut self, timer: &Timer<'_>) -> (String, bool) {
        let mut pairs = Vec::new();
        for pair in timer.tags().map(pair) {
            if self.bytes == 0 {
                return (pairs.join(" "), false);
            }
            self.bytes = self.bytes.saturating_sub(pair.len());
            pairs.push(pair);
        }
        (pairs.join(" "), true)
    }
}

/// When it came, what became of it, and what it was.
fn title(app: &App, request: &Request<'_>, width: usize) -> Vec<Line<'static>> {
    let theme = app.theme();
    let clock = clock::text(request.came_at(), &app.setup.zone);
    let status = format!("{}{}", if request.is_error() { "!" } else { "" }, request.status());
    let style = if request.is_error() { theme.bad } else { theme.strong };
    let front = vec![
        Span::styled(format!("{clock} "), theme.faint),
        Span::styled(format!("{status} "), style),
    ];
    let schema = request.schema();
    let separator = if schema.is_empty() { "" } else { "://" };
    let name = format!("{schema}{separator}{} {}", request.server_name(), request.script_name());
    let mut lines = beside(Line::from(front), &name, theme.strong, width);
    let host = format!(" on {}", clean(&request.hostname().to_str()));
    match lines.last_mut() {
        Some(last) if last.width() + width_of(&host) <= width => {
            last.push_span(Span::styled(host, theme.faint));
        }
        _ => lines.extend(beside(Line::raw(" "), &host, theme.faint, width)),
    }
    lines
}

fn figures(theme: Theme, request: &Request<'_>) -> Vec<Line<'static>> {
    // Short names: all of it fits into 80 columns.
    let figures = [
        ("time", time(request.request_time())),
        ("user", time(request.ru_utime())),
        ("sys", time(request.ru_stime())),
        ("size", figures::bytes(request.document_size().into())),
        ("mem", figures::bytes(request.memory_footprint().into())),
        ("peak", figures::bytes(request.memory_peak().into())),
    ];
    let part = |(name, figure)| {
        Line::from(vec![Span::styled(format!("{name} "), theme.faint), Span::raw(figure)])
    };
    figures.into_iter().map(part).collect()
}

/// A timer: its part of the request's time as a bar and in figures, how often it ran, its tags.
fn of_timer(
    theme: Theme,
    timer: &Timer<'_>,
    request: &Request<'_>,
    tags: &str,
    width: usize,
) -> Vec<Line<'static>> {
    // Tags matter more.
    let bar_width = if width < 60 { 0 } else { width / 4 };
    let whole = f64::from(request.request_time());
    let part = if whole > 0.0 { f64::from(timer.value()) / whole } else { 0.0 };
    let hits = if timer.hit_count() > 1 {
        format!("×{}", figures::count(timer.hit_count().into()))
    } else {
        String::new()
    };
    let figures = format!(
        " {} {}% {} ",
        right(&time(timer.value()), 7),
        right(&figures::percent(part * 100.0), 5),
        left(&hits, 5)
    );
    let bar = left(&sparks::bar(timer.value(), request.request_time(), bar_width), bar_width);
    let front = Line::from(vec![Span::styled(bar, theme.bar), Span::raw(figures)]);
    beside(front, tags, Style::new(), width)
}

fn time(seconds: f32) -> String {
    figures::seconds(seconds.into())
}

fn pair((name, value): (Text<'_>, Text<'_>)) -> String {
    format!("{name}={value}")
}
