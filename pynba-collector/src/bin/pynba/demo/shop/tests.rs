use std::collections::BTreeMap;

use super::*;

const DAY: Duration = Duration::from_secs(240);
const HOUR: f64 = 10.0;

fn shop(seed: u64) -> Shop {
    Shop::new(Plan { seed, rate: 100.0, day: DAY })
}

/// One day, beginning at 10:00.
fn day() -> Vec<Visit> {
    shop(1).take_while(|visit| visit.at < DAY).collect()
}

fn count(visits: &[Visit], is_such: impl Fn(&Visit) -> bool) -> f64 {
    u32::try_from(visits.iter().filter(|visit| is_such(visit)).count()).unwrap().into()
}

/// Between two hours of the clock.
fn between(from: f64, to: f64) -> impl Fn(&Visit) -> bool {
    let second = |hour: f64| (hour - 10.0).rem_euclid(24.0) * HOUR;
    move |visit| (second(from)..second(to)).contains(&visit.at.as_secs_f64())
}

fn middle(visits: &[Visit], is_such: impl Fn(&Visit) -> bool) -> Duration {
    let mut times: Vec<_> =
        visits.iter().filter(|visit| is_such(visit)).map(|visit| visit.time).collect();
    times.sort_unstable();
    times[times.len() / 2]
}

#[test]
fn the_same_seed_gives_the_same_visits() {
    let first = |seed| shop(seed).take(1_000).collect::<Vec<_>>();
    assert_eq!(first(7), first(7));
    assert_ne!(first(7), first(8));
}

#[test]
fn visits_come_in_order_and_as_often_as_the_hour_wants() {
    let day = day();
    assert!(day.is_sorted_by_key(|visit| visit.at));
    // 100 a second: 2000 in two hours of ten seconds, and four times its square root either way.
    let noon = count(&day, between(11.0, 13.0));
    assert!((1_800.0..2_150.0).contains(&noon), "{noon}");
    assert!(count(&day, between(18.0, 20.0)) > 1.2 * noon);
    assert!(count(&day, between(2.0, 4.0)) < 0.35 * noon);
}

#[test]
fn one_host_is_slow() {
    let day = day();
    let host = |name: &'static str| {
        middle(&day, |visit| visit.hostname == name && visit.script_name == "/product")
    };
    assert!(host(SLOW_HOST) > host("web-1").mul_f64(1.5));
    assert!(host("web-2") < host("web-1").mul_f64(1.2));
}

#[test]
fn the_search_is_slow_while_a_release_is_out() {
    let day = day();
    let search = |when: &dyn Fn(&Visit) -> bool| {
        middle(&day, |visit| visit.script_name == SEARCH && when(visit))
    };
    let (before, meanwhile) = (search(&between(11.0, 14.0)), search(&between(14.0, 18.0)));
    assert!(meanwhile > 3 * before, "{before:?} {meanwhile:?}");
    let release = |visit: &Visit| visit.tags[0];
    let is_out = between(14.0, 18.0);
    assert!(day.iter().all(|visit| (release(visit) == ("release", "2.8.0")) == is_out(visit)));
    let home = |when: &dyn Fn(&Visit) -> bool| {
        middle(&day, |visit| visit.script_name == "/" && when(visit))
    };
    assert!(home(&between(14.0, 18.0)) < home(&between(11.0, 14.0)).mul_f64(1.2));
}

#[test]
fn some_fail() {
    let day = day();
    let mut statuses = BTreeMap::new();
    for visit in &day {
        *statuses.entry(visit.status).or_insert(0) += 1;
    }
    for status in [200, 302, 403, 404, 499, 500, 504] {
        assert!(statuses.contains_key(&status), "{status}: {statuses:?}");
    }
    assert!(count(&day, |visit| visit.status < 400) > 0.95 * count(&day, |_| true), "{statuses:?}");
    let outage = between(20.0, 21.0);
    assert!(day.iter().filter(|visit| visit.status == 504).all(outage));
}

#[test]
fn visits_are_possible() {
    for visit in day() {
        let parts: Duration = visit.parts.iter().map(|part| part.time).sum();
        assert!(parts <= visit.time, "{visit:?}");
        assert!(visit.user + visit.system <= visit.time, "{visit:?}");
        assert!(visit.parts.iter().all(|part| part.hits > 0), "{visit:?}");
        assert!(visit.time < Duration::from_secs(60), "{visit:?}");
        // More the servers cut.
        assert!(visit.server_name.len() <= 32 && visit.hostname.len() <= 32);
    }
}
