//! Counts of times, for percentiles.
//!
//! A bucket is what all numbers have in common whose exponent and first six bits of the fraction are the same: the
//! upper bits of an `f32` as they are, so that finding the bucket is a shift. `benches/collector` compares it with
//! the crate `hdrhistogram`.

/// Bits of the fraction that tell buckets apart: 64 buckets from each power of two to the next.
const PRECISION: u32 = 6;

const DROPPED: u32 = f32::MANTISSA_DIGITS - 1 - PRECISION;

/// The percentiles of a histogram are wrong by this much at most, relative to the true one: half of the
/// widest bucket, 1 / 128. Times below a nanosecond count as nothing.
pub const RELATIVE_ERROR: f64 = 1.0 / 128.0;

/// Below this, 2^-30 s or 0.93 ns, everything is in the bucket 0.
const SMALLEST: f32 = 1.0 / LARGEST / 64.0;

/// From here, 2^24 s or 194 days, everything is in the last bucket: a hostile number may not take memory for all of the numbers
/// up to it.
const LARGEST: f32 = 16_777_216.0;

const BEFORE_FIRST: u32 = (SMALLEST.to_bits() >> DROPPED) - 1;

/// Memory is taken for so many buckets at once.
const PAGE: usize = 16;

/// How often times occurred.
///
/// Two of them can be merged, and what was added can be taken away again, without a rest.
///
/// ```
/// use pynba_collector::{Histogram, RELATIVE_ERROR};
///
/// let (mut web1, mut web2) = (Histogram::default(), Histogram::default());
/// (1_u8..=50).for_each(|milliseconds| web1.add(f32::from(milliseconds) / 1e3, 1));
/// (51_u8..=100).for_each(|milliseconds| web2.add(f32::from(milliseconds) / 1e3, 1));
/// web1.merge(&web2);
///
/// let error = f64::from(web1.quantile(0.95)) / 0.095 - 1.0;
/// assert!(error.abs() <= RELATIVE_ERROR);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// Times of nothing at all, which would lie far from the others.
    nothings: u64,
    /// The number of the page that `slots` begins with.
    first: usize,
    /// Of each page its place in `pages` and one; 0 for those that are empty, and take no memory.
    slots: Vec<u8>,
    pages: Vec<[u64; PAGE]>,
}

impl Histogram {
    /// A time, in seconds, that occurred so many times.
    #[inline]
    pub fn add(&mut self, seconds: f32, times: u64) {
        self.add_growing(seconds, times);
    }

    /// [`add`](Self::add)s, and answers whether that took more memory.
    #[inline]
    pub(crate) fn add_growing(&mut self, seconds: f32, times: u64) -> bool {
        let pages = self.pages.len();
        let count = self.count_of(bucket(seconds));
        *count = count.wrapping_add(times);
        self.pages.len() > pages
    }

    /// Takes away what was [`add`](Self::add)ed.
    #[inline]
    pub fn remove(&mut self, seconds: f32, times: u64) {
        let count = self.count_of(bucket(seconds));
        *count = count.wrapping_sub(times);
    }

    #[inline]
    fn count_of(&mut self, bucket: usize) -> &mut u64 {
        if bucket == 0 {
            return &mut self.nothings;
        }
        let number = bucket / PAGE;
        // Wraps below the first one, to more than there are.
        let slot = self.slots.get(number.wrapping_sub(self.first)).copied().unwrap_or(0);
        let place = if slot == 0 { self.open(number) } else { usize::from(slot) - 1 };
        &mut self.pages[place][bucket % PAGE]
    }

    /// A new page, and where it is.
    #[cold]
    fn open(&mut self, number: usize) -> usize {
        if self.slots.is_empty() {
            self.first = number;
        }
        let missing = self.first.saturating_sub(number);
        self.slots.splice(..0, std::iter::repeat_n(0, missing));
        self.first -= missing;
        let index = number - self.first;
        self.slots.resize(self.slots.len().max(index + 1), 0);
        self.pages.push([0; PAGE]);
        self.slots[index] = u8::try_from(self.pages.len()).expect("there are 217 pages at most");
        self.pages.len() - 1
    }

    /// Adds all that was added to the other one.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, times) in other.counts() {
            let count = self.count_of(bucket);
            *count = count.wrapping_add(times);
        }
    }

    /// The times that occurred, from the shortest on, in seconds, each with how often it did. Of the times that fall
    /// together it is one in their middle: [`add`](Self::add)ed to another histogram they are the same again.
    pub fn times(&self) -> impl Iterator<Item = (f32, u64)> {
        self.counts().map(|(bucket, times)| (middle(bucket), times))
    }

    /// Buckets with something in them.
    fn counts(&self) -> impl Iterator<Item = (usize, u64)> {
        let pages = (self.first..).zip(&self.slots).filter(|(_, slot)| **slot > 0);
        let of_page = |(number, slot): (usize, &u8)| {
            let counts = self.pages[usize::from(*slot) - 1];
            counts.into_iter().enumerate().map(move |(index, times)| (number * PAGE + index, times))
        };
        let nothings = std::iter::once((0, self.nothings));
        nothings.chain(pages.flat_map(of_page)).filter(|(_, times)| *times > 0)
    }

    /// How many times were added.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.counts().map(|(_, times)| times).sum()
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts().next().is_none()
    }

    /// The memory that it takes, bytes: some hundred for times that are near each other, and 35 KB at most.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.slots.capacity() + self.pages.capacity() * size_of::<[u64; PAGE]>()
    }

    /// The time, in seconds, that a share of all times does not exceed: the smallest one of which that is true
    /// ("nearest rank"), within [`RELATIVE_ERROR`]. 0 where nothing was added.
    #[must_use]
    pub fn quantile(&self, share: f64) -> f32 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank is off by one in 2^53"
        )]
        let rank = ((share.clamp(0.0, 1.0) * self.len() as f64).ceil() as u64).max(1);
        let mut seen = 0;
        let found = self.counts().find(|(_, times)| {
            seen += times;
            seen >= rank
        });
        found.map_or(0.0, |(bucket, _)| middle(bucket))
    }
}

