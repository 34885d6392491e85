//! What a receiver must check before it uses a packet: everything that servers reject, misread or
//! crash on.

use std::error::Error;
use std::fmt;

use super::Request;

/// Why [`Request::validate`] rejects a packet.
///
/// ```
/// use pynba_runtime::proto::{Invalid, Request};
///
/// let request = Request { tag_name: vec![0], tag_value: vec![7], ..Request::default() };
/// let reason = request.validate().unwrap_err();
/// assert_eq!(reason, Invalid::Id { field: "tag_name", index: 0, id: 0, words: 0 });
/// assert_eq!(reason.to_string(), "tag_name[0] is id 0, the dictionary has 0 words");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Invalid {
    /// An array is not as long as those it belongs with.
    Length {
        /// The array's name in the schema.
        field: &'static str,
        /// How many entries it has.
        len: usize,
        /// How many it ought to have; the largest number there is if the sum of
        /// `timer_tag_count` overflows.
        expected: u64,
    },
    /// There are timers, but no words at all.
    NoDictionary {
        /// How many timers there are.
        timers: usize,
    },
    /// An id lies outside the dictionary.
    Id {
        /// The array's name in the schema.
        field: &'static str,
        /// Where in the array.
        index: usize,
        /// The id.
        id: u32,
        /// How many words the dictionary has.
        words: usize,
    },
    /// A timer never ran.
    HitCount {
        /// Which timer.
        index: usize,
    },
    /// The status is `u32::MAX`, which servers reject or misread.
    Status,
    /// A time is NaN, infinite, subnormal or negative; -0.0 counts as negative.
    Float {
        /// The field's name in the schema.
        field: &'static str,
        /// Which timer; `None` for the request's own times.
        index: Option<usize>,
        /// The number.
        value: f32,
    },
    /// A nested request is invalid; the reason is the [`source`](Error::source).
    Nested {
        /// Which one of `requests`.
        index: usize,
        /// Why.
        reason: Box<Invalid>,
    },
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { field, len, expected } => {
                write!(f, "{field} has {len} entries instead of {expected}")
            }
            Self::NoDictionary { timers } => write!(f, "{timers} timers without a dictionary"),
            Self::Id { field, index, id, words } => {
                write!(f, "{field}[{index}] is id {id}, the dictionary has {words} words")
            }
            Self::HitCount { index } => write!(f, "timer_hit_count[{index}] is 0"),
            Self::Status => write!(f, "status is {}", u32::MAX),
            Self::Float { field, index: None, value } => {
                write!(f, "{field} is {value:?}, no time")
            }
            Self::Float { field, index: Some(index), value } => {
                write!(f, "{field}[{index}] is {value:?}, no time")
            }
            Self::Nested { index, .. } => write!(f, "requests[{index}] is invalid"),
        }
    }
}

impl Error for Invalid {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Nested { reason, .. } => Some(reason),
            _ => None,
        }
    }
}

