//! A request as a line, and one more for each of its timers.
//!
//! ```text
//! 14:03:07.250  200   250 ms  web1 shop /checkout  cpu 75.0 ms  12.3 KB  mem 2.10 MB  plan=free
//!                     125 ms  ×1    ████      group=db  op=select
//! ```

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use pynba_collector::{Request, Text, Timer};

use super::Print;
use super::paint::{self, BAR, BOLD, DIM, Paint};

use crate::widths::filled;
use crate::{clock, figures, harmless, sparks};

/// Where times stand in all lines: behind the time of day and the status.
const INDENT: usize = 12 + 2 + 3 + 2;

/// Of each timer's part of the request's time, in columns.
const BAR_WIDTH: usize = 8;

/// Bytes of a request from which on its tags are only counted: a packet can name a long text again and again, and would
/// be printed as a thousand times its own size.
const MOST: usize = 1 << 20;

pub(super) fn printer() -> Print {
    let lines = Lines { paint: Paint::of_stdout(), zone: TimeZone::system() };
    Box::new(move |out, request| out.write_all(lines.of(request).as_bytes()))
}

struct Lines {
    paint: Paint,
    zone: TimeZone,
}

impl Lines {
    fn of(&self, request: &Request<'_>) -> String {
        let mut lines = String::new();
        self.head(&mut lines, request);
        for timer in request.timers() {
            self.timer(&mut lines, &timer, request.request_time());
        }
        lines
    }

    fn head(&self, line: &mut String, request: &Request<'_>) {
        let Self { paint, ref zone } = *self;
        let clock = clock::text(request.came_at(), zone);
        let status = paint.with(paint::status(request.status()), request.status());
        let time = seconds(request.request_time());
        let names = [request.hostname(), request.server_name(), request.script_name()];
        let [host, server, script] = names.map(harmless_text);
        let script = paint.with(BOLD, script);
        let _ = write!(
            line,
            "{}  {status:>3}  {time:>7}  {host} {server} {script}",
            paint.with(DIM, clock)
        );
        let bytes = |bytes: u32| figures::bytes(bytes.into());
        let cpu = request.ru_utime() + request.ru_stime();
        for (what, figure, is_there) in [
            ("cpu ", seconds(cpu), cpu > 0.0),
            ("", bytes(request.document_size()), request.document_size() > 0),
            ("mem ", bytes(request.memory_footprint()), request.memory_footprint() > 0),
            ("peak ", bytes(request.memory_peak()), request.memory_peak() > 0),
            ("", harmless_text(request.schema()), !request.schema().is_empty()),
        ] {
            if is_there {
                let _ = write!(line, "  {}", paint.with(DIM, format_args!("{what}{figure}")));
            }
        }
        tags(line, request.tags());
    }

    fn timer(&self, line: &mut String, timer: &Timer<'_>, of: f32) {
        let time = seconds(timer.value());
        let hits = format!("×{}", timer.hit_count());
        let bar = filled(sparks::bar(timer.value(), of, BAR_WIDTH), BAR_WIDTH);
        let bar = self.paint.with(BAR, bar);
        let _ = write!(line, "{:INDENT$}{time:>7}  {hits:<4}  {bar}", "");
        tags(line, timer.tags());
    }
}

fn seconds(seconds: f32) -> String {
    figures::seconds(seconds.into())
}

fn harmless_text(text: Text<'_>) -> String {
    harmless::text(&text.to_str()).into_owned()
}

