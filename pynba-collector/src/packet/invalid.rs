//! Why a datagram is turned away, as words and as numbers to count by.

use std::error::Error;
use std::fmt;

/// The reasons, each with its word and its sentence, in the order in which [`Invalid::ALL`] has them.
macro_rules! reasons {
    ($( $(#[$doc:meta])* $reason:ident $name:literal $sentence:literal; )*) => {
        /// Why a datagram is no packet of Pinba: what servers reject, misread or crash on.
        ///
        /// ```
        /// use pynba_collector::packet::{Decoder, Invalid};
        ///
        /// let reason = Decoder::new().decode(b"\x0a\x04web1").unwrap_err();
        /// assert_eq!(reason, Invalid::MissingField);
        /// assert_eq!(reason.to_string(), "a required field is missing");
        ///
        /// // Counted by reason:
        /// let mut counts = [0_u64; Invalid::ALL.len()];
        /// counts[reason.index()] += 1;
        /// let named = Invalid::ALL.map(|reason| (reason.name(), counts[reason.index()]));
        /// assert!(named.contains(&("missing_field", 1)));
        /// ```
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum Invalid {
            $( $(#[$doc])* $reason, )*
        }

        impl Invalid {
            /// Every reason; later versions add theirs at the end.
            pub const ALL: [Self; [$($name),*].len()] = [$( Self::$reason ),*];

            /// One word for tables and metrics, such as `missing_field`; it never changes.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$reason => $name, )* }
            }
        }

        impl fmt::Display for Invalid {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $( Self::$reason => $sentence, )* })
            }
        }
    };
}

reasons! {
    /// It has no bytes.
    Empty "empty" "the datagram is empty";
    /// It has more than the 65,535 bytes that UDP can carry.
    TooLong "too_long" "it is longer than any datagram";
    /// It is cut off, or a length in it reaches beyond its end.
    Truncated "truncated" "it ends within a field";
    /// It is not what protobuf writes: a number of more than 64 bits, a field 0, the end of a group that did not begin.
    Malformed "malformed" "it is no message of protobuf";
    /// A known field is of another type than in Pinba's schema.
    WrongType "wrong_type" "a field has the wrong type";
    /// Requests or groups lie within each other more than a hundred deep.
    TooDeep "too_deep" "its requests are nested too deep";
    /// One of the fields 1 to 9 is missing. Empty text and 0 are there.
    MissingField "missing_field" "a required field is missing";
    /// The status is 4294967295, with which servers mark that there is none.
    Status "status" "the status is 4294967295";
    /// A time of the request or of a timer is NaN, infinite, subnormal or negative; -0.0 counts as negative.
    NotATime "not_a_time" "a time is not a finite number of seconds";
    /// A timer ran 0 times, by which `pinba_engine` gives later timers the wrong tags.
    HitCount "hit_count" "a timer has a hit count of 0";
    /// The arrays of timers do not fit each other, or a tag has no value.
    Lengths "lengths" "arrays that belong together differ in length";
    /// There are timers, but no words at all.
    NoDictionary "no_dictionary" "there are timers without a dictionary";
    /// An id lies outside the dictionary.
    Id "id" "an id lies outside the dictionary";
}

impl Invalid {
    /// Its place in [`ALL`](Self::ALL).
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl Error for Invalid {}

#[cfg(test)]
mod tests {
    use super::Invalid;

    #[test]
    fn each_reason_has_its_place_and_its_own_words() {
        for (index, reason) in Invalid::ALL.into_iter().enumerate() {
            assert_eq!(reason.index(), index);
            let earlier = &Invalid::ALL[..index];
            assert!(earlier.iter().all(|other| other.name() != reason.name()), "{reason:?}");
            assert!(earlier.iter().all(|other| other.to_string() != reason.to_string()));
        }
    }
}
