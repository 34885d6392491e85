//! Sends the visits of a shop when they are due.

use std::thread;
use std::time::{Duration, Instant};

use pynba_runtime::{Reporter, Tags};

use super::shop::{Part, Visit};

/// How long it may take until a wish to stop is noticed.
const ATTENTION: Duration = Duration::from_millis(20);

/// What a machine that slept has missed does not come all at once.
const LATE: Duration = Duration::from_secs(1);

/// Sends until it is told to stop, or there is no visit any more.
pub(crate) fn run_until(
    stop: impl Fn() -> bool,
    reporter: &Reporter,
    visits: impl IntoIterator<Item = Visit>,
) {
    let mut began = Instant::now();
    for visit in visits {
        loop {
            if stop() {
                return;
            }
            let early = visit.at.saturating_sub(began.elapsed());
            if early.is_zero() {
                break;
            }
            thread::sleep(early.min(ATTENTION));
        }
        let late = began.elapsed().saturating_sub(visit.at);
        if late > LATE {
            began += late;
        }
        send(reporter, visit);
    }
}

/// Everything is told: nothing of it is measured here.
fn send(reporter: &Reporter, visit: Visit) {
    let open = reporter.open(visit.script_name);
    let request = open.current();
    request.set_hostname(visit.hostname);
    request.set_server_name(visit.server_name);
    request.set_schema(visit.schema);
    request.set_status(visit.status);
    request.set_request_time(visit.time);
    request.set_rusage(visit.user, visit.system);
    request.set_memory_peak(visit.memory_peak);
    // Most of it is there from the beginning.
    request.set_memory_footprint(visit.memory_peak / 4 * 3);
    request.set_document_size(visit.document_size);
    for (name, value) in visit.tags {
        request.tag(name, value);
    }
    for Part { tags, time, hits } in visit.parts {
        let tags = tags.iter().fold(Tags::new(), |tags, &(name, value)| tags.with(name, value));
        request.add_timer(tags, time, hits);
    }
}