/// As long as the request does not take too much already.
fn tags<'a>(lines: &mut String, mut tags: impl ExactSizeIterator<Item = (Text<'a>, Text<'a>)>) {
    while lines.len() < MOST
        && let Some((name, value)) = tags.next()
    {
        let _ = write!(lines, "  {}={}", harmless_text(name), harmless_text(value));
    }
    if tags.len() > 0 {
        let _ = write!(lines, "  … {} tags more; --json prints all", tags.len());
    }
    lines.truncate(lines.trim_end_matches(' ').len());
    lines.push('\n');
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use pynba_collector::packet::Decoder;
    use pynba_collector::{Limits, Snapshot, Store};
    use pynba_runtime::proto::{Message as _, Request};

    use super::*;

    fn snapshot(request: &Request) -> Snapshot {
        let mut store = Store::new(Limits::default(), SystemTime::UNIX_EPOCH);
        let packet = request.encode_to_vec();
        let mut decoder = Decoder::new();
        let packets = decoder.decode(&packet).unwrap();
        store.push(Duration::from_millis(50_587_250), &packets.iter().next().unwrap());
        store.snapshot(Duration::from_secs(50_588))
    }

    fn shown(request: &Request, paint: Paint) -> String {
        let lines = Lines { paint, zone: TimeZone::UTC };
        lines.of(&snapshot(request).requests().next().unwrap())
    }

    fn checkout() -> Request {
        Request {
            hostname: "web1".into(),
            server_name: "shop".into(),
            script_name: "/checkout".into(),
            schema: Some("https".into()),
            status: Some(200),
            request_time: 0.25,
            ru_utime: 0.05,
            ru_stime: 0.025,
            document_size: 12_345,
            memory_footprint: Some(2_097_152),
            timer_hit_count: vec![1, 12],
            timer_value: vec![0.125, 0.01],
            timer_tag_count: vec![2, 0],
            timer_tag_name: vec![0, 0],
            timer_tag_value: vec![1, 2],
            tag_name: vec![3],
            tag_value: vec![4],
            dictionary: ["group", "db", "a\x1b[2Jb", "plan", "free"].map(String::from).to_vec(),
            ..Request::default()
        }
    }

    #[test]
    fn lines_are_aligned() {
        let shown = shown(&checkout(), Paint::Plain);
        let mut lines = shown.lines();
        let head = "14:03:07.250  200   250 ms  web1 shop /checkout  cpu 75.0 ms  12.3 KB  mem 2.10 MB  https  plan=free";
        assert_eq!(lines.next(), Some(head));
        let first = "                    125 ms  ×1    ████      group=db  group=a\\u{1b}[2Jb";
        assert_eq!(lines.next(), Some(first));
        assert_eq!(lines.next(), Some("                   10.0 ms  ×12   ▍"));
        assert_eq!(lines.next(), None);
    }

    #[test]
    fn what_was_not_said_is_left_out() {
        let line = shown(&Request::default(), Paint::Plain);
        assert_eq!(line, "14:03:07.250    0        0  - - -\n");
    }

    #[test]
    fn a_small_packet_is_no_flood() {
        let request = Request {
            tag_name: vec![0; 5000],
            tag_value: vec![0; 5000],
            dictionary: vec!["x".repeat(1024)],
            timer_hit_count: vec![1],
            timer_value: vec![0.125],
            timer_tag_count: vec![1],
            timer_tag_name: vec![0],
            timer_tag_value: vec![0],
            ..checkout()
        };
        let shown = shown(&request, Paint::Plain);
        assert!(shown.len() < 1_100_000, "{}", shown.len());
        let (tags, timer) = shown.trim_end().split_once('\n').unwrap();
        assert!(
            tags.ends_with("x  … 4488 tags more; --json prints all"),
            "{}",
            &tags[tags.len() - 99..]
        );
        assert!(timer.ends_with("████      … 1 tags more; --json prints all"), "{timer}");
    }

    #[test]
    fn colours_are_put_back() {
        let shown = shown(&checkout(), Paint::Colours);
        assert!(shown.contains("  \x1b[32m200\x1b[0m  "), "{shown:?}");
        assert!(shown.contains("\x1b[1m/checkout\x1b[0m"), "{shown:?}");
        assert_eq!(shown.matches('\x1b').count(), 18, "{shown:?}");
    }
}