impl Request {
    /// Whether a Pinba server would take this packet as it is meant.
    ///
    /// It checks that
    /// - the timers' arrays fit each other, and each request tag has a value,
    /// - every id lies inside the dictionary, and there is one if there are timers,
    /// - every timer has run, and the status is not `u32::MAX`,
    /// - every time is a finite number, neither negative nor subnormal,
    ///
    /// and the same of nested requests. Empty names pass: servers only leave such a packet out of
    /// the reports keyed by that name.
    ///
    /// ```
    /// use pynba_runtime::proto::Request;
    ///
    /// let mut request = Request {
    ///     timer_hit_count: vec![1],
    ///     timer_value: vec![0.125],
    ///     timer_tag_count: vec![1],
    ///     timer_tag_name: vec![0],
    ///     timer_tag_value: vec![1],
    ///     dictionary: vec!["group".into(), "db".into()],
    ///     ..Request::default()
    /// };
    /// assert_eq!(request.validate(), Ok(()));
    ///
    /// request.timer_value[0] = -1.0;
    /// let reason = request.validate().unwrap_err();
    /// assert_eq!(reason.to_string(), "timer_value[0] is -1.0, no time");
    /// ```
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), Invalid> {
        self.check_numbers()?;
        self.check_lengths()?;
        self.check_ids()?;
        for (index, request) in self.requests.iter().enumerate() {
            let nested = |reason| Invalid::Nested { index, reason: Box::new(reason) };
            request.validate().map_err(nested)?;
        }
        Ok(())
    }

    fn check_numbers(&self) -> Result<(), Invalid> {
        if self.status == Some(u32::MAX) {
            return Err(Invalid::Status);
        }
        let own = [
            ("request_time", self.request_time),
            ("ru_utime", self.ru_utime),
            ("ru_stime", self.ru_stime),
        ];
        for (field, value) in own {
            check_time(field, None, value)?;
        }
        let timers = [
            ("timer_value", &self.timer_value),
            ("timer_ru_utime", &self.timer_ru_utime),
            ("timer_ru_stime", &self.timer_ru_stime),
        ];
        for (field, values) in timers {
            for (index, &value) in values.iter().enumerate() {
                check_time(field, Some(index), value)?;
            }
        }
        match self.timer_hit_count.iter().position(|&hits| hits == 0) {
            Some(index) => Err(Invalid::HitCount { index }),
            None => Ok(()),
        }
    }

    fn check_lengths(&self) -> Result<(), Invalid> {
        let timers = self.timer_hit_count.len();
        check_len("timer_value", self.timer_value.len(), timers as u64)?;
        check_len("timer_tag_count", self.timer_tag_count.len(), timers as u64)?;
        for (field, times) in
            [("timer_ru_utime", &self.timer_ru_utime), ("timer_ru_stime", &self.timer_ru_stime)]
        {
            if !times.is_empty() {
                check_len(field, times.len(), timers as u64)?;
            }
        }
        let counts = self.timer_tag_count.iter();
        let tags = counts.fold(0, |sum: u64, &count| sum.saturating_add(count.into()));
        check_len("timer_tag_name", self.timer_tag_name.len(), tags)?;
        check_len("timer_tag_value", self.timer_tag_value.len(), tags)?;
        check_len("tag_value", self.tag_value.len(), self.tag_name.len() as u64)
    }

    fn check_ids(&self) -> Result<(), Invalid> {
        let words = self.dictionary.len();
        let timers = self.timer_hit_count.len();
        if timers > 0 && words == 0 {
            return Err(Invalid::NoDictionary { timers });
        }
        for (field, ids) in [
            ("timer_tag_name", &self.timer_tag_name),
            ("timer_tag_value", &self.timer_tag_value),
            ("tag_name", &self.tag_name),
            ("tag_value", &self.tag_value),
        ] {
            if let Some(index) = ids.iter().position(|&id| u64::from(id) >= words as u64) {
                return Err(Invalid::Id { field, index, id: ids[index], words });
            }
        }
        Ok(())
    }
}

fn check_len(field: &'static str, len: usize, expected: u64) -> Result<(), Invalid> {
    if len as u64 == expected { Ok(()) } else { Err(Invalid::Length { field, len, expected }) }
}