#[inline]
fn bucket(seconds: f32) -> usize {
    // What is no number is in no packet; here it would count as nothing.
    if seconds >= SMALLEST {
        (seconds.min(LARGEST).to_bits() >> DROPPED) as usize - BEFORE_FIRST as usize
    } else {
        0
    }
}

fn middle(bucket: usize) -> f32 {
    let Ok(bucket @ 1..) = u32::try_from(bucket) else { return 0.0 };
    let bits = (bucket + BEFORE_FIRST) << DROPPED;
    f32::from_bits(bits + (1 << (DROPPED - 1)))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn nearest_rank(times: &[f32], share: f64) -> f32 {
        let mut sorted = times.to_vec();
        sorted.sort_by(f32::total_cmp);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss
        )]
        let rank = (share * times.len() as f64).ceil() as usize;
        sorted[rank.max(1) - 1]
    }

    fn is_near(found: f32, truth: f32) -> bool {
        let (found, truth) = (f64::from(found), f64::from(truth));
        (found - truth).abs() <= truth * RELATIVE_ERROR || truth < f64::from(SMALLEST)
    }

    proptest! {
        #[test]
        fn percentiles_are_those_of_the_sorted_times(
            times in vec(prop_oneof![0.0_f32..0.001, 0.0_f32..10.0, Just(0.0)], 1..200),
            share in 0.0_f64..=1.0,
        ) {
            let mut histogram = Histogram::default();
            for &time in &times {
                histogram.add(time, 1);
            }
            let (found, truth) = (histogram.quantile(share), nearest_rank(&times, share));
            prop_assert!(is_near(found, truth), "{found} instead of {truth}");
        }

        #[test]
        fn what_is_taken_away_was_never_there(
            stays in vec(0.0_f32..10.0, 1..50),
            goes in vec(0.0_f32..1000.0, 0..50),
        ) {
            let mut histogram = Histogram::default();
            for &time in &goes {
                histogram.add(time, 3);
            }
            for &time in &stays {
                histogram.add(time, 2);
            }
            for &time in &goes {
                histogram.remove(time, 3);
            }
            for share in [0.0, 0.5, 0.9, 1.0] {
                let (found, truth) = (histogram.quantile(share), nearest_rank(&stays, share));
                prop_assert!(is_near(found, truth), "{found} instead of {truth}");
            }
        }
    }

    proptest! {
        #[test]
        fn merged_is_as_if_in_one(parts in vec(vec(0.0_f32..10.0, 0..50), 2..4)) {
            let (mut merged, mut one) = (Histogram::default(), Histogram::default());
            for part in parts {
                let mut histogram = Histogram::default();
                for time in part {
                    histogram.add(time, 2);
                    one.add(time, 2);
                }
                merged.merge(&histogram);
            }
            let mut rebuilt = Histogram::default();
            merged.times().for_each(|(time, times)| rebuilt.add(time, times));
            prop_assert!(rebuilt.times().eq(merged.times()));
            prop_assert_eq!(merged.len(), one.len());
            prop_assert_eq!(merged.is_empty(), one.is_empty());
            for share in [0.0, 0.3, 0.9, 1.0] {
                prop_assert_eq!(merged.quantile(share).to_bits(), one.quantile(share).to_bits());
            }
        }
    }

    #[test]
    fn any_number_has_a_bucket() {
        let mut histogram = Histogram::default();
        assert!(histogram.quantile(0.5).abs() < f32::EPSILON);
        for seconds in [0.0, 1e-38, SMALLEST, 1.0, LARGEST, f32::MAX, f32::INFINITY, f32::NAN, -1.0]
        {
            histogram.add(seconds, 1);
        }
        for time in times_of_any_length() {
            histogram.add(time, 1);
        }
        assert!((30_000..36_000).contains(&histogram.bytes()), "{}", histogram.bytes());
        assert!(is_near(histogram.quantile(1.0), LARGEST));
    }

    fn times_of_any_length() -> impl Iterator<Item = f32> {
        (0..=f32::MAX.to_bits()).step_by(1 << DROPPED).map(f32::from_bits)
    }

    #[test]
    fn nothing_at_all_and_a_second_take_little_memory() {
        let mut histogram = Histogram::default();
        histogram.add(0.0, 1);
        histogram.add(1.0, 1);
        assert!(histogram.bytes() < 1000, "{}", histogram.bytes());
    }

    #[test]
    fn every_bucket_is_as_narrow_as_said() {
        let mut bits = SMALLEST.to_bits();
        while bits < LARGEST.to_bits() {
            for seconds in [f32::from_bits(bits), f32::from_bits(bits + (1 << DROPPED) - 1)] {
                assert!(is_near(middle(bucket(seconds)), seconds), "{seconds}");
            }
            bits += 1 << DROPPED;
        }
    }
}
