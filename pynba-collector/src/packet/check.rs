//! What must hold of a request whose bytes are well-formed: what `Request::validate` of pynba-runtime checks, in its
//! order, and that the required fields are there.

use super::Invalid;
use super::message::Fields;
use super::store::Arrays;

/// The first thing that is wrong.
pub(super) fn check(fields: &Fields, arrays: &Arrays<'_>) -> Result<(), Invalid> {
    let times = [fields.request_time, fields.ru_utime, fields.ru_stime];
    let of_timers = [arrays.values, arrays.ru_utimes, arrays.ru_stimes];
    let ids =
        [arrays.timer_tag_names, arrays.timer_tag_values, arrays.tag_names, arrays.tag_values];
    let rules = [
        (fields.are_complete(), Invalid::MissingField),
        (fields.status != u32::MAX, Invalid::Status),
        (are_times(&times) && of_timers.into_iter().all(are_times), Invalid::NotATime),
        (!arrays.hit_counts.contains(&0), Invalid::HitCount),
        (fit(arrays), Invalid::Lengths),
        (arrays.hit_counts.is_empty() || !arrays.words.is_empty(), Invalid::NoDictionary),
        (ids.into_iter().all(|ids| are_words(ids, arrays.words.len())), Invalid::Id),
    ];
    rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
}

/// Whether all are 0 or normal, finite and positive. Without a branch for each, so that several are looked at in one
/// go.
fn are_times(times: &[f32]) -> bool {
    const LEAST: u32 = f32::MIN_POSITIVE.to_bits();
    const BELOW: u32 = f32::INFINITY.to_bits();
    let wrong = times.iter().fold(0, |wrong, time| {
        let bits = time.to_bits();
        let abnormal = bits.wrapping_sub(LEAST) >= BELOW - LEAST;
        wrong | if abnormal { bits } else { 0 }
    });
    wrong == 0
}

/// Whether there is one entry per timer, or per tag of all timers, and a value for each tag of the request.
fn fit(arrays: &Arrays<'_>) -> bool {
    let timers = arrays.hit_counts.len();
    let optional = |times: &[f32]| times.is_empty() || times.len() == timers;
    let tags: u64 = arrays.tag_counts.iter().copied().map(u64::from).sum();
    arrays.values.len() == timers
        && arrays.tag_counts.len() == timers
        && optional(arrays.ru_utimes)
        && optional(arrays.ru_stimes)
        && arrays.timer_tag_names.len() as u64 == tags
        && arrays.timer_tag_values.len() as u64 == tags
        && arrays.tag_names.len() == arrays.tag_values.len()
}

/// The same of ids: whether all are below the number of words.
fn are_words(ids: &[u32], words: usize) -> bool {
    // There are fewer words than 2^31. So the top bit is set in ids above that, and in the difference for those below.
    let last = u32::try_from(words).unwrap_or(u32::MAX).wrapping_sub(1);
    let wrong = ids.iter().fold(0, |wrong, &id| wrong | id | last.wrapping_sub(id));
    wrong >> 31 == 0
}