fn check_time(field: &'static str, index: Option<usize>, value: f32) -> Result<(), Invalid> {
    // The sign is looked at first: it catches -0.0, which is otherwise equal to 0.0.
    if value.is_sign_positive() && (value == 0.0 || value.is_normal()) {
        Ok(())
    } else {
        Err(Invalid::Float { field, index, value })
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, Invalid, Request};

    fn valid() -> Request {
        Request {
            timer_hit_count: vec![1, 2],
            timer_value: vec![0.5, 0.0],
            timer_tag_count: vec![1, 2],
            timer_tag_name: vec![0, 0, 2],
            timer_tag_value: vec![1, 3, 1],
            dictionary: ["a", "b", "c", "d"].map(String::from).into(),
            tag_name: vec![2],
            tag_value: vec![3],
            timer_ru_utime: vec![0.1, 0.2],
            timer_ru_stime: vec![f32::MIN_POSITIVE, f32::MAX],
            ..Request::default()
        }
    }

    /// What a change to the valid packet is rejected with.
    #[track_caller]
    fn reason(change: impl FnOnce(&mut Request)) -> Invalid {
        let mut request = valid();
        assert_eq!(request.validate(), Ok(()));
        change(&mut request);
        request.validate().expect_err("this packet is broken")
    }

    #[test]
    fn rejects_arrays_of_different_lengths() {
        let length = |field, len, expected| Invalid::Length { field, len, expected };
        assert_eq!(reason(|r| r.timer_hit_count.push(1)), length("timer_value", 2, 3));
        assert_eq!(reason(|r| r.timer_value.push(1.0)), length("timer_value", 3, 2));
        assert_eq!(reason(|r| r.timer_tag_count.push(0)), length("timer_tag_count", 3, 2));
        assert_eq!(reason(|r| r.timer_tag_count[1] = 3), length("timer_tag_name", 3, 4));
        assert_eq!(reason(|r| r.timer_tag_name.push(0)), length("timer_tag_name", 4, 3));
        assert_eq!(reason(|r| r.timer_tag_value.truncate(2)), length("timer_tag_value", 2, 3));
        assert_eq!(reason(|r| r.tag_name.push(0)), length("tag_value", 1, 2));
        assert_eq!(reason(|r| r.tag_value.push(0)), length("tag_value", 2, 1));
        assert_eq!(reason(|r| r.timer_ru_utime.truncate(1)), length("timer_ru_utime", 1, 2));
        assert_eq!(reason(|r| r.timer_ru_stime.push(0.0)), length("timer_ru_stime", 3, 2));
    }

    #[test]
    fn timers_need_no_rusage() {
        for request in [
            Request { timer_ru_utime: vec![], ..valid() },
            Request { timer_ru_stime: vec![], ..valid() },
            Request { timer_ru_utime: vec![], timer_ru_stime: vec![], ..valid() },
        ] {
            assert_eq!(request.validate(), Ok(()));
        }
    }

    #[test]
    fn a_sum_of_counts_that_wraps_is_no_match() {
        // In 32 bits these two add up to the three tags that are there.
        let wrapped = reason(|r| r.timer_tag_count = vec![u32::MAX, 4]);
        let expected = u64::from(u32::MAX) + 4;
        assert_eq!(wrapped, Invalid::Length { field: "timer_tag_name", len: 3, expected });
    }

    #[test]
    fn rejects_ids_outside_the_dictionary() {
        let id = |field, index, id| Invalid::Id { field, index, id, words: 4 };
        assert_eq!(reason(|r| r.timer_tag_name[2] = 4), id("timer_tag_name", 2, 4));
        assert_eq!(reason(|r| r.timer_tag_value[1] = u32::MAX), id("timer_tag_value", 1, u32::MAX));
        assert_eq!(reason(|r| r.tag_name[0] = 4), id("tag_name", 0, 4));
        assert_eq!(reason(|r| r.tag_value[0] = 5), id("tag_value", 0, 5));
    }

    #[test]
    fn rejects_timers_without_a_dictionary() {
        let bare = Request {
            timer_hit_count: vec![1],
            timer_value: vec![0.5],
            timer_tag_count: vec![0],
            ..Request::default()
        };
        assert_eq!(bare.validate(), Err(Invalid::NoDictionary { timers: 1 }));
        assert_eq!(Request::default().validate(), Ok(()));
    }

    #[test]
    fn rejects_a_timer_that_never_ran() {
        assert_eq!(reason(|r| r.timer_hit_count[1] = 0), Invalid::HitCount { index: 1 });
    }

    #[test]
    fn rejects_the_status_that_means_any() {
        assert_eq!(reason(|r| r.status = Some(u32::MAX)), Invalid::Status);
        let close = Request { status: Some(u32::MAX - 1), ..valid() };
        assert_eq!(close.validate(), Ok(()));
    }

    #[test]
    fn rejects_what_is_no_time_everywhere() {
        type Slot = fn(&mut Request) -> &mut f32;
        let places: [(&str, Option<usize>, Slot); 6] = [
            ("request_time", None, |r| &mut r.request_time),
            ("ru_utime", None, |r| &mut r.ru_utime),
            ("ru_stime", None, |r| &mut r.ru_stime),
            ("timer_value", Some(1), |r| &mut r.timer_value[1]),
            ("timer_ru_utime", Some(0), |r| &mut r.timer_ru_utime[0]),
            ("timer_ru_stime", Some(1), |r| &mut r.timer_ru_stime[1]),
        ];
        let subnormal = f32::from_bits(1);
        let bad = [f32::NAN, -f32::NAN, f32::INFINITY, -f32::INFINITY, subnormal, -0.0, -1.0];
        for (place, at, slot) in places {
            for number in bad {
                let Invalid::Float { field, index, value } = reason(|r| *slot(r) = number) else {
                    panic!("{place} {number:?}");
                };
                assert_eq!((field, index, value.to_bits()), (place, at, number.to_bits()));
            }
        }
    }

    #[test]
    fn looks_into_nested_requests() {
        let inner = Request { status: Some(u32::MAX), ..valid() };
        let found = reason(|r| r.requests = vec![valid(), inner]);
        assert_eq!(found.to_string(), "requests[1] is invalid");
        assert_eq!(found.source().expect("a reason").to_string(), "status is 4294967295");
    }

    #[test]
    fn says_what_is_wrong() {
        let text = |change: fn(&mut Request)| reason(change).to_string();
        assert_eq!(text(|r| r.tag_name.push(0)), "tag_value has 1 entries instead of 2");
        assert_eq!(text(|r| r.timer_hit_count[0] = 0), "timer_hit_count[0] is 0");
        assert_eq!(text(|r| r.ru_utime = -0.0), "ru_utime is -0.0, no time");
        let nan = "timer_value[1] is NaN, no time";
        assert_eq!(text(|r| r.timer_value[1] = f32::NAN), nan);
        assert_eq!(
            text(|r| {
                r.dictionary.clear();
                r.tag_name.clear();
                r.tag_value.clear();
            }),
            "2 timers without a dictionary"
        );
    }
}
