//! How much memory rows take, and what becomes of those for which there is none.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Times in so many pages of a histogram.
const LENGTHS: u32 = 200;

fn query() -> Query {
    Query::new().by("@n0".parse().unwrap())
}

fn store() -> Store {
    super::store(Limits::default().window(10 * SECOND))
}

/// A request with a timer for each of the values, all of one length.
fn push(store: &mut Store, second: u32, values: impl IntoIterator<Item = u8>, length: u32) {
    let time = f32::from_bits(0x3200_0000 + (length << 20));
    let timer = |value| SentTimer { time, hits: 1, tags: vec![(0, value)] };
    let timers = values.into_iter().map(timer).collect();
    let sent = Sent { time, timers, ..Sent::plain() };
    super::push(store, &mut Decoder::new(), SECOND * second, &sent);
}

fn has_other(report: &Report) -> bool {
    report.rows().any(|row| row.is_other())
}

#[test]
fn times_of_any_length_do_not_take_any_memory() {
    const BYTES: usize = 600_000;

    let mut store = store();
    let mut report = Report::with(query(), Most { rows: 1000, bytes: BYTES });
    for length in 0..LENGTHS {
        push(&mut store, 1, 0..100, length);
    }
    report.update(&store.snapshot(SECOND));
    assert!(report.bytes() <= BYTES, "{}", report.bytes());
    let hits: u64 = report.rows().map(|row| row.hits()).sum();
    assert_eq!(hits, u64::from(LENGTHS) * 100);
    assert!(report.rows().count() > 1 && has_other(&report));

    // When these have left there are rows for all again.
    for second in 15..=20 {
        push(&mut store, second, 0..100, 0);
        report.update(&store.snapshot(SECOND * second));
    }
    assert_eq!(report.rows().filter(|row| !row.is_other()).count(), 100);
    check(&report, &store.snapshot(SECOND * 20));
}

#[test]
fn memory_is_looked_at_while_times_are_added() {
    const BYTES: usize = 600_000;

    let mut store = store();
    for length in 0..LENGTHS {
        push(&mut store, 1, 0..100, length);
    }
    let mut report = Report::with(query(), Most { rows: 1000, bytes: BYTES });
    assert!(report.add(&store.snapshot(SECOND), 0).is_break());
    // What a request adds comes on top.
    let bytes = report.bytes();
    assert!((BYTES..BYTES * 2).contains(&bytes), "{bytes}");
    let counted: usize = report.rows.iter().map(|(_, tally)| tally.bytes()).sum();
    assert!((counted..counted + 10_000).contains(&bytes), "{bytes} for {counted}");
}

#[test]
fn after_a_flood_there_are_rows_for_all_again() {
    // Of the flood alone more than a quarter.
    let mut report = Report::with(query(), Most { rows: 50, bytes: 100_000 });
    let mut store = store();
    for second in 1..40 {
        push(&mut store, second, 0..5, 0);
        if second == 5 {
            push(&mut store, second, 100..200, 0);
        }
        if second > 5 {
            push(&mut store, second, [50], 0);
        }
        report.update(&store.snapshot(SECOND * second));
        assert_eq!(has_other(&report), (5..=15).contains(&second), "at {second} s");
    }
    check(&report, &store.snapshot(SECOND * 39));
}

#[test]
fn what_found_no_memory_is_not_tried_again_at_each_update() {
    let mut report = Report::with(query(), Most { rows: 1000, bytes: 600_000 });
    let mut store = store();
    // Small ones, which come first, and large ones: with half of the rows there is memory for twice as many.
    push(&mut store, 1, 0..100, 0);
    for length in 0..LENGTHS {
        push(&mut store, 2, 100..200, length);
    }
    report.update(&store.snapshot(SECOND * 2));
    assert!(has_other(&report) && report.rows.have_room_for_others());
    let (most, full_until) = (report.rows.most(), report.full_until);
    for second in 3..12 {
        push(&mut store, second, [0], 0);
        report.update(&store.snapshot(SECOND * second));
        assert_eq!((report.rows.most(), report.full_until), (most, full_until), "at {second} s");
    }
    for second in 12..25 {
        push(&mut store, second, 0..200, 0);
        report.update(&store.snapshot(SECOND * second));
    }
    assert!(report.rows().count() == 200 && !has_other(&report));
    check(&report, &store.snapshot(SECOND * 24));

    // Another store numbers its requests from 0 again.
    report.rebuild(&store.snapshot(SECOND * 24), 10);
    assert!(has_other(&report));
    let mut other = self::store();
    push(&mut other, 1, 0..200, 0);
    (1..6).for_each(|second| report.update(&other.snapshot(SECOND * second)));
    assert!(report.rows().count() == 200 && !has_other(&report));
}

#[test]
fn there_is_always_a_row() {
    let mut report = Report::with(query(), Most { rows: 4, bytes: 9_000 });
    let mut store = store();
    for second in 1..60 {
        match second {
            // More than there is memory for in a single row.
            1 | 5..30 => (0..LENGTHS).for_each(|length| push(&mut store, second, [4], length)),
            2..5 => (0..8).for_each(|length| push(&mut store, second, 0..4, length)),
            _ => push(&mut store, second, [5, 6], 0),
        }
        report.update(&store.snapshot(SECOND * second));
        assert!(report.rows.most() > 0, "at {second} s");
    }
    assert_eq!((report.rows().count(), has_other(&report)), (2, false));
    check(&report, &store.snapshot(SECOND * 59));
}
