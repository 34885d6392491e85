//! Where the arrays of all requests of a datagram lie, one request after the other.

use super::list::List;

/// Part of a datagram: 16 bits are enough for each of its ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    start: u16,
    end: u16,
}

impl Span {
    /// `end` must not be above [`LONGEST`](super::decoder::LONGEST).
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "a datagram has at most 65,535 bytes")]
    pub(super) fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end && u16::try_from(end).is_ok(), "{start}..{end}");
        Self { start: start as u16, end: end as u16 }
    }

    #[inline]
    pub(super) fn end(self) -> usize {
        self.end.into()
    }

    /// The bytes there.
    #[inline]
    pub(super) fn of(self, datagram: &[u8]) -> &[u8] {
        &datagram[self.start.into()..self.end.into()]
    }
}

/// The arrays' names and the type of their entries, once for all that is done with each.
macro_rules! arrays {
    ($( $(#[$doc:meta])* $name:ident: $entry:ty, )*) => {
        /// The arrays, of which each request has a part.
        #[derive(Debug, Default)]
        pub(super) struct Store {
            $( pub(super) $name: List<$entry>, )*
        }

        /// How long each array was when a request began.
        #[derive(Clone, Copy, Debug, Default)]
        pub(super) struct Lengths {
            $( $name: usize, )*
        }

        /// The arrays of one request.
        #[derive(Clone, Copy, Debug)]
        pub(super) struct Arrays<'a> {
            $( $(#[$doc])* pub(super) $name: &'a [$entry], )*
        }

        impl Store {
            pub(super) fn clear(&mut self) {
                $( self.$name.clear(); )*
            }

            pub(super) fn lengths(&self) -> Lengths {
                Lengths { $( $name: self.$name.len(), )* }
            }

            pub(super) fn between(&self, from: &Lengths, to: &Lengths) -> Arrays<'_> {
                Arrays { $( $name: self.$name.between(from.$name, to.$name), )* }
            }
        }
    };
}

arrays! {
    /// How often each timer ran.
    hit_counts: u32,
    /// Time of each timer, seconds.
    values: f32,
    /// How many of the next two arrays' entries are each timer's.
    tag_counts: u32,
    /// Names of all timers' tags.
    timer_tag_names: u32,
    /// Values of all timers' tags.
    timer_tag_values: u32,
    /// Where the words lie in the datagram.
    words: Span,
    /// Names of the request's own tags.
    tag_names: u32,
    /// Values of the request's own tags.
    tag_values: u32,
    /// Processor time in user mode of each timer, seconds; or none.
    ru_utimes: f32,
    /// Processor time in the kernel of each timer, seconds; or none.
    ru_stimes: f32,
}
